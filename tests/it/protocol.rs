//! The wire: who gets in, and how a request is refused.

use claviger_it::on_both_engines;

on_both_engines! {
    async fn an_unknown_operation_is_named_in_the_refusal(app) {
        let root = app.root();
        assert_eq!(
            root.call("NoSuchOperation", &[]).await.refused("InvalidAction"),
            "Could not find operation NoSuchOperation for version 2010-05-08"
        );
        assert_eq!(
            root.sts("CreateUser", &[("UserName", "x")]).await.refused("InvalidAction"),
            "Could not find operation CreateUser for version 2011-06-15"
        );
    }

    async fn ac_11_an_unsigned_request_is_refused(app) {
        app.anonymous().call("ListUsers", &[]).await.refused("MissingAuthenticationToken");
        app.anonymous().sts("GetCallerIdentity", &[]).await.refused("MissingAuthenticationToken");
    }

    async fn ac_01_an_unknown_key_and_a_wrong_secret_are_refused(app) {
        for (id, secret) in [
            ("AKIAIOSFODNN7EXAMPLE", ""),
            ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
            ("", "x"),
        ] {
            let reply = app.actor(id, secret, None).call("ListUsers", &[]).await;
            reply.refused("InvalidClientTokenId");
        }
        let root = app.root();
        let other = app.another_account("210987654321").await;
        for secret in ["", root.access_key_id(), "wrong"] {
            app.actor(root.access_key_id(), secret, None)
                .call("ListUsers", &[])
                .await
                .refused("SignatureDoesNotMatch");
        }
        other.call("ListUsers", &[]).await.ok();
    }

    async fn all_violations_of_a_request_are_counted_in_one_answer(app) {
        assert_eq!(
            app.root().call("CreateUser", &[("UserName", &"a".repeat(65)), ("Path", "")]).await.refused("ValidationError"),
            "2 validation errors detected: Value at 'path' failed to satisfy constraint: Member must have length greater than or equal to 1; Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64"
        );
        assert_eq!(
            app.root().call("CreateUser", &[]).await.refused("ValidationError"),
            "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null"
        );
    }

    async fn a_large_body_is_read_only_with_a_signature(app) {
        let document = "x".repeat(100_000);
        let reply = app.anonymous().call("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &document)]).await;
        assert_eq!((reply.status, reply.body.as_str()), (413, ""));
        app.root().call("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &document)]).await.refused("MalformedPolicyDocument");
    }

    async fn ac_13_every_refusal_for_lack_of_right_is_recorded(app) {
        let nobody = app.user("nobody").await;
        nobody.call("ListUsers", &[]).await.refused("AccessDenied");
        let large = "a".repeat(1_900);
        let parameters: Vec<(String, &str)> = (1..=100).map(|n| (format!("PolicyInputList.member.{n}"), large.as_str())).collect();
        let mut borrowed: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        borrowed.push(("ActionNames.member.1", "s3:GetObject"));
        nobody.call("SimulateCustomPolicy", &borrowed).await.refused("AccessDenied");
        app.iam().flush().await;
        let events = app.root().lookup_events(&serde_json::json!({"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": "nobody"}]})).await;
        let texts: Vec<&str> = events["Events"].as_array().expect("a list").iter().map(|event| event["CloudTrailEvent"].as_str().expect("text")).collect();
        assert!(texts.iter().any(|text| text.contains("ListUsers") && text.contains("AccessDenied")), "{texts:?}");
        let simulated = texts.iter().find(|text| text.contains("SimulateCustomPolicy")).expect("an event");
        assert!(simulated.len() < 4_096, "an event must not grow with the request: {} bytes", simulated.len());
    }
}
