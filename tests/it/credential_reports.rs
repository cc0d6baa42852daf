//! Credential reports.

use claviger_iam::operation::users::PASSWORD_USED;
use claviger_it::{Actor, Reply, TestApp, on_both_engines, totp};
use claviger_model::AccountId;
use claviger_store::{MarkKey, Scope};

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
/// The columns of keys that are not there, of certificates that are not there.
const NO_KEY: &str = "false,N/A,N/A,N/A,N/A";
const NO_CERTIFICATES: &str = "false,N/A,false,N/A";

fn content(reply: &Reply) -> String {
    let text = data_encoding::BASE64
        .decode(reply.text("Content").as_bytes())
        .expect("base64");
    String::from_utf8(text).expect("UTF-8")
}

async fn report(actor: &Actor) -> String {
    actor.call("GenerateCredentialReport", &[]).await.ok();
    content(&actor.call("GetCredentialReport", &[]).await.ok())
}

/// Says that the user has signed in with the password now, as signing in will.
async fn signs_in(app: &TestApp, name: &str) {
    let user = app.root().call("GetUser", &[("UserName", name)]).await.ok();
    let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
    let mark = MarkKey::new(Scope::Account(account), PASSWORD_USED, user.text("UserId"));
    app.iam().store().touch(mark, app.now().micros(), "");
}

async fn create(app: &TestApp, name: &str) {
    app.clock().advance(1);
    app.root()
        .call("CreateUser", &[("UserName", name)])
        .await
        .ok();
}

async fn add_key(app: &TestApp, name: &str) -> (Actor, String) {
    app.clock().advance(1);
    let made = app
        .root()
        .call("CreateAccessKey", &[("UserName", name)])
        .await
        .ok();
    let id = made.text("AccessKeyId");
    (app.actor(&id, &made.text("SecretAccessKey"), None), id)
}

