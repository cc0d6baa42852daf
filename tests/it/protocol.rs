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
}
