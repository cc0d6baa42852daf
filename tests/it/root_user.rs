//! What root changes about itself, and where it is told.

use claviger_it::{Actor, ROOT_PASSWORD, Reply, on_both_engines, totp};
use serde_json::json;

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

async fn change(actor: &Actor, old: &str, new: &str) -> Reply {
    actor
        .call(
            "ChangeRootPassword",
            &[("OldPassword", old), ("NewPassword", new)],
        )
        .await
}

async fn summary(root: &Actor, key: &str) -> String {
    let body = root.call("GetAccountSummary", &[]).await.ok().body;
    let (_, rest) = body
        .split_once(&format!("<key>{key}</key><value>"))
        .expect("the key");
    rest.split('<').next().expect("a value").to_owned()
}

/// Root's line of the credential report.
async fn line(root: &Actor) -> Vec<String> {
    root.call("GenerateCredentialReport", &[]).await.ok();
    let report = root
        .call("GetCredentialReport", &[])
        .await
        .ok()
        .text("Content");
    let text = data_encoding::BASE64
        .decode(report.as_bytes())
        .expect("base64");
    let text = String::from_utf8(text).expect("UTF-8");
    let line = text.lines().nth(1).expect("root's line");
    line.split(',').map(str::to_owned).collect()
}

on_both_engines! {
    async fn root_changes_its_password_with_the_old_one_and_its_sessions_end(app) {
        let root = app.root();
        let session = root.with_credentials_of(&root.sts("GetSessionToken", &[]).await.ok());
        assert_eq!(change(&root, "Wrong-Horse-7", "Better-Horse-8").await.refused("AccessDenied"), "The old password was incorrect.");
        session.sts("GetCallerIdentity", &[]).await.ok();
        change(&root, ROOT_PASSWORD, "Better-Horse-8").await.ok();
        session.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        change(&root, ROOT_PASSWORD, "Third-Horse-9").await.refused("AccessDenied");
        change(&root, "Better-Horse-8", "Third-Horse-9").await.ok();
        app.iam().flush().await;
        let events = root.lookup_events(&json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "ChangeRootPassword"}]})).await;
        assert_eq!(events["Events"].as_array().map(Vec::len), Some(4));
        assert!(!events.to_string().contains("Horse"), "{events}");
    }

    async fn no_policy_of_the_account_governs_roots_password_and_fixed_rules_do(app) {
        let root = app.root();
        root.call("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "40")]).await.ok();
        change(&root, ROOT_PASSWORD, "Abcdef1!").await.ok();
        for weak in ["Abcde1!", "abcdefgh", claviger_it::ROOT_EMAIL] {
            change(&root, "Abcdef1!", weak).await.refused("PasswordPolicyViolation");
        }
        change(&root, "Abcdef1!", &"Ab1!".repeat(33)).await.refused("ValidationError");
    }

    async fn wrong_old_passwords_of_root_are_counted_and_then_turned_away(app) {
        let root = app.root();
        for _ in 0..10 {
            change(&root, "Wrong-Horse-7", "Better-Horse-8").await.refused("AccessDenied");
        }
        change(&root, ROOT_PASSWORD, "Better-Horse-8").await.refused("Throttling");
        app.clock().advance(301);
        change(&root, ROOT_PASSWORD, "Better-Horse-8").await.ok();
    }

    async fn nobody_but_root_changes_roots_credentials(app) {
        let admin = app.user_with("admin", EVERYTHING).await;
        let said = change(&admin, ROOT_PASSWORD, "Better-Horse-8").await.refused("InvalidUserType");
        assert_eq!(said, "Only the root user can change its own credentials.");
        let codes = [("SerialNumber", "arn:aws:iam::123456789012:mfa/phone"), ("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")];
        for operation in ["EnableRootMFADevice", "ResyncRootMFADevice"] {
            admin.call(operation, &codes).await.refused("InvalidUserType");
        }
    }

    async fn root_manages_its_devices_and_is_told_of_them(app) {
        let root = app.root();
        assert_eq!(summary(&root, "AccountMFAEnabled").await, "0");
        assert_eq!(line(&root).await[7], "false");
        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]).await.ok();
        let serial = made.text("SerialNumber");
        assert_eq!(serial, "arn:aws:iam::123456789012:mfa/phone");
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let pair = async |actor: &Actor, operation: &str| {
            let (first, second) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
            actor.call(operation, &[("SerialNumber", &serial), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)]).await
        };
        pair(&root, "ResyncRootMFADevice").await.refused("NoSuchEntity");
        pair(&root, "EnableRootMFADevice").await.ok();
        app.clock().advance(60);
        pair(&root, "EnableRootMFADevice").await.refused("AccessDenied");
        pair(&root, "ResyncRootMFADevice").await.ok();

        let listed = root.call("ListMFADevices", &[]).await.ok();
        assert_eq!(listed.all("SerialNumber"), [serial.as_str()]);
        assert_eq!(listed.find("UserName"), None);
        let told = root.call("GetMFADevice", &[("SerialNumber", &serial)]).await.ok();
        assert_eq!(told.find("UserName"), None);
        let assigned = root.call("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")]).await.ok();
        assert_eq!(assigned.text("Arn"), "arn:aws:iam::123456789012:root");
        assert_eq!(summary(&root, "AccountMFAEnabled").await, "1");
        assert_eq!(summary(&root, "MFADevicesInUse").await, "1");
        assert_eq!(line(&root).await[7], "true");

        // A stolen key must not take the second factor away: a session that proved it must.
        root.call("DeactivateMFADevice", &[("SerialNumber", &serial)]).await.refused("AccessDenied");
        app.clock().advance(60);
        let proved = root.sts("GetSessionToken", &[("SerialNumber", &serial), ("TokenCode", &totp(&seed, app.now()))]).await.ok();
        let proved = root.with_credentials_of(&proved);
        proved.call("DeleteVirtualMFADevice", &[("SerialNumber", &serial)]).await.refused("DeleteConflict");
        proved.call("DeactivateMFADevice", &[("SerialNumber", &serial)]).await.ok();
        proved.call("DeleteVirtualMFADevice", &[("SerialNumber", &serial)]).await.ok();
        assert_eq!(summary(&root, "AccountMFAEnabled").await, "0");
    }

    async fn root_holds_a_device_of_hardware_too(app) {
        let root = app.root();
        let seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let file = format!("serial number,secret key\nGAHT12345678,{seed}");
        root.call("ImportHardwareMFADevices", &[("Format", "CSV"), ("Content", &file)]).await.ok();
        let (first, second) = (totp(seed, app.now().plus_seconds(-30)), totp(seed, app.now()));
        root.call("EnableRootMFADevice", &[("SerialNumber", "GAHT12345678"), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)]).await.ok();
        assert_eq!(root.call("ListHardwareMFADevices", &[]).await.ok().text("Arn"), "arn:aws:iam::123456789012:root");
        assert_eq!(summary(&root, "AccountMFAEnabled").await, "1");
        assert_eq!(line(&root).await[7], "true");
    }

    async fn root_manages_its_access_keys_and_is_told_of_them(app) {
        let root = app.root();
        assert_eq!(summary(&root, "AccountAccessKeysPresent").await, "1");
        let made = root.call("CreateAccessKey", &[]).await.ok();
        assert_eq!(made.find("UserName"), None);
        let second = made.text("AccessKeyId");
        root.call("CreateAccessKey", &[]).await.refused("LimitExceeded");
        let with_second = app.actor(&second, &made.text("SecretAccessKey"), None);
        with_second.call("ListUsers", &[]).await.ok();
        root.call("UpdateAccessKey", &[("AccessKeyId", &second), ("Status", "Inactive")]).await.ok();
        with_second.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
        let mut active = [line(&root).await[8].clone(), line(&root).await[13].clone()];
        active.sort();
        assert_eq!(active, ["false", "true"]);
        let used = root.call("GetAccessKeyLastUsed", &[("AccessKeyId", &second)]).await.ok();
        assert_eq!(used.text("ServiceName"), "iam");
        root.call("UpdateAccessKey", &[("AccessKeyId", &second), ("Status", "Active")]).await.ok();
        with_second.call("DeleteAccessKey", &[("AccessKeyId", root.access_key_id())]).await.ok();
        root.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
        assert_eq!(with_second.call("ListAccessKeys", &[]).await.ok().all("AccessKeyId"), [second.as_str()]);
        // The last one signs its own end.
        with_second.call("DeleteAccessKey", &[("AccessKeyId", &second)]).await.ok();
        let status = app.on_host("GetRootUser", None, &json!({})).await.expect("it is told");
        assert_eq!(status["AccessKeys"], json!([]));
    }

    async fn root_manages_its_signing_certificates_and_is_told_of_them(app) {
        let root = app.root();
        assert_eq!(summary(&root, "AccountSigningCertificatesPresent").await, "0");
        let body = include_str!("../credentials/leaf.pem");
        let made = root.call("UploadSigningCertificate", &[("CertificateBody", body)]).await.ok();
        let id = made.text("CertificateId");
        assert_eq!(root.call("ListSigningCertificates", &[]).await.ok().all("CertificateId"), [id.as_str()]);
        assert_eq!(summary(&root, "AccountSigningCertificatesPresent").await, "1");
        assert_eq!(line(&root).await[18], "true");
        root.call("UpdateSigningCertificate", &[("CertificateId", &id), ("Status", "Inactive")]).await.ok();
        assert_eq!(line(&root).await[18], "false");
        root.call("DeleteSigningCertificate", &[("CertificateId", &id)]).await.ok();
        assert_eq!(summary(&root, "AccountSigningCertificatesPresent").await, "0");
    }

    async fn that_root_has_a_password_is_told(app) {
        let root = app.root();
        assert_eq!(summary(&root, "AccountPasswordPresent").await, "1");
        let status = app.on_host("GetRootUser", None, &json!({})).await.expect("it is told");
        assert_eq!(status["PasswordChanged"].as_f64(), Some(1_767_323_045.0));
    }
}