on_both_engines! {
    async fn the_report_tells_of_every_credential_in_every_state(app) {
        let root = app.root();
        // 03:04:06: a password that was never used, under no policy.
        create(&app, "new").await;
        root.call("CreateLoginProfile", &[("UserName", "new"), ("Password", "Abcdef1!")]).await.ok();
        // 03:04:07: nothing at all, and an upper-case name, which stands among the lower-case ones.
        create(&app, "Mia").await;
        // 03:04:08: a password that was used and changed, two keys, and a device.
        create(&app, "alice").await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!")]).await.ok();
        let (first, first_id) = add_key(&app, "alice").await;
        let (_, second_id) = add_key(&app, "alice").await;
        root.call("UpdateAccessKey", &[("UserName", "alice"), ("AccessKeyId", &second_id), ("Status", "Inactive")]).await.ok();
        // 03:04:11
        app.clock().advance(1);
        first.sts("GetCallerIdentity", &[]).await.ok();
        signs_in(&app, "alice").await;
        // 03:04:12
        app.clock().advance(1);
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef2!")]).await.ok();
        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]).await.ok();
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let codes = [totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now())];
        root.call("EnableMFADevice", &[
            ("UserName", "alice"),
            ("SerialNumber", &made.text("SerialNumber")),
            ("AuthenticationCode1", &codes[0]),
            ("AuthenticationCode2", &codes[1]),
        ]).await.ok();
        // 03:04:13: what AWS allows in names, some of which a spreadsheet would take for a formula.
        create(&app, "=cmd+a@b-c,d").await;
        // 03:04:14: certificates, of which one is switched off and stands first; and what no column tells of.
        create(&app, "nora").await;
        let upload = async |of: &[(&str, &str)], body: &str| {
            app.clock().advance(1);
            let parameters = [of, &[("CertificateBody", body)]].concat();
            root.call("UploadSigningCertificate", &parameters).await.ok().text("CertificateId")
        };
        let nora = [("UserName", "nora")];
        upload(&nora, include_str!("../credentials/leaf.pem")).await;
        let second = upload(&nora, include_str!("../credentials/p256.pem")).await;
        root.call("UpdateSigningCertificate", &[nora[0], ("CertificateId", &second), ("Status", "Inactive")]).await.ok();
        root.call("UploadSSHPublicKey", &[nora[0], ("SSHPublicKeyBody", include_str!("../credentials/rsa.pub"))]).await.ok();
        root.call("CreateServiceSpecificCredential", &[nora[0], ("ServiceName", "codecommit.amazonaws.com")]).await.ok();
        // 03:04:17: root's own.
        upload(&[], include_str!("../credentials/p384.pem")).await;
        // 03:04:18
        app.clock().advance(1);
        root.call("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "90")]).await.ok();

        let active = "true,2026-01-02T03:04:09+00:00,2026-01-02T03:04:11+00:00,us-east-1,sts";
        let inactive = "false,2026-01-02T03:04:10+00:00,N/A,N/A,N/A";
        let keys = if first_id < second_id { [active, inactive] } else { [inactive, active] }.join(",");
        let root_key = format!("true,2026-01-02T03:04:05+00:00,{},us-east-1,iam", "2026-01-02T03:04:18+00:00");
        let arn = "arn:aws:iam::123456789012:user";
        let expected = [
            HEADER.to_owned(),
            format!("<root_account>,arn:aws:iam::123456789012:root,2026-01-02T03:04:05+00:00,not_supported,no_information,not_supported,not_supported,false,{root_key},{NO_KEY},true,2026-01-02T03:04:17+00:00,false,N/A"),
            format!("\"=cmd+a@b-c,d\",\"{arn}/=cmd+a@b-c,d\",2026-01-02T03:04:13+00:00,false,N/A,N/A,N/A,false,{NO_KEY},{NO_KEY},{NO_CERTIFICATES}"),
            format!("alice,{arn}/alice,2026-01-02T03:04:08+00:00,true,2026-01-02T03:04:11+00:00,2026-01-02T03:04:12+00:00,2026-04-02T03:04:12+00:00,true,{keys},{NO_CERTIFICATES}"),
            format!("Mia,{arn}/Mia,2026-01-02T03:04:07+00:00,false,N/A,N/A,N/A,false,{NO_KEY},{NO_KEY},{NO_CERTIFICATES}"),
            format!("new,{arn}/new,2026-01-02T03:04:06+00:00,true,no_information,2026-01-02T03:04:06+00:00,2026-04-02T03:04:06+00:00,false,{NO_KEY},{NO_KEY},{NO_CERTIFICATES}"),
            format!("nora,{arn}/nora,2026-01-02T03:04:14+00:00,false,N/A,N/A,N/A,false,{NO_KEY},{NO_KEY},false,2026-01-02T03:04:16+00:00,true,2026-01-02T03:04:15+00:00"),
        ];
        assert_eq!(report(&root).await, expected.join("\n"));

        // Without an age there is no next rotation.
        root.call("DeleteAccountPasswordPolicy", &[]).await.ok();
        let again = report(&root).await;
        assert!(again.contains(",true,no_information,2026-01-02T03:04:06+00:00,N/A,false,"), "{again}");
    }

    async fn the_line_of_root_tells_of_its_device_and_of_both_its_keys(app) {
        let root = app.root();
        // 03:04:06: a second key, which is switched off a second later.
        app.clock().advance(1);
        let second = root.call("CreateAccessKey", &[]).await.ok().text("AccessKeyId");
        app.clock().advance(1);
        root.call("UpdateAccessKey", &[("AccessKeyId", &second), ("Status", "Inactive")]).await.ok();
        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "roots")]).await.ok();
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let codes = [totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now())];
        root.call("EnableRootMFADevice", &[
            ("SerialNumber", &made.text("SerialNumber")),
            ("AuthenticationCode1", &codes[0]),
            ("AuthenticationCode2", &codes[1]),
        ]).await.ok();
        // 03:04:08
        app.clock().advance(1);
        let first = root.access_key_id().to_owned();
        let active = "true,2026-01-02T03:04:05+00:00,2026-01-02T03:04:08+00:00,us-east-1,iam";
        let inactive = "false,2026-01-02T03:04:06+00:00,N/A,N/A,N/A";
        let line = |keys: &str, mfa: bool| format!(
            "{HEADER}\n<root_account>,arn:aws:iam::123456789012:root,2026-01-02T03:04:05+00:00,not_supported,no_information,not_supported,not_supported,{mfa},{keys},{NO_CERTIFICATES}"
        );
        let keys = if first < second { [active, inactive] } else { [inactive, active] }.join(",");
        assert_eq!(report(&root).await, line(&keys, true));
        // 03:04:09: what was taken away is told of no more.
        app.clock().advance(1);
        root.call("DeleteAccessKey", &[("AccessKeyId", &second)]).await.ok();
        let active = "true,2026-01-02T03:04:05+00:00,2026-01-02T03:04:09+00:00,us-east-1,iam";
        assert_eq!(report(&root).await, line(&[active, NO_KEY].join(","), true));
    }

    async fn the_same_report_is_had_as_json(app) {
        let root = app.root();
        for name in ["=cmd+a@b-c,d", "Mia"] {
            create(&app, name).await;
        }
        root.call("GetCredentialReportAsJSON", &[]).await.refused("ReportNotPresent");
        let csv = report(&root).await;
        create(&app, "later").await;
        let reply = root.call("GetCredentialReportAsJSON", &[]).await.ok();
        assert_eq!(reply.text("ReportFormat"), "application/json");
        assert_eq!(reply.text("GeneratedTime"), "2026-01-02T03:04:07Z");
        let lines: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&content(&reply)).expect("JSON");
        let names: Vec<_> = lines.iter().map(|line| line["user"].as_str().expect("text")).collect();
        assert_eq!(names, ["<root_account>", "=cmd+a@b-c,d", "Mia"]);
        for (line, text) in lines.iter().zip(csv.split('\n').skip(1)) {
            let mut columns: Vec<_> = line.keys().map(String::as_str).collect();
            let mut expected: Vec<_> = HEADER.split(',').collect();
            columns.sort_unstable();
            expected.sort_unstable();
            assert_eq!(columns, expected);
            if line["user"] == "=cmd+a@b-c,d" {
                assert_eq!(line["arn"], "arn:aws:iam::123456789012:user/=cmd+a@b-c,d");
            } else {
                let written: Vec<_> = HEADER.split(',').map(|column| line[column].as_str().expect("text")).collect();
                assert_eq!(written.join(","), text);
            }
        }
    }

    async fn a_report_is_there_once_asked_for_and_stays_as_it_is_until_the_next(app) {
        let root = app.root();
        assert_eq!(root.call("GetCredentialReport", &[]).await.refused("ReportNotPresent"), "");
        let first = root.call("GenerateCredentialReport", &[]).await.ok();
        assert_eq!(first.text("State"), "STARTED");
        assert_eq!(first.text("Description"), "No report exists. Starting a new report generation task");
        let report = root.call("GetCredentialReport", &[]).await.ok();
        assert_eq!(report.text("ReportFormat"), "text/csv");
        assert_eq!(report.text("GeneratedTime"), "2026-01-02T03:04:05Z");

        app.clock().advance(60);
        create(&app, "alice").await;
        let same = root.call("GetCredentialReport", &[]).await.ok();
        assert_eq!(content(&same), content(&report), "a report is of its own time");
        assert_eq!(same.text("GeneratedTime"), "2026-01-02T03:04:05Z");
        let next = root.call("GenerateCredentialReport", &[]).await.ok();
        assert_eq!(next.text("State"), "COMPLETE");
        assert_eq!(next.find("Description"), None);
        let fresh = root.call("GetCredentialReport", &[]).await.ok();
        assert!(content(&fresh).contains("\nalice,"), "each asking makes a new one");
        assert_eq!(fresh.text("GeneratedTime"), "2026-01-02T03:05:06Z");

        app.clock().advance(4 * 3_600 - 1);
        root.call("GetCredentialReport", &[]).await.ok();
        app.clock().advance(1);
        assert_eq!(root.call("GetCredentialReport", &[]).await.refused("ReportExpired"), "");
        root.call("GenerateCredentialReport", &[]).await.ok();
        root.call("GetCredentialReport", &[]).await.ok();
    }

    async fn a_report_is_of_one_account_and_outlives_a_restart(app) {
        let root = app.root();
        create(&app, "alice").await;
        let other = app.another_account("210987654321").await;
        let before = report(&root).await;
        assert!(before.contains("alice"));
        other.call("GetCredentialReport", &[]).await.refused("ReportNotPresent");
        let foreign = report(&other).await;
        assert!(foreign.starts_with(HEADER) && !foreign.contains("alice"), "{foreign}");
        app.stop().await;
        let app = app.start_again().await;
        assert_eq!(content(&app.welcome(&root).call("GetCredentialReport", &[]).await.ok()), before);
    }

    async fn a_report_of_several_parts_is_sent_whole(app) {
        let root = app.root();
        let path = format!("/{}/", "p".repeat(510));
        let names: Vec<String> = (0..720).map(|n| format!("{n:03}{}", "n".repeat(61))).collect();
        for some in names.chunks(60) {
            let made: Vec<_> = some.iter().map(|name| {
                let (root, name, path) = (root.clone(), name.clone(), path.clone());
                tokio::spawn(async move { root.call("CreateUser", &[("UserName", &name), ("Path", &path)]).await.ok() })
            }).collect();
            for one in made {
                one.await.expect("a user");
            }
        }
        let report = report(&root).await;
        assert!(report.len() > 450_000, "{}", report.len());
        let mut lines = report.split('\n');
        assert_eq!(lines.next(), Some(HEADER));
        assert!(lines.next().is_some_and(|line| line.starts_with("<root_account>,")));
        for name in &names {
            let line = lines.next().expect("a line for each");
            assert!(line.starts_with(&format!("{name},arn:aws:iam::123456789012:user{path}{name},")), "{line}");
            assert_eq!(line.split(',').count(), 22);
        }
        assert_eq!(lines.next(), None);
    }

    async fn ac_44_a_crowd_that_asks_for_reports_gets_whole_ones(app) {
        let root = app.root();
        create(&app, "alice").await;
        root.call("GenerateCredentialReport", &[]).await.ok();
        let crowd: Vec<_> = (0..200)
            .map(|n| {
                let root = root.clone();
                tokio::spawn(async move {
                    if n % 4 == 0 {
                        let reply = root.call("GetCredentialReport", &[]).await;
                        // A report may be replaced twice between the finding of its record and that of its text.
                        if reply.status == 200 { assert!(content(&reply).contains("\nalice,")) } else { reply.refused("ServiceUnavailable"); }
                    } else {
                        assert_eq!(root.call("GenerateCredentialReport", &[]).await.ok().text("State"), "COMPLETE");
                    }
                })
            })
            .collect();
        for one in crowd {
            one.await.expect("no panic");
        }
        assert!(content(&root.call("GetCredentialReport", &[]).await.ok()).contains("\nalice,"));
    }

    async fn making_a_report_leaves_an_event_and_getting_it_needs_its_own_permission(app) {
        let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GenerateCredentialReport","Resource":"*"}}"#;
        let auditor = app.user_with("auditor", allow).await;
        auditor.call("GenerateCredentialReport", &[]).await.ok();
        auditor.call("GetCredentialReport", &[]).await.refused("AccessDenied");
        let filter = serde_json::json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "GenerateCredentialReport"}]});
        let events = app.root().lookup_events(&filter).await.to_string();
        assert!(events.contains("user/auditor"), "{events}");
    }
}
