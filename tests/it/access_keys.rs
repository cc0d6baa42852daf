//! Access keys.

use claviger_it::on_both_engines;

const OWN_KEYS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*AccessKey*"],"Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;
const GONE: &str = "The security token included in the request is invalid.";

on_both_engines! {
    async fn a_key_works_from_its_making_to_its_end(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = root.call("CreateAccessKey", &[("UserName", "ALICE")]).await.ok();
        assert_eq!(made.text("UserName"), "alice");
        assert_eq!(made.text("Status"), "Active");
        assert_eq!(made.text("SecretAccessKey").len(), 40);
        let id = made.text("AccessKeyId");
        assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
        let alice = app.actor(&id, &made.text("SecretAccessKey"), None);
        alice.sts("GetCallerIdentity", &[]).await.ok();

        root.call("UpdateAccessKey", &[("UserName", "alice"), ("AccessKeyId", &id), ("Status", "Inactive")]).await.ok();
        assert_eq!(alice.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId"), GONE);
        let listed = root.call("ListAccessKeys", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.all("Status"), ["Inactive"]);
        assert_eq!(listed.all("SecretAccessKey"), Vec::<String>::new());
        root.call("UpdateAccessKey", &[("UserName", "alice"), ("AccessKeyId", &id), ("Status", "Active")]).await.ok();
        alice.sts("GetCallerIdentity", &[]).await.ok();
        root.call("UpdateAccessKey", &[("UserName", "alice"), ("AccessKeyId", &id), ("Status", "Expired")]).await.refused("InvalidInput");
        assert_eq!(
            root.call("UpdateAccessKey", &[("UserName", "alice"), ("AccessKeyId", &id), ("Status", "Off")]).await.refused("ValidationError"),
            "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
        );
        root.call("DeleteAccessKey", &[("UserName", "alice"), ("AccessKeyId", &id)]).await.ok();
        alice.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        let missing = "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.";
        let unknown = [("UserName", "alice"), ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"), ("Status", "Active")];
        assert_eq!(root.call("UpdateAccessKey", &unknown).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("DeleteAccessKey", &unknown[..2]).await.refused("NoSuchEntity"), missing);
    }

    async fn a_third_key_is_refused_also_when_one_is_inactive(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let first = root.call("CreateAccessKey", &[("UserName", "alice")]).await.ok().text("AccessKeyId");
        root.call("CreateAccessKey", &[("UserName", "alice")]).await.ok();
        root.call("UpdateAccessKey", &[("UserName", "alice"), ("AccessKeyId", &first), ("Status", "Inactive")]).await.ok();
        assert_eq!(
            root.call("CreateAccessKey", &[("UserName", "alice")]).await.refused("LimitExceeded"),
            "Cannot exceed quota for AccessKeysPerUser: 2"
        );
        assert_eq!(
            root.call("DeleteUser", &[("UserName", "alice")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must delete access keys first."
        );
    }

    async fn ac_44_the_limit_of_two_holds_under_a_crowd(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let crowd: Vec<_> = (0..200)
            .map(|_| {
                let root = root.clone();
                tokio::spawn(async move { root.call("CreateAccessKey", &[("UserName", "alice")]).await })
            })
            .collect();
        let mut made = 0;
        for one in crowd {
            let reply = one.await.expect("no panic");
            if reply.status == 200 {
                made += 1;
            } else {
                reply.refused("LimitExceeded");
            }
        }
        assert_eq!(made, 2);
        assert_eq!(root.call("ListAccessKeys", &[("UserName", "alice")]).await.ok().all("AccessKeyId").len(), 2);
    }

    async fn without_a_name_the_caller_is_meant(app) {
        let alice = app.user_with("alice", OWN_KEYS).await;
        assert_eq!(alice.call("ListAccessKeys", &[]).await.ok().all("UserName"), ["alice"]);
        let second = alice.call("CreateAccessKey", &[]).await.ok().text("AccessKeyId");
        app.root().call("CreateUser", &[("UserName", "bob")]).await.ok();
        alice.call("CreateAccessKey", &[("UserName", "bob")]).await.refused("AccessDenied");
        let page = alice.call("ListAccessKeys", &[("MaxItems", "1")]).await.ok();
        assert_eq!(page.text("IsTruncated"), "true");
        let rest = alice.call("ListAccessKeys", &[("Marker", &page.text("Marker"))]).await.ok();
        let mut all = page.all("AccessKeyId");
        all.extend(rest.all("AccessKeyId"));
        all.sort();
        let mut both = vec![second.clone(), alice.access_key_id().to_owned()];
        both.sort();
        assert_eq!(all, both);
        alice.call("DeleteAccessKey", &[("AccessKeyId", &second)]).await.ok();
    }

    async fn root_has_keys_of_its_own(app) {
        let root = app.root();
        let made = root.call("CreateAccessKey", &[]).await.ok();
        assert_eq!(made.find("UserName"), None);
        let again = app.actor(&made.text("AccessKeyId"), &made.text("SecretAccessKey"), None);
        assert_eq!(again.sts("GetCallerIdentity", &[]).await.ok().text("Arn"), "arn:aws:iam::123456789012:root");
        assert_eq!(root.call("ListAccessKeys", &[]).await.ok().all("AccessKeyId").len(), 2);
        root.call("CreateAccessKey", &[]).await.refused("LimitExceeded");
        root.call("DeleteAccessKey", &[("AccessKeyId", &made.text("AccessKeyId"))]).await.ok();
        again.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
    }

    async fn the_last_use_is_told_exactly(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        let ask = [("AccessKeyId", alice.access_key_id())];
        let never = root.call("GetAccessKeyLastUsed", &ask).await.ok();
        assert_eq!(never.text("UserName"), "alice");
        assert_eq!((never.text("ServiceName"), never.text("Region")), ("N/A".to_owned(), "N/A".to_owned()));
        assert_eq!(never.find("LastUsedDate"), None);
        app.clock().advance(10);
        // A request that is denied is a use too.
        alice.call("ListUsers", &[]).await.refused("AccessDenied");
        let once = root.call("GetAccessKeyLastUsed", &ask).await.ok();
        assert_eq!((once.text("ServiceName"), once.text("Region")), ("iam".to_owned(), "us-east-1".to_owned()));
        assert_eq!(once.text("LastUsedDate"), "2026-01-02T03:04:15Z");
        app.clock().advance(10);
        alice.sts("GetCallerIdentity", &[]).await.ok();
        let twice = root.call("GetAccessKeyLastUsed", &ask).await.ok();
        assert_eq!(twice.text("ServiceName"), "sts");
        assert_eq!(twice.text("LastUsedDate"), "2026-01-02T03:04:25Z");
    }

    async fn ac_25_an_unknown_a_foreign_and_a_forbidden_key_look_alike(app) {
        let root = app.root();
        let alice = app.user_with("alice", OWN_KEYS).await;
        let bob = app.user("bob").await;
        let other = app.another_account("210987654321").await;
        alice.call("GetAccessKeyLastUsed", &[("AccessKeyId", alice.access_key_id())]).await.ok();
        for (actor, name) in [(&root, "root"), (&alice, "user/alice")] {
            let said = actor.call("GetAccessKeyLastUsed", &[("AccessKeyId", "AKIAIOSFODNN7EXAMPLE")]).await.refused("AccessDenied");
            assert_eq!(
                said,
                format!("User: arn:aws:iam::123456789012:{name} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key AKIAIOSFODNN7EXAMPLE")
            );
        }
        let unknown = alice.call("GetAccessKeyLastUsed", &[("AccessKeyId", "AKIAIOSFODNN7EXAMPLE")]).await.refused("AccessDenied");
        for id in [bob.access_key_id(), other.access_key_id()] {
            let said = alice.call("GetAccessKeyLastUsed", &[("AccessKeyId", id)]).await.refused("AccessDenied");
            assert_eq!(said, unknown.replace("AKIAIOSFODNN7EXAMPLE", id));
        }
        let said = root.call("GetAccessKeyLastUsed", &[("AccessKeyId", other.access_key_id())]).await.refused("AccessDenied");
        assert!(said.contains("access key"), "{said}");
    }

    async fn a_missing_user_is_said_to_be_missing(app) {
        let missing = "The user with name nonexistent-user cannot be found.";
        let user = ("UserName", "nonexistent-user");
        let root = app.root();
        assert_eq!(root.call("CreateAccessKey", &[user]).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("ListAccessKeys", &[user]).await.refused("NoSuchEntity"), missing);
        let key = ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(root.call("DeleteAccessKey", &[user, key]).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("UpdateAccessKey", &[user, key, ("Status", "Active")]).await.refused("NoSuchEntity"), missing);
    }

    async fn ac_45_the_secret_of_a_key_shows_in_no_event(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let secret = root.call("CreateAccessKey", &[("UserName", "alice")]).await.ok().text("SecretAccessKey");
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("CreateAccessKey"), "{events}");
        assert!(!events.contains(&secret));
    }
}
