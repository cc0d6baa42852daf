//! Recovery of the root user from the server's own host.

use claviger_it::{TestApp, on_both_engines, totp};
use claviger_model::Code;
use serde_json::{Value, json};

/// The events of this name, as records, newest first.
async fn records(app: &TestApp, name: &str) -> Vec<Value> {
    let wanted =
        json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}]});
    let answer = app.root().lookup_events(&wanted).await;
    let events = answer["Events"].as_array().expect("events");
    events
        .iter()
        .map(|event| {
            let text = event["CloudTrailEvent"].as_str().expect("text");
            serde_json::from_str(text).expect("JSON")
        })
        .collect()
}

/// Gives root a device of this name, and answers its serial number and seed.
async fn device(app: &TestApp, name: &str) -> (String, String) {
    let root = app.root();
    let made = root
        .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
        .await
        .ok();
    let serial = made.text("SerialNumber");
    let seed = data_encoding::BASE64
        .decode(made.text("Base32StringSeed").as_bytes())
        .expect("base64");
    let seed = String::from_utf8(seed).expect("ASCII");
    let (first, second) = (
        totp(&seed, app.now().plus_seconds(-30)),
        totp(&seed, app.now()),
    );
    root.call(
        "EnableRootMFADevice",
        &[
            ("SerialNumber", &serial),
            ("AuthenticationCode1", &first),
            ("AuthenticationCode2", &second),
        ],
    )
    .await
    .ok();
    (serial, seed)
}

