//! Logins to hosts by SSH.

use claviger_it::{Actor, Reply, TestApp, on_both_engines};
use claviger_model::Code;
use serde_json::json;

const KEY: &str = include_str!("../credentials/rsa.pub");
const OTHER: &str = include_str!("../credentials/other.pub");
const HOST: &str = "arn:aws:ssh::123456789012:host/web-1";

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn login(effect: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"ssh:Login","Resource":"{resource}"}}"#)
}

/// A host that may ask about itself alone.
async fn host(app: &TestApp) -> Actor {
    let own =
        format!(r#"{{"Effect":"Allow","Action":"iam:ListHostSSHPublicKeys","Resource":"{HOST}"}}"#);
    app.user_with("host-web-1", &policy(&own)).await
}

/// A user with a key and this policy.
async fn person(app: &TestApp, name: &str, statements: &str) -> String {
    app.user_with(name, &policy(statements)).await;
    let parameters = [("UserName", name), ("SSHPublicKeyBody", KEY)];
    let made = app
        .root()
        .call("UploadSSHPublicKey", &parameters)
        .await
        .ok();
    made.text("SSHPublicKeyId")
}

async fn ask(host: &Actor, name: &str) -> Reply {
    let parameters = [("HostName", "web-1"), ("UserName", name)];
    host.call("ListHostSSHPublicKeys", &parameters).await
}

on_both_engines! {
    async fn the_active_keys_of_who_may_log_in_are_told_without_their_comments(app) {
        let host = host(&app).await;
        let first = person(&app, "alice", &login("Allow", HOST)).await;
        let second = app.root().call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", OTHER)]).await.ok().text("SSHPublicKeyId");
        let told = ask(&host, "alice").await.ok();
        assert_eq!(told.all("SSHPublicKeyId"), [first.as_str(), second.as_str()]);
        let line: Vec<&str> = KEY.split_whitespace().take(2).collect();
        assert_eq!(told.all("SSHPublicKeyBody")[0], line.join(" "));
        app.root().call("UpdateSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyId", &first), ("Status", "Inactive")]).await.ok();
        assert_eq!(ask(&host, "alice").await.ok().all("SSHPublicKeyId"), [second.as_str()]);
        app.root().call("DeleteSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyId", &second)]).await.ok();
        assert_eq!(ask(&host, "alice").await.ok().all("SSHPublicKeyId"), Vec::<String>::new());
    }

    async fn who_may_not_log_in_is_refused_and_that_is_on_record(app) {
        let host = host(&app).await;
        person(&app, "alice", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#).await;
        assert_eq!(
            ask(&host, "alice").await.refused("AccessDenied"),
            "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: ssh:Login on resource: arn:aws:ssh::123456789012:host/web-1 because no identity-based policy of the user allows the ssh:Login action"
        );
        person(&app, "bob", &[login("Allow", "*"), login("Deny", HOST)].join(",")).await;
        assert!(ask(&host, "bob").await.refused("AccessDenied").ends_with("with an explicit deny in the user's identity-based policy"));
        person(&app, "carol", &login("Allow", "arn:aws:ssh::123456789012:host/web-2")).await;
        ask(&host, "carol").await.refused("AccessDenied");
        app.iam().flush().await;
        let events = app.root().lookup_events(&json!({"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": "host-web-1"}]})).await;
        assert_eq!(events["Events"].as_array().map(Vec::len), Some(3));
    }

    async fn a_key_that_a_host_names_is_told_alone_and_marked_as_offered(app) {
        let host = host(&app).await;
        let first = person(&app, "alice", &login("Allow", HOST)).await;
        let root = app.root();
        let second = root.call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", OTHER)]).await.ok().text("SSHPublicKeyId");
        let details = async || root.call("ListSSHPublicKeyDetails", &[("UserName", "alice")]).await.ok();
        // Who is asked for all keys does not know which is used.
        ask(&host, "alice").await.ok();
        let told = details().await;
        assert_eq!(told.all("SSHPublicKeyId"), [first.as_str(), second.as_str()]);
        assert!(told.find("LastOfferedDate").is_none() && told.find("LastOfferedHost").is_none(), "{}", told.body);
        let fingerprints = told.all("Fingerprint");
        let offer = async |fingerprint: &str| host.call("ListHostSSHPublicKeys", &[("HostName", "WEB-1"), ("UserName", "alice"), ("SSHPublicKeyFingerprint", fingerprint)]).await;
        app.clock().advance(5);
        assert_eq!(offer(&fingerprints[1]).await.ok().all("SSHPublicKeyId"), [second.as_str()]);
        let told = details().await;
        assert_eq!((told.all("LastOfferedDate"), told.all("LastOfferedHost")), (vec![String::from("2026-01-02T03:04:10Z")], vec![String::from("web-1")]));
        // Neither what nobody has, nor a key that is off, nor a login that is refused leaves a mark.
        app.clock().advance(5);
        assert_eq!(offer(&["SHA256:", &"A".repeat(43)].concat()).await.ok().all("SSHPublicKeyId"), Vec::<String>::new());
        offer("MD5:00").await.refused("ValidationError");
        root.call("UpdateSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyId", &first), ("Status", "Inactive")]).await.ok();
        assert_eq!(offer(&fingerprints[0]).await.ok().all("SSHPublicKeyId"), Vec::<String>::new());
        root.call("DeleteUserPolicy", &[("UserName", "alice"), ("PolicyName", "p")]).await;
        let deny = policy(&login("Deny", "*"));
        root.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "deny"), ("PolicyDocument", &deny)]).await.ok();
        offer(&fingerprints[1]).await.refused("AccessDenied");
        assert_eq!(details().await.all("LastOfferedDate"), ["2026-01-02T03:04:10Z"]);
        // One's own keys are told to who may list them.
        let own = r#"{"Effect":"Allow","Action":"iam:ListSSHPublicKeys","Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
        let bob = app.user_with("bob", &policy(own)).await;
        assert!(bob.call("ListSSHPublicKeyDetails", &[]).await.ok().all("SSHPublicKeyId").is_empty());
        bob.call("ListSSHPublicKeyDetails", &[("UserName", "alice")]).await.refused("AccessDenied");
        assert!(root.call("ListSSHPublicKeyDetails", &[]).await.ok().all("SSHPublicKeyId").is_empty());
    }

    async fn refusals_that_repeat_are_counted_and_not_written_each(app) {
        let host = host(&app).await;
        person(&app, "alice", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#).await;
        person(&app, "bob", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#).await;
        for number in 0..50 {
            // Another key each time: whoever tries makes as many as they like.
            let key = format!("SHA256:{number:0>43}");
            let parameters = [("HostName", "web-1"), ("UserName", "alice"), ("SSHPublicKeyFingerprint", &key)];
            host.call("ListHostSSHPublicKeys", &parameters).await.refused("AccessDenied");
        }
        ask(&host, "bob").await.refused("AccessDenied");
        app.clock().advance(60);
        ask(&host, "alice").await.refused("AccessDenied");
        app.iam().flush().await;
        let events = app.root().lookup_events(&json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "ListHostSSHPublicKeys"}]})).await;
        let mut told: Vec<(String, Option<u64>)> = events["Events"].as_array().expect("events").iter().map(|event| {
            let record: serde_json::Value = serde_json::from_str(event["CloudTrailEvent"].as_str().expect("text")).expect("JSON");
            (record["requestParameters"]["userName"].as_str().expect("a name").to_owned(), record["additionalEventData"]["occurrences"].as_u64())
        }).collect();
        told.sort();
        let alice = String::from("alice");
        assert_eq!(told, [(alice.clone(), None), (alice.clone(), None), (alice, Some(49)), (String::from("bob"), None)]);
    }

    async fn a_permissions_boundary_counts_and_groups_do_too(app) {
        let root = app.root();
        let host = host(&app).await;
        person(&app, "alice", &login("Allow", "*")).await;
        let narrow = policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
        let bound = root.call("CreatePolicy", &[("PolicyName", "bound"), ("PolicyDocument", &narrow)]).await.ok().text("Arn");
        root.call("PutUserPermissionsBoundary", &[("UserName", "alice"), ("PermissionsBoundary", &bound)]).await.ok();
        assert!(ask(&host, "alice").await.refused("AccessDenied").contains("no permissions boundary of the user"));
        root.call("DeleteUserPermissionsBoundary", &[("UserName", "alice")]).await.ok();
        ask(&host, "alice").await.ok();
        root.call("CreateGroup", &[("GroupName", "banned")]).await.ok();
        root.call("PutGroupPolicy", &[("GroupName", "banned"), ("PolicyName", "no"), ("PolicyDocument", &policy(&login("Deny", "*")))]).await.ok();
        root.call("AddUserToGroup", &[("GroupName", "banned"), ("UserName", "alice")]).await.ok();
        ask(&host, "alice").await.refused("AccessDenied");
    }

    async fn the_login_name_and_the_users_tags_are_conditions(app) {
        let host = host(&app).await;
        let statement = format!(r#"{{"Effect":"Allow","Action":"ssh:Login","Resource":"{HOST}","Condition":{{"StringEquals":{{"ssh:LoginName":["deploy","${{aws:username}}"],"aws:PrincipalTag/team":"blue"}}}}}}"#);
        person(&app, "alice", &statement).await;
        ask(&host, "alice").await.refused("AccessDenied");
        app.root().call("TagUser", &[("UserName", "alice"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")]).await.ok();
        ask(&host, "alice").await.ok();
        let as_name = async |name: &str| host.call("ListHostSSHPublicKeys", &[("HostName", "web-1"), ("UserName", "alice"), ("LoginName", name)]).await;
        as_name("deploy").await.ok();
        as_name("root").await.refused("AccessDenied");
    }

    async fn what_is_not_known_of_the_user_is_absent(app) {
        let host = host(&app).await;
        let no_mfa = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#;
        person(&app, "alice", &[login("Allow", "*"), no_mfa.to_owned()].join(",")).await;
        ask(&host, "alice").await.refused("AccessDenied");
        // The address of the host, which asks, is not that of the user.
        let at_home = r#"{"Effect":"Allow","Action":"ssh:Login","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}"#;
        person(&app, "bob", at_home).await;
        ask(&host, "bob").await.refused("AccessDenied");
        let in_time = r#"{"Effect":"Allow","Action":"ssh:Login","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-01-02T03:05:05Z"}}}"#;
        person(&app, "carol", in_time).await;
        ask(&host, "carol").await.ok();
        app.clock().advance(61);
        ask(&host, "carol").await.refused("AccessDenied");
    }

    async fn a_host_asks_for_itself_alone_and_its_name_has_no_case(app) {
        let host = host(&app).await;
        person(&app, "alice", &login("Allow", "*")).await;
        let at = async |name: &str| host.call("ListHostSSHPublicKeys", &[("HostName", name), ("UserName", "alice")]).await;
        at("WEB-1").await.ok();
        at("web-2").await.refused("AccessDenied");
        for bad in ["web 1", "web/1", "web*", "", "wéb"] {
            at(bad).await.refused("ValidationError");
        }
    }

    async fn whoever_is_asked_for_is_named_exactly(app) {
        let host = host(&app).await;
        person(&app, "alice", &login("Allow", "*")).await;
        assert_eq!(ask(&host, "Alice").await.refused("NoSuchEntity"), "The user with name Alice cannot be found.");
        ask(&host, "nobody").await.refused("NoSuchEntity");
        let other = app.another_account("210987654321").await;
        other.call("CreateUser", &[("UserName", "eve")]).await.ok();
        ask(&host, "eve").await.refused("NoSuchEntity");
    }

    async fn the_hosts_own_operator_may_ask_too(app) {
        person(&app, "alice", &login("Allow", "*")).await;
        let ask = async |name: &str| app.on_host("ListHostSSHPublicKeys", None, &json!({"HostName": "web-1", "UserName": name})).await;
        assert_eq!(ask("alice").await.expect("the keys")["SSHPublicKeys"].as_array().map(Vec::len), Some(1));
        person(&app, "bob", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#).await;
        assert_eq!(ask("bob").await.expect_err("a refusal").code(), Code::AccessDenied);
    }
}
