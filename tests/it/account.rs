//! The account: alias and summary.

use std::collections::BTreeMap;

use claviger_it::on_both_engines;

on_both_engines! {
    async fn an_alias_is_given_replaced_and_taken_away(app) {
        let root = app.root();
        let none = root.call("ListAccountAliases", &[]).await.ok();
        assert!(none.all("member").is_empty());
        assert!(none.body.contains("<AccountAliases/>") || none.body.contains("<AccountAliases></AccountAliases>"), "{}", none.body);
        root.call("CreateAccountAlias", &[("AccountAlias", "acme")]).await.ok();
        assert_eq!(root.call("ListAccountAliases", &[]).await.ok().all("member"), ["acme"]);
        root.call("CreateAccountAlias", &[("AccountAlias", "acme-corp")]).await.ok();
        assert_eq!(root.call("ListAccountAliases", &[]).await.ok().all("member"), ["acme-corp"]);
        root.call("DeleteAccountAlias", &[("AccountAlias", "acme")]).await.refused("NoSuchEntity");
        root.call("DeleteAccountAlias", &[("AccountAlias", "acme-corp")]).await.ok();
        root.call("DeleteAccountAlias", &[("AccountAlias", "acme-corp")]).await.refused("NoSuchEntity");
    }

    async fn an_alias_belongs_to_one_account_of_the_server(app) {
        let root = app.root();
        let other = app.another_account("210987654321").await;
        root.call("CreateAccountAlias", &[("AccountAlias", "acme")]).await.ok();
        for actor in [&root, &other] {
            assert_eq!(
                actor.call("CreateAccountAlias", &[("AccountAlias", "acme")]).await.refused("EntityAlreadyExists"),
                "The account alias acme already exists."
            );
        }
        other.call("DeleteAccountAlias", &[("AccountAlias", "acme")]).await.refused("NoSuchEntity");
        root.call("CreateAccountAlias", &[("AccountAlias", "acme-two")]).await.ok();
        other.call("CreateAccountAlias", &[("AccountAlias", "acme")]).await.ok();
    }

    async fn what_is_no_alias_is_refused(app) {
        for bad in ["ab", "-abc", "a--b", "Abc", "210987654321"] {
            app.root().call("CreateAccountAlias", &[("AccountAlias", bad)]).await.refused("ValidationError");
        }
    }

    async fn the_summary_counts_what_there_is(app) {
        let root = app.root();
        let summary = || {
            let root = root.clone();
            async move {
                let reply = root.call("GetAccountSummary", &[]).await.ok();
                reply.all("key").into_iter().zip(reply.all("value")).collect::<BTreeMap<String, String>>()
            }
        };
        let empty = summary().await;
        assert_eq!(empty.len(), 34);
        for (key, value) in [
            ("Users", "0"),
            ("UsersQuota", "5000"),
            ("AccountAccessKeysPresent", "1"),
            ("AccountPasswordPresent", "1"),
            ("AccountMFAEnabled", "0"),
            ("MFADevicesInUse", "0"),
            ("PolicyVersionsInUseQuota", "10000"),
            ("GlobalEndpointTokenVersion", "1"),
        ] {
            assert_eq!(empty.get(key).map(String::as_str), Some(value), "{key}");
        }
        for name in ["alice", "bob"] {
            root.call("CreateUser", &[("UserName", name)]).await.ok();
        }
        root.call("CreateGroup", &[("GroupName", "g")]).await.ok();
        root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "d")]).await.ok();
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        let policy = root.call("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", document)]).await.ok().text("Arn");
        root.call("CreatePolicyVersion", &[("PolicyArn", &policy), ("PolicyDocument", document)]).await.ok();
        let full = summary().await;
        for (key, value) in [("Users", "2"), ("Groups", "1"), ("MFADevices", "1"), ("Policies", "1"), ("PolicyVersionsInUse", "2"), ("Roles", "0")] {
            assert_eq!(full.get(key).map(String::as_str), Some(value), "{key}");
        }
        root.call("DeleteUser", &[("UserName", "bob")]).await.ok();
        assert_eq!(summary().await.get("Users").map(String::as_str), Some("1"));
    }
}