on_both_engines! {
    async fn a_password_is_drawn_or_given_and_ends_roots_sessions(app) {
        let session = app.root().with_credentials_of(&app.root().sts("GetSessionToken", &[]).await.ok());
        session.sts("GetCallerIdentity", &[]).await.ok();
        app.clock().advance(5);
        let drawn = app.on_host("ResetRootPassword", None, &json!({})).await.expect("it is reset");
        assert_eq!(drawn["Email"], claviger_it::ROOT_EMAIL);
        let password = drawn["Password"].as_str().expect("a password").to_owned();
        assert_eq!(password.len(), 24);
        session.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        // The one that was drawn is the one in force, and the long-term key goes on.
        app.root().call("ChangeRootPassword", &[("OldPassword", &password), ("NewPassword", "Correct-Horse-7")]).await.ok();

        let given = app.on_host("ResetRootPassword", None, &json!({"Password": "Another-Horse-8"})).await.expect("it is reset");
        assert_eq!(given.get("Password"), None);
        app.root().call("ChangeRootPassword", &[("OldPassword", "Correct-Horse-7"), ("NewPassword", "Third-Horse-9")]).await.refused("AccessDenied");
        app.root().call("ChangeRootPassword", &[("OldPassword", "Another-Horse-8"), ("NewPassword", "Third-Horse-9")]).await.ok();
    }

    async fn a_weak_password_is_refused_and_changes_nothing(app) {
        let before = app.on_host("GetRootUser", None, &json!({})).await.expect("it is told");
        app.clock().advance(5);
        for weak in ["short1A", "alllowercase", claviger_it::ROOT_EMAIL] {
            let fault = app.on_host("ResetRootPassword", None, &json!({"Password": weak})).await.expect_err(weak);
            assert_eq!(fault.code(), Code::PasswordPolicyViolation, "{weak}");
        }
        let after = app.on_host("GetRootUser", None, &json!({})).await.expect("it is told");
        assert_eq!(before, after);
        assert_eq!(records(&app, "ResetRootPassword").await, Vec::<Value>::new());
    }

    async fn the_record_names_the_hosts_operator_and_no_secret(app) {
        let drawn = app.on_host("ResetRootPassword", None, &json!({})).await.expect("it is reset");
        app.on_host("ResetRootPassword", None, &json!({"Password": "Planted-Horse-7"})).await.expect("it is reset");
        let records = records(&app, "ResetRootPassword").await;
        assert_eq!(records.len(), 2);
        for record in &records {
            assert_eq!(record["userIdentity"]["type"], "HostOperator");
            assert_eq!(record["userIdentity"]["principalId"], "uid:1000");
            assert_eq!(record["userIdentity"]["arn"], "arn:aws:iam::123456789012:host-operator/1000");
            assert_eq!(record["userIdentity"].get("accessKeyId"), None);
            assert_eq!(record["eventSource"], "host.claviger");
            assert_eq!(record["eventType"], "AwsServiceEvent");
            assert_eq!(record["userAgent"], "test");
            assert_eq!(record["resources"][0]["ARN"], "arn:aws:iam::123456789012:root");
            let text = record.to_string();
            assert!(!text.contains("Planted-Horse-7") && !text.contains(drawn["Password"].as_str().expect("text")), "{text}");
        }
        let by_name = json!({"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": "host-operator"}]});
        assert_eq!(app.root().lookup_events(&by_name).await["Events"].as_array().map(Vec::len), Some(2));
    }

    async fn a_device_is_taken_away_and_stays_to_be_enabled_again(app) {
        let (phone, seed) = device(&app, "phone").await;
        let root = app.root();
        assert_eq!(root.call("ListMFADevices", &[]).await.ok().all("SerialNumber"), [phone.as_str()]);
        app.clock().advance(60);
        let code = totp(&seed, app.now());
        let proved = root.sts("GetSessionToken", &[("SerialNumber", &phone), ("TokenCode", &code)]).await.ok();
        let proved = root.with_credentials_of(&proved);
        proved.call("ListUsers", &[]).await.ok();

        let fault = app.on_host("ResetRootMFADevices", None, &json!({"SerialNumber": "arn:aws:iam::123456789012:mfa/other"})).await.expect_err("not root's");
        assert_eq!(fault.code(), Code::NoSuchEntity);
        proved.call("ListUsers", &[]).await.ok();
        let gone = app.on_host("ResetRootMFADevices", None, &json!({"SerialNumber": phone.to_uppercase().replacen("ARN:AWS:IAM", "arn:aws:iam", 1)})).await.expect("it is taken away");
        assert_eq!(gone["SerialNumbers"], json!([phone]));
        proved.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
        assert_eq!(root.call("ListMFADevices", &[]).await.ok().all("SerialNumber"), Vec::<String>::new());
        assert_eq!(root.call("ListVirtualMFADevices", &[("AssignmentStatus", "Unassigned")]).await.ok().all("SerialNumber"), [phone.as_str()]);
        let fault = app.on_host("ResetRootMFADevices", None, &json!({})).await.expect_err("there is none");
        assert_eq!(fault.code(), Code::NoSuchEntity);
        app.clock().advance(60);
        let (first, second) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        root.call("EnableRootMFADevice", &[("SerialNumber", &phone), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)]).await.ok();
        assert_eq!(records(&app, "ResetRootMFADevices").await.len(), 1);
    }

    async fn the_recovery_codes_go_with_the_devices(app) {
        let (phone, seed) = device(&app, "phone").await;
        let root = app.root();
        app.clock().advance(60);
        let code = totp(&seed, app.now());
        let proved = root.sts("GetSessionToken", &[("SerialNumber", &phone), ("TokenCode", &code)]).await.ok();
        let proved = root.with_credentials_of(&proved);
        let codes = proved.call("CreateRecoveryCodes", &[]).await.ok().all("member");
        assert_eq!(codes.len(), 10);
        let told = app.on_host("GetRootUser", None, &json!({})).await.expect("it is told");
        assert_eq!(told["RecoveryCodes"], 10);
        // A password is another factor.
        app.on_host("ResetRootPassword", None, &json!({})).await.expect("it is reset");
        assert_eq!(root.call("GetRecoveryCodes", &[]).await.ok().text("Remaining"), "10");

        let gone = app.on_host("ResetRootMFADevices", None, &json!({"SerialNumber": phone})).await.expect("it is taken away");
        assert_eq!((&gone["SerialNumbers"], &gone["RecoveryCodes"]), (&json!([phone]), &json!(10)));
        root.call("GetRecoveryCodes", &[]).await.refused("NoSuchEntity");
        assert_eq!(records(&app, "ResetRootMFADevices").await[0]["responseElements"]["recoveryCodes"], 10);
        // They take no device away that root holds later.
        app.clock().advance(60);
        let (tablet, _) = device(&app, "tablet").await;
        root.call("RecoverMFADevice", &[("SerialNumber", &tablet), ("RecoveryCode", &codes[0])]).await.refused("InvalidAuthenticationCode");
        assert_eq!(root.call("ListMFADevices", &[]).await.ok().all("SerialNumber"), [tablet]);
    }

    async fn access_keys_are_replaced_and_the_old_ones_switched_off_or_gone(app) {
        let root = app.root();
        let second = root.call("CreateAccessKey", &[]).await.ok().text("AccessKeyId");
        app.clock().advance(5);
        let told = app.on_host("ReplaceRootAccessKeys", None, &json!({})).await.expect("they are replaced");
        assert_eq!(told["Deleted"], json!([root.access_key_id()]));
        assert_eq!(told["Deactivated"], json!([second]));
        root.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
        let (id, secret) = (told["AccessKeyId"].as_str().expect("an id"), told["SecretAccessKey"].as_str().expect("a secret"));
        let again = app.actor(id, secret, None);
        let listed = again.call("ListAccessKeys", &[]).await.ok();
        assert_eq!(listed.all("AccessKeyId"), [second.as_str(), id]);
        assert_eq!(listed.all("Status"), ["Inactive", "Active"]);
        let events = again.lookup_events(&json!({})).await.to_string();
        assert!(events.contains("ReplaceRootAccessKeys") && !events.contains(secret), "{events}");
    }

    async fn nothing_but_root_is_touched(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        device(&app, "phone").await;
        app.clock().advance(60);
        let before = root.call("GetAccountAuthorizationDetails", &[]).await.ok().text("UserDetailList");
        app.on_host("ResetRootPassword", None, &json!({})).await.expect("it is reset");
        app.on_host("ResetRootMFADevices", None, &json!({})).await.expect("they are taken away");
        assert_eq!(root.call("GetAccountAuthorizationDetails", &[]).await.ok().text("UserDetailList"), before);
        alice.sts("GetCallerIdentity", &[]).await.ok();
    }

    async fn one_account_is_meant_and_never_another(app) {
        let other = app.another_account("210987654321").await;
        let fault = app.on_host("ResetRootPassword", None, &json!({})).await.expect_err("there are two");
        assert_eq!(fault.code(), Code::InvalidInput);
        let fault = app.on_host("ResetRootPassword", Some("999999999999"), &json!({})).await.expect_err("there is none");
        assert_eq!(fault.code(), Code::NoSuchEntity);
        let reset = app.on_host("ResetRootPassword", Some("210987654321"), &json!({})).await.expect("it is reset");
        assert_eq!(reset["Account"], "210987654321");
        assert_eq!(records(&app, "ResetRootPassword").await, Vec::<Value>::new());
        assert!(other.lookup_events(&json!({})).await.to_string().contains("ResetRootPassword"));
        let status = app.on_host("GetRootUser", Some("210987654321"), &json!({})).await.expect("it is told");
        assert_eq!(status["AccessKeys"].as_array().map(Vec::len), Some(1));
    }

    async fn no_request_names_what_is_done_on_the_host_and_the_host_runs_nothing_else(app) {
        let root = app.root();
        for entry in claviger_iam::operation::HOST {
            root.call(entry.spec.name, &[]).await.refused("InvalidAction");
            root.sts(entry.spec.name, &[]).await.refused("InvalidAction");
        }
        for name in ["CreateUser", "GetCallerIdentity", "LookupEvents", "ChangeRootPassword"] {
            assert!(app.iam().registry().find_on_host(name).is_none(), "{name}");
        }
    }

    async fn the_host_is_refused_what_is_not_meant_for_it_even_by_the_pipeline(app) {
        let entry = app.iam().registry().find(claviger_iam::Service::Iam, "ListUsers").expect("an operation");
        let json = claviger_shape::Json::parse(b"{}").expect("JSON");
        let input = (entry.decode)(json.source()).expect("an input");
        let admitted = app.iam().admit_on_host(None, 0).await.expect("the host's operator");
        let request = app.iam().request_on_host("test");
        let fault = app.iam().perform(entry, &*input, admitted, &request).await.err().expect("a refusal");
        assert_eq!(fault.code(), Code::AccessDenied);
    }
}
