//! Operations that are run as one: all of them or none, each authorized and told of by itself.

use claviger_iam::operation::groups::{AddUserToGroup, CreateGroup};
use claviger_iam::operation::login_profiles::{CreateLoginProfile, Password};
use claviger_iam::operation::users::{CreateUser, GetUser, UpdateUser};
use claviger_iam::{Answers, Fault, Together};
use claviger_it::{TestApp, on_both_engines};
use claviger_model::{Code, Scalar, Secret};

use crate::signin::{by_name, opened, person};
use crate::tokens::{request, token_of};

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

async fn run(app: &TestApp, by: &str, operations: Together<'_>) -> Result<Answers, Fault> {
    let token = token_of(app, by).await;
    let request = request(app);
    let admitted = app
        .iam()
        .authenticate_token(token.expose(), &request)
        .await?;
    app.iam()
        .call_together(&operations, admitted, &request)
        .await
}

fn create(name: &str) -> CreateUser {
    CreateUser {
        path: None,
        user_name: Scalar::parse(name).expect("a name"),
        permissions_boundary: None,
        tags: Vec::new(),
    }
}

fn password(name: &str, password: &str) -> CreateLoginProfile {
    CreateLoginProfile {
        user_name: Some(Scalar::parse(name).expect("a name")),
        password: Some(Secret::new(Password::parse(password).expect("a password"))),
        password_reset_required: None,
    }
}

on_both_engines! {
    async fn each_sees_what_those_before_it_have_done_and_is_told_of(app) {
        person(&app, "admin", ALL).await;
        let (user, login) = (create("alice"), password("alice", "Correct-Horse-7"));
        let group = CreateGroup { path: None, group_name: Scalar::parse("crew").expect("a name") };
        let join = AddUserToGroup {
            group_name: Scalar::parse("crew").expect("a name"),
            user_name: Scalar::parse("alice").expect("a name"),
        };
        let show = GetUser { user_name: Some(Scalar::parse("alice").expect("a name")) };
        let all = Together::default();
        let all = all.then(&user).and_then(|all| all.then(&login)).and_then(|all| all.then(&group));
        let all = all.and_then(|all| all.then(&join)).and_then(|all| all.then(&show)).expect("in bounds");
        let mut answers = run(&app, "admin", all).await.expect("done");
        let made = answers.of::<CreateUser>().expect("an answer").user;
        assert_eq!(answers.of::<GetUser>().expect("an answer").user.user_id, made.user_id);
        assert!(answers.of::<GetUser>().is_err(), "each answer is given once");
        opened(by_name(&app, "alice", "Correct-Horse-7").await);
        let members = app.root().call("GetGroup", &[("GroupName", "crew")]).await.ok();
        assert_eq!(members.all("UserName"), ["alice"]);
        let events = app.root().lookup_events(&serde_json::json!({})).await.to_string();
        for name in ["CreateUser", "CreateLoginProfile", "CreateGroup", "AddUserToGroup"] {
            assert!(events.contains(name), "{name}");
        }
    }

    async fn what_is_refused_last_undoes_the_first(app) {
        person(&app, "admin", ALL).await;
        let weak = (create("alice"), password("alice", "a"));
        let all = Together::default().then(&weak.0).and_then(|all| all.then(&weak.1)).expect("in bounds");
        let fault = run(&app, "admin", all).await.err().expect("refused");
        assert_eq!(fault.code(), Code::PasswordPolicyViolation);
        app.root().call("GetUser", &[("UserName", "alice")]).await.refused("NoSuchEntity");
    }

    async fn who_may_do_the_first_alone_does_neither(app) {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:CreateLoginProfile","Resource":"*"}]}"#;
        person(&app, "half", policy).await;
        let (user, login) = (create("alice"), password("alice", "Correct-Horse-7"));
        let all = Together::default().then(&user).and_then(|all| all.then(&login)).expect("in bounds");
        let fault = run(&app, "half", all).await.err().expect("refused");
        assert_eq!(fault.code(), Code::AccessDenied);
        app.root().call("GetUser", &[("UserName", "alice")]).await.refused("NoSuchEntity");
        // The refused one stands in the trail, and what was undone does not.
        let events = app.root().lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("CreateLoginProfile"), "{events}");
        let created = app.root().lookup_events(&serde_json::json!({
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
        })).await.to_string();
        assert!(!created.contains("alice"), "{created}");
    }

    async fn a_name_that_is_taken_refuses_all_of_it(app) {
        person(&app, "admin", ALL).await;
        app.user("alice").await;
        app.user("bob").await;
        let rename = UpdateUser {
            user_name: Scalar::parse("bob").expect("a name"),
            new_path: None,
            new_user_name: Some(Scalar::parse("ALICE").expect("a name")),
        };
        let login = password("bob", "Correct-Horse-7");
        let all = Together::default().then(&login).and_then(|all| all.then(&rename)).expect("in bounds");
        let fault = run(&app, "admin", all).await.err().expect("refused");
        assert_eq!(fault.code(), Code::EntityAlreadyExists);
        app.root().call("GetLoginProfile", &[("UserName", "bob")]).await.refused("NoSuchEntity");
    }
}
