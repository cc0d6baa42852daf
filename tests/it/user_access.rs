//! Which ways in are open to a user: closed ones stay closed to every credential, from the next request on.

use claviger_it::{Actor, Reply, TestApp, on_both_engines};

use crate::signin::{PASSWORD, at, by_name, opened, person, run};

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

async fn set(by: &Actor, name: &str, member: (&str, &str)) -> Reply {
    by.call("SetUserAccess", &[("UserName", name), member])
        .await
}

/// Whether a request that needs no permission is answered.
async fn is_let_in(actor: &Actor) -> bool {
    let reply = actor.sts("GetCallerIdentity", &[]).await;
    if reply.status != 200 {
        let said = reply.refused("InvalidClientTokenId");
        assert_eq!(
            said,
            "The security token included in the request is invalid."
        );
    }
    reply.status == 200
}

async fn signs_in(app: &TestApp, name: &str) -> bool {
    use claviger_iam::signin::Refusal;
    match by_name(app, name, PASSWORD).await {
        Ok(_) => true,
        Err(Refusal::Wrong) => false,
        Err(other) => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn a_disabled_user_gets_in_nowhere_and_no_session_comes_back(app) {
        let alice = person(&app, "alice", ALL).await;
        let root = app.root();
        let session = alice.with_credentials_of(&alice.sts("GetSessionToken", &[]).await.ok());
        let console = opened(by_name(&app, "alice", PASSWORD).await);
        assert!(is_let_in(&alice).await && is_let_in(&session).await);
        at(&app, &console.token).await.expect("a session");

        set(&root, "alice", ("Enabled", "false")).await.ok();
        assert!(!is_let_in(&alice).await && !is_let_in(&session).await);
        assert!(at(&app, &console.token).await.is_err());
        assert!(!signs_in(&app, "alice").await);
        let told = root.call("GetUserAccess", &[("UserName", "alice")]).await.ok();
        assert_eq!((told.text("Enabled"), told.text("AccessMode")), ("false".into(), "default".into()));
        let listed = root.call("ListUserDetails", &[("Enabled", "false")]).await.ok();
        assert_eq!(listed.all("UserName"), ["alice"]);

        set(&root, "alice", ("Enabled", "true")).await.ok();
        assert!(is_let_in(&alice).await, "a key is good again");
        assert!(!is_let_in(&session).await, "a session is not");
        assert!(at(&app, &console.token).await.is_err());
        assert!(signs_in(&app, "alice").await);
    }

    async fn a_mode_closes_the_other_way_alone(app) {
        let alice = person(&app, "alice", ALL).await;
        let root = app.root();
        let session = alice.with_credentials_of(&alice.sts("GetSessionToken", &[]).await.ok());
        let console = opened(by_name(&app, "alice", PASSWORD).await);
        set(&root, "alice", ("AccessMode", "console")).await.ok();
        assert!(!is_let_in(&alice).await && !is_let_in(&session).await);
        at(&app, &console.token).await.expect("the console is open");
        assert!(signs_in(&app, "alice").await);

        set(&root, "alice", ("AccessMode", "programmatic")).await.ok();
        assert!(is_let_in(&alice).await);
        assert!(at(&app, &console.token).await.is_err());
        assert!(!signs_in(&app, "alice").await);
        set(&root, "alice", ("AccessMode", "default")).await.ok();
        assert!(at(&app, &console.token).await.is_err(), "what has ended stays so");
        assert!(is_let_in(&alice).await && signs_in(&app, "alice").await);
        set(&root, "alice", ("AccessMode", "none")).await.refused("ValidationError");
    }

    async fn nobody_closes_the_own_ways_and_a_deny_of_the_update_holds_here_too(app) {
        let alice = person(&app, "alice", ALL).await;
        set(&alice, "alice", ("Enabled", "false")).await.refused("AccessDenied");
        set(&alice, "ALICE", ("AccessMode", "console")).await.refused("AccessDenied");
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:UpdateUser","Resource":"*"}]}"#;
        let bob = app.user_with("bob", deny).await;
        set(&bob, "alice", ("Enabled", "false")).await.refused("AccessDenied");
        bob.call("SetUserDescription", &[("UserName", "alice"), ("Description", "x")]).await.refused("AccessDenied");
        assert!(is_let_in(&alice).await);
        // Whoever is allowed the one alone is not allowed the other.
        let only = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:UpdateUser","Resource":"*"}}"#;
        let carol = app.user_with("carol", only).await;
        set(&carol, "alice", ("Enabled", "false")).await.refused("AccessDenied");
    }

    async fn what_services_and_hosts_ask_about_is_closed_too(app) {
        let login = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssh:Login","Resource":"*"}}"#;
        app.user_with("alice", login).await;
        let root = app.root();
        let git = [("UserName", "alice"), ("ServiceName", "codecommit.amazonaws.com")];
        let made = root.call("CreateServiceSpecificCredential", &git).await.ok();
        let (name, password) = (made.text("ServiceUserName"), made.text("ServicePassword"));
        let shown = [git[1], ("ServiceUserName", &name), ("ServicePassword", &password)];
        let host = [("HostName", "web-1"), ("UserName", "alice")];
        root.call("VerifyServiceSpecificCredential", &shown).await.ok();
        root.call("ListHostSSHPublicKeys", &host).await.ok();
        for member in [("Enabled", "false"), ("AccessMode", "console"), ("Enabled", "true")] {
            set(&root, "alice", member).await.ok();
            root.call("VerifyServiceSpecificCredential", &shown).await.refused("InvalidCredential");
            root.call("ListHostSSHPublicKeys", &host).await.refused("AccessDenied");
        }
        set(&root, "alice", ("AccessMode", "programmatic")).await.ok();
        root.call("VerifyServiceSpecificCredential", &shown).await.ok();
        root.call("ListHostSSHPublicKeys", &host).await.ok();
    }

    async fn a_console_session_is_over_for_whoever_is_closed_out_while_an_operation_runs(app) {
        use claviger_iam::operation::users::GetUser;
        person(&app, "alice", ALL).await;
        let console = opened(by_name(&app, "alice", PASSWORD).await);
        let before = at(&app, &console.token).await.expect("a session");
        set(&app.root(), "alice", ("AccessMode", "programmatic")).await.ok();
        let fault = run(&app, &before, GetUser { user_name: None }).await.err().expect("over");
        assert_eq!(fault.code(), claviger_model::Code::InvalidClientTokenId);
    }

    async fn a_description_is_set_and_taken_away(app) {
        app.user("alice").await;
        let root = app.root();
        let say = async |text: &str| root.call("SetUserDescription", &[("UserName", "alice"), ("Description", text)]).await;
        say("Night shift, 北京").await.ok();
        let told = || root.call("GetUserAccess", &[("UserName", "alice")]);
        assert_eq!(told().await.ok().text("Description"), "Night shift, 北京");
        say("a@b").await.refused("ValidationError");
        say(&"x".repeat(256)).await.refused("ValidationError");
        say("").await.ok();
        assert_eq!(told().await.ok().find("Description"), None);
    }
}
