//! Service-specific credentials.

use claviger_it::{Actor, Reply, on_both_engines};

const GIT: &str = "codecommit.amazonaws.com";
const CASSANDRA: &str = "cassandra.amazonaws.com";
const BEDROCK: &str = "bedrock.amazonaws.com";
const WRONG: &str = "The service-specific credential is not valid.";

async fn create(actor: &Actor, user: &str, service: &str) -> Reply {
    actor
        .call(
            "CreateServiceSpecificCredential",
            &[("UserName", user), ("ServiceName", service)],
        )
        .await
}

async fn verify(actor: &Actor, service: &str, name: &str, password: &str) -> Reply {
    actor
        .call(
            "VerifyServiceSpecificCredential",
            &[
                ("ServiceName", service),
                ("ServiceUserName", name),
                ("ServicePassword", password),
            ],
        )
        .await
}

on_both_engines! {
    async fn a_credential_works_from_its_making_to_its_end(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = create(&root, "ALICE", GIT).await.ok();
        assert_eq!(made.text("UserName"), "alice");
        assert_eq!(made.text("ServiceName"), GIT);
        assert_eq!(made.text("ServiceUserName"), "alice-at-123456789012");
        assert_eq!(made.text("Status"), "Active");
        assert_eq!(made.text("CreateDate"), "2026-01-02T03:04:05Z");
        assert_eq!(made.text("ServicePassword").len(), 44);
        for absent in ["ExpirationDate", "ServiceCredentialAlias", "ServiceCredentialSecret"] {
            assert_eq!(made.find(absent), None, "{absent}");
        }
        let id = made.text("ServiceSpecificCredentialId");
        assert!(id.starts_with("ACCA") && id.len() == 21, "{id}");
        let (name, password) = (made.text("ServiceUserName"), made.text("ServicePassword"));
        let told = verify(&root, GIT, &name, &password).await.ok();
        assert_eq!(told.text("UserName"), "alice");
        assert_eq!(told.text("Arn"), "arn:aws:iam::123456789012:user/alice");
        assert_eq!(told.text("ServiceSpecificCredentialId"), id);
        assert!(told.text("UserId").starts_with("AIDA"));

        let of = [("UserName", "alice"), ("ServiceSpecificCredentialId", id.as_str())];
        let status = |status| [of[0], of[1], ("Status", status)];
        root.call("UpdateServiceSpecificCredential", &status("Inactive")).await.ok();
        assert_eq!(verify(&root, GIT, &name, &password).await.refused("InvalidCredential"), WRONG);
        let listed = root.call("ListServiceSpecificCredentials", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.all("Status"), ["Inactive"]);
        assert_eq!(listed.all("ServiceUserName"), [name.as_str()]);
        assert_eq!(listed.find("ServicePassword"), None);
        root.call("UpdateServiceSpecificCredential", &status("Active")).await.ok();
        verify(&root, GIT, &name, &password).await.ok();

        let reset = root.call("ResetServiceSpecificCredential", &of).await.ok();
        assert_eq!(reset.text("ServiceUserName"), name);
        assert_eq!(reset.text("ServiceSpecificCredentialId"), id);
        let fresh = reset.text("ServicePassword");
        assert_ne!(fresh, password);
        verify(&root, GIT, &name, &password).await.refused("InvalidCredential");
        verify(&root, GIT, &name, &fresh).await.ok();

        root.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.ok();
        assert_eq!(verify(&root, GIT, &name, &fresh).await.ok().text("UserName"), "alicia");
        assert_eq!(
            root.call("DeleteUser", &[("UserName", "alicia")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must remove referenced objects first."
        );
        root.call("DeleteServiceSpecificCredential", &[("UserName", "alicia"), of[1]]).await.ok();
        verify(&root, GIT, &name, &fresh).await.refused("InvalidCredential");
        root.call("DeleteUser", &[("UserName", "alicia")]).await.ok();
    }

    async fn a_user_has_two_for_each_service_with_names_of_their_own(app) {
        let root = app.root();
        for name in ["jane", "jane+1"] {
            root.call("CreateUser", &[("UserName", name)]).await.ok();
        }
        let name = async |user: &str, service: &str| create(&root, user, service).await.ok().text("ServiceUserName");
        assert_eq!(name("jane", GIT).await, "jane-at-123456789012");
        assert_eq!(name("jane", GIT).await, "jane+1-at-123456789012");
        assert_eq!(
            create(&root, "jane", GIT).await.refused("LimitExceeded"),
            "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2"
        );
        assert_eq!(name("jane", CASSANDRA).await, "jane-at-123456789012", "names are of one service");
        // A name that somebody else has is passed over.
        assert_eq!(name("jane+1", GIT).await, "jane+1+1-at-123456789012");
        root.call("UpdateUser", &[("UserName", "jane"), ("NewUserName", "janet")]).await.ok();
        root.call("CreateUser", &[("UserName", "jane")]).await.ok();
        assert_eq!(name("jane", GIT).await, "jane+2-at-123456789012");
    }

    async fn a_key_carries_its_name_and_ends_with_its_time(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = root
            .call("CreateServiceSpecificCredential", &[("UserName", "alice"), ("ServiceName", BEDROCK), ("CredentialAgeDays", "30")])
            .await
            .ok();
        assert_eq!(made.text("ExpirationDate"), "2026-02-01T03:04:05Z");
        assert_eq!(made.text("ServiceCredentialAlias"), "alice-at-123456789012");
        assert_eq!((made.find("ServiceUserName"), made.find("ServicePassword")), (None, None));
        let key = made.text("ServiceCredentialSecret");
        assert!(key.starts_with("ABSK"), "{key}");
        let ask = [("ServiceName", BEDROCK), ("ServiceCredentialSecret", key.as_str())];
        assert_eq!(root.call("VerifyServiceSpecificCredential", &ask).await.ok().text("ExpirationDate"), "2026-02-01T03:04:05Z");
        // For another service, and shown as a password, it is worth nothing.
        for service in [GIT, "logs.amazonaws.com"] {
            let elsewhere = [("ServiceName", service), ask[1]];
            root.call("VerifyServiceSpecificCredential", &elsewhere).await.refused("InvalidCredential");
        }
        app.clock().advance(30 * 86_400 - 1);
        root.call("VerifyServiceSpecificCredential", &ask).await.ok();
        app.clock().advance(1);
        root.call("VerifyServiceSpecificCredential", &ask).await.refused("InvalidCredential");
        let listed = root.call("ListServiceSpecificCredentials", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.all("Status"), ["Expired"]);
        assert_eq!(listed.all("ServiceCredentialAlias"), ["alice-at-123456789012"]);
        let on = [("UserName", "alice"), ("ServiceSpecificCredentialId", &made.text("ServiceSpecificCredentialId")), ("Status", "Active")];
        root.call("UpdateServiceSpecificCredential", &on).await.refused("ValidationError");
    }

    async fn credentials_are_listed_by_user_by_service_and_for_all_users(app) {
        let root = app.root();
        for (user, service) in [("Bob", GIT), ("alice", GIT), ("alice", CASSANDRA), ("carol", CASSANDRA)] {
            if create(&root, user, service).await.find("Code").as_deref() == Some("NoSuchEntity") {
                root.call("CreateUser", &[("UserName", user)]).await.ok();
                create(&root, user, service).await.ok();
            }
            app.clock().advance(1);
        }
        create(&root, "alice", GIT).await.ok();
        let list = async |parameters: &[(&str, &str)]| root.call("ListServiceSpecificCredentials", parameters).await.ok();
        let of_alice = list(&[("UserName", "alice")]).await;
        assert_eq!(of_alice.all("ServiceName"), [GIT, CASSANDRA, GIT], "oldest first");
        assert_eq!(of_alice.text("IsTruncated"), "false");
        assert_eq!(list(&[("UserName", "alice"), ("ServiceName", CASSANDRA)]).await.all("ServiceName"), [CASSANDRA]);
        assert!(list(&[("UserName", "carol"), ("ServiceName", GIT)]).await.all("ServiceName").is_empty());

        let all = list(&[("AllUsers", "true"), ("ServiceName", GIT)]).await;
        assert_eq!(all.all("UserName"), ["alice", "alice", "Bob"]);
        let (mut pages, mut marker) = (Vec::new(), None::<String>);
        loop {
            let mut parameters = vec![("AllUsers", "true"), ("ServiceName", GIT), ("MaxItems", "1")];
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let page = list(&parameters).await;
            pages.extend(page.all("ServiceSpecificCredentialId"));
            marker = page.find("Marker");
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(pages, all.all("ServiceSpecificCredentialId"));
        let other = app.another_account("210987654321").await;
        let foreign = other.call("ListServiceSpecificCredentials", &[("AllUsers", "true"), ("ServiceName", GIT)]).await.ok();
        assert!(foreign.all("UserName").is_empty());
    }

    async fn without_a_name_the_caller_is_meant_and_a_policy_may_name_the_service(app) {
        let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*ServiceSpecificCredential*","Resource":"arn:aws:iam::*:user/${aws:username}",
            "Condition":{"StringEqualsIfExists":{"iam:ServiceSpecificCredentialServiceName":"codecommit.amazonaws.com"},"NumericLessThanEqualsIfExists":{"iam:ServiceSpecificCredentialAgeDays":"90"}}}]}"#;
        let alice = app.user_with("alice", own).await;
        app.root().call("CreateUser", &[("UserName", "bob")]).await.ok();
        let id = create(&alice, "alice", GIT).await.ok().text("ServiceSpecificCredentialId");
        assert_eq!(alice.call("ListServiceSpecificCredentials", &[]).await.ok().all("UserName"), ["alice"]);
        create(&alice, "bob", GIT).await.refused("AccessDenied");
        create(&alice, "alice", CASSANDRA).await.refused("AccessDenied");
        let old = [("UserName", "alice"), ("ServiceName", GIT), ("CredentialAgeDays", "91")];
        alice.call("CreateServiceSpecificCredential", &old).await.refused("AccessDenied");
        alice.call("ListServiceSpecificCredentials", &[("AllUsers", "true"), ("ServiceName", GIT)]).await.refused("AccessDenied");
        alice.call("ResetServiceSpecificCredential", &[("ServiceSpecificCredentialId", &id)]).await.ok();
        let cassandra = create(&app.root(), "alice", CASSANDRA).await.ok().text("ServiceSpecificCredentialId");
        alice.call("DeleteServiceSpecificCredential", &[("ServiceSpecificCredentialId", &cassandra)]).await.refused("AccessDenied");
        alice.call("DeleteServiceSpecificCredential", &[("ServiceSpecificCredentialId", &id)]).await.ok();
        // A service may ask for its own credentials alone.
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:VerifyServiceSpecificCredential","Resource":"*",
            "Condition":{"StringEquals":{"iam:ServiceSpecificCredentialServiceName":"codecommit.amazonaws.com"}}}}"#;
        let git = app.user_with("git", policy).await;
        let made = create(&app.root(), "bob", GIT).await.ok();
        verify(&git, GIT, &made.text("ServiceUserName"), &made.text("ServicePassword")).await.ok();
        verify(&git, CASSANDRA, "bob-at-123456789012", "x").await.refused("AccessDenied");
    }

    async fn ac_44_the_limit_of_two_holds_under_a_crowd(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let crowd: Vec<_> = (0..200)
            .map(|_| {
                let root = root.clone();
                tokio::spawn(async move { create(&root, "alice", GIT).await })
            })
            .collect();
        let mut made = Vec::new();
        for one in crowd {
            let reply = one.await.expect("no panic");
            if reply.status == 200 {
                made.push(reply.text("ServiceUserName"));
            } else {
                reply.refused("LimitExceeded");
            }
        }
        made.sort();
        assert_eq!(made, ["alice+1-at-123456789012", "alice-at-123456789012"]);
        assert_eq!(root.call("ListServiceSpecificCredentials", &[("UserName", "alice")]).await.ok().all("ServiceUserName").len(), 2);
    }

    async fn a_crowd_of_guesses_is_told_ten_times_and_then_no_more(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = create(&root, "alice", GIT).await.ok();
        let (name, password) = (made.text("ServiceUserName"), made.text("ServicePassword"));
        for name in [name.as_str(), "nobody-at-123456789012"] {
            let crowd: Vec<_> = (0..200)
                .map(|n| {
                    let (root, name) = (root.clone(), name.to_owned());
                    tokio::spawn(async move { verify(&root, GIT, &name, &format!("guess {n}")).await })
                })
                .collect();
            let mut told = 0;
            for one in crowd {
                let reply = one.await.expect("no panic");
                if reply.find("Code").as_deref() == Some("InvalidCredential") {
                    told += 1;
                } else {
                    reply.refused("Throttling");
                }
            }
            assert_eq!(told, 10, "{name}");
        }
        // Guesses of a stranger do not shut the owner out: nobody guesses 256 bits.
        verify(&root, GIT, &name, &password).await.ok();
        app.clock().advance(301);
        verify(&root, GIT, &name, "one more guess").await.refused("InvalidCredential");
    }

    async fn what_is_right_is_right_for_a_crowd(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = create(&root, "alice", GIT).await.ok();
        let (name, password) = (made.text("ServiceUserName"), made.text("ServicePassword"));
        let crowd: Vec<_> = (0..200)
            .map(|_| {
                let (root, name, password) = (root.clone(), name.clone(), password.clone());
                tokio::spawn(async move { verify(&root, GIT, &name, &password).await })
            })
            .collect();
        for one in crowd {
            one.await.expect("no panic").ok();
        }
    }

    async fn ac_25_a_wrong_password_and_an_unknown_name_look_alike(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = create(&root, "alice", GIT).await.ok();
        let other = app.another_account("210987654321").await;
        let password = made.text("ServicePassword");
        let strip = |reply: Reply| (reply.status, reply.body.split("<RequestId>").next().map(str::to_owned));
        let wrong = strip(verify(&root, GIT, "alice-at-123456789012", "wrong").await);
        assert_eq!(wrong.0, 403);
        for (actor, service, name, password) in [
            (&root, GIT, "nobody-at-123456789012", "wrong"),
            (&root, GIT, "", ""),
            // Right, but for another service, in another case, in another account.
            (&root, CASSANDRA, "alice-at-123456789012", password.as_str()),
            (&root, GIT, "Alice-at-123456789012", password.as_str()),
            (&other, GIT, "alice-at-123456789012", password.as_str()),
        ] {
            assert_eq!(strip(verify(actor, service, name, password).await), wrong, "{name}");
        }
    }

    async fn ac_45_no_secret_shows_in_an_event_and_every_verdict_leaves_one(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = create(&root, "alice", GIT).await.ok();
        let key = create(&root, "alice", BEDROCK).await.ok().text("ServiceCredentialSecret");
        let (name, password) = (made.text("ServiceUserName"), made.text("ServicePassword"));
        verify(&root, GIT, &name, &password).await.ok();
        verify(&root, GIT, &name, "a-wrong-password").await.refused("InvalidCredential");
        root.call("VerifyServiceSpecificCredential", &[("ServiceName", BEDROCK), ("ServiceCredentialSecret", &key)]).await.ok();
        app.iam().flush().await;
        let filter = serde_json::json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "VerifyServiceSpecificCredential"}]});
        let verdicts = root.lookup_events(&filter).await;
        assert_eq!(verdicts["Events"].as_array().map(Vec::len), Some(3), "{verdicts}");
        assert!(verdicts.to_string().contains("InvalidCredential"), "{verdicts}");
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("CreateServiceSpecificCredential"));
        for secret in [password.as_str(), key.as_str(), "a-wrong-password"] {
            assert!(!events.contains(secret));
        }
    }
}
