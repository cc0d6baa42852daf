//! Hardware MFA devices: imported, and from then on as any other.

use std::time::Duration;

use claviger_it::{Actor, Reply, TestApp, on_both_engines, totp};

const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const OTHER_SEED: &str = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U";

fn file(serials: &[&str]) -> String {
    let lines: String = serials
        .iter()
        .map(|serial| format!("{serial},{SEED}\r\n"))
        .collect();
    format!("serial number,secret key\r\n{lines}")
}

async fn import(actor: &Actor, content: &str) -> Reply {
    actor
        .call(
            "ImportHardwareMFADevices",
            &[("Format", "CSV"), ("Content", content)],
        )
        .await
}

/// Asks for an operation with the two codes that a device shows now.
async fn pair(app: &TestApp, operation: &str, user: &str, serial: &str) -> Reply {
    let (first, second) = (
        totp(SEED, app.now().plus_seconds(-30)),
        totp(SEED, app.now()),
    );
    let parameters = [
        ("UserName", user),
        ("SerialNumber", serial),
        ("AuthenticationCode1", &first),
        ("AuthenticationCode2", &second),
    ];
    app.root().call(operation, &parameters).await
}

on_both_engines! {
    async fn a_device_is_imported_enabled_used_resynchronised_taken_away_and_deleted(app) {
        let root = app.root();
        let alice = app.user_with("alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}"#).await;
        let made = import(&root, &file(&["GAHT12345678", "GAHT12345679"])).await.ok();
        assert_eq!(made.all("member"), ["GAHT12345678", "GAHT12345679"]);
        pair(&app, "EnableMFADevice", "alice", "gaht12345678").await.ok();
        let held = root.call("ListMFADevices", &[("UserName", "alice")]).await.ok();
        assert_eq!(held.all("SerialNumber"), ["GAHT12345678"], "no resource name");
        let got = root.call("GetMFADevice", &[("UserName", "alice"), ("SerialNumber", "GAHT12345678")]).await.ok();
        assert_eq!(got.text("EnableDate"), "2026-01-02T03:04:05Z");
        let listed = root.call("ListHardwareMFADevices", &[]).await.ok();
        assert_eq!(listed.all("SerialNumber"), ["GAHT12345678", "GAHT12345679"]);
        assert_eq!(listed.all("UserName"), ["alice"]);
        assert!(root.call("ListVirtualMFADevices", &[]).await.ok().all("SerialNumber").is_empty());
        let summary = root.call("GetAccountSummary", &[]).await.ok().body;
        for (name, count) in [("MFADevices", 2), ("MFADevicesInUse", 1)] {
            assert!(summary.contains(&format!("<key>{name}</key><value>{count}</value>")), "{summary}");
        }

        app.clock().advance(60);
        let code = totp(SEED, app.now());
        let session = [("SerialNumber", "GAHT12345678"), ("TokenCode", code.as_str())];
        alice.sts("GetSessionToken", &session).await.ok();
        alice.sts("GetSessionToken", &session).await.refused("AccessDenied");
        app.clock().advance(90);
        pair(&app, "ResyncMFADevice", "alice", "GAHT12345678").await.ok();
        assert_eq!(
            pair(&app, "EnableMFADevice", "alice", "GAHT12345678").await.refused("EntityAlreadyExists"),
            "MFA Device is already in use."
        );
        root.call("DeactivateMFADevice", &[("UserName", "alice"), ("SerialNumber", "GAHT12345678")]).await.ok();
        // It stays, and another user can have it.
        root.call("CreateUser", &[("UserName", "bob")]).await.ok();
        app.clock().advance(90);
        pair(&app, "EnableMFADevice", "bob", "GAHT12345678").await.ok();
        root.call("DeactivateMFADevice", &[("UserName", "bob"), ("SerialNumber", "GAHT12345678")]).await.ok();
        root.call("DeleteHardwareMFADevice", &[("SerialNumber", "GAHT12345678")]).await.ok();
        assert_eq!(root.call("ListHardwareMFADevices", &[]).await.ok().all("SerialNumber"), ["GAHT12345679"]);
    }

    async fn every_device_tells_what_it_is_and_when_it_last_proved_itself(app) {
        let root = app.root();
        let alice = app.user_with("alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:*","iam:ListMFADevices"],"Resource":"*"}}"#).await;
        import(&root, &file(&["GAHT12345678"])).await.ok();
        pair(&app, "EnableMFADevice", "alice", "GAHT12345678").await.ok();
        let details = async || alice.call("ListMFADeviceDetails", &[]).await.ok();
        let told = details().await;
        assert_eq!((told.text("SerialNumber"), told.text("Kind")), ("GAHT12345678".into(), "Hardware".into()));
        assert_eq!(told.text("EnableDate"), "2026-01-02T03:04:05Z");
        assert_eq!(told.text("LastUsedDate"), "2026-01-02T03:04:05Z", "by the codes that paired it");

        app.clock().advance(61);
        let code = totp(SEED, app.now());
        let session = [("SerialNumber", "GAHT12345678"), ("TokenCode", code.as_str())];
        alice.sts("GetSessionToken", &session).await.ok();
        assert_eq!(details().await.text("LastUsedDate"), "2026-01-02T03:05:06Z");
        app.clock().advance(1);
        alice.sts("GetSessionToken", &session).await.refused("AccessDenied");
        assert_eq!(details().await.text("LastUsedDate"), "2026-01-02T03:05:06Z", "a refused code is no use");

        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]).await.ok();
        let seed = String::from_utf8(data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64")).expect("ASCII");
        let (first, second) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        let serial = made.text("SerialNumber");
        root.call("EnableMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)]).await.ok();
        let told = root.call("ListMFADeviceDetails", &[("UserName", "alice")]).await.ok();
        assert_eq!(told.all("Kind"), ["Hardware", "Virtual"]);
        assert_eq!(told.find("DeviceName"), None);
        // A name is for people: the serial number stays, in whatever case it is given.
        let rename = [("UserName", "alice"), ("SerialNumber", "gaht12345678"), ("DeviceName", "Token in the safe")];
        root.call("RenameMFADevice", &rename).await.ok();
        alice.call("RenameMFADevice", &rename).await.refused("AccessDenied");
        let told = root.call("ListMFADeviceDetails", &[("UserName", "alice")]).await.ok();
        assert_eq!(told.all("DeviceName"), ["Token in the safe"]);
        assert_eq!(told.all("SerialNumber"), ["GAHT12345678", serial.as_str()]);
        root.call("RenameMFADevice", &rename[..2]).await.ok();
        let told = root.call("ListMFADeviceDetails", &[("UserName", "alice")]).await.ok();
        assert_eq!(told.find("DeviceName"), None);
        assert_eq!(told.all("LastUsedDate"), ["2026-01-02T03:05:06Z", "2026-01-02T03:05:07Z"]);
        assert!(root.call("ListMFADeviceDetails", &[]).await.ok().all("Kind").is_empty());
    }

    async fn a_file_is_imported_as_a_whole_or_not_at_all(app) {
        let root = app.root();
        import(&root, &file(&["GAHT12345678"])).await.ok();
        let said = import(&root, &file(&["GAHT12345679", "gaht12345678"])).await.refused("EntityAlreadyExists");
        assert_eq!(said, "MFA device with serial number gaht12345678 already exists.");
        for (format, content) in [("CSV", "serial number,secret key\nGAHT12345670,short"), ("PSKC", "<KeyContainer>"), ("CSV", "nothing")] {
            root.call("ImportHardwareMFADevices", &[("Format", format), ("Content", content)]).await.refused("InvalidInput");
        }
        assert_eq!(root.call("ListHardwareMFADevices", &[]).await.ok().all("SerialNumber"), ["GAHT12345678"]);
        // Another account may have a device of the same vendor's number.
        let other = app.another_account("210987654321").await;
        import(&other, &file(&["GAHT12345678"])).await.ok();
    }

    async fn a_user_holds_eight_devices_of_any_kind_and_a_crowd_gets_no_more(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let serials: Vec<String> = (0..200).map(|n| format!("GAHT123456{n:03}")).collect();
        import(&root, &file(&serials.iter().map(String::as_str).collect::<Vec<_>>())).await.ok();
        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]).await.ok();
        let seed = String::from_utf8(data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64")).expect("ASCII");
        let (first, second) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        let serial = made.text("SerialNumber");
        root.call("EnableMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)]).await.ok();
        let crowd: Vec<_> = serials
            .iter()
            .map(|serial| {
                let (app, serial) = (app.clone(), serial.clone());
                tokio::spawn(async move {
                    loop {
                        let reply = pair(&app, "EnableMFADevice", "alice", &serial).await;
                        // As every client does with what it is told to try again.
                        if reply.status != 503 {
                            return reply;
                        }
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                })
            })
            .collect();
        let mut enabled = 1;
        for one in crowd {
            let reply = one.await.expect("no panic");
            if reply.status == 200 {
                enabled += 1;
            } else {
                reply.refused("LimitExceeded");
            }
        }
        assert_eq!(enabled, 8);
        let held = root.call("ListMFADevices", &[("UserName", "alice")]).await.ok().all("SerialNumber");
        assert_eq!((held.len(), held.contains(&serial)), (8, true));
    }

    async fn ac_44_a_crowd_that_imports_one_file_imports_it_once(app) {
        let root = app.root();
        let crowd: Vec<_> = (0..200)
            .map(|_| {
                let root = root.clone();
                tokio::spawn(async move { import(&root, &file(&["GAHT12345678", "GAHT12345679"])).await })
            })
            .collect();
        let mut imported = 0;
        for one in crowd {
            let reply = one.await.expect("no panic");
            if reply.status == 200 {
                imported += 1;
            } else {
                reply.refused("EntityAlreadyExists");
            }
        }
        assert_eq!(imported, 1);
        assert_eq!(root.call("ListHardwareMFADevices", &[]).await.ok().all("SerialNumber").len(), 2);
    }

    async fn devices_are_listed_page_by_page(app) {
        let root = app.root();
        import(&root, &file(&["GAHT000000C", "GAHT000000a", "GAHT000000B"])).await.ok();
        let page = root.call("ListHardwareMFADevices", &[("MaxItems", "2")]).await.ok();
        assert_eq!(page.all("SerialNumber"), ["GAHT000000a", "GAHT000000B"]);
        let rest = root.call("ListHardwareMFADevices", &[("Marker", &page.text("Marker"))]).await.ok();
        assert_eq!(rest.all("SerialNumber"), ["GAHT000000C"]);
    }

    async fn ac_45_a_seed_shows_in_no_event_and_no_refusal(app) {
        let root = app.root();
        import(&root, &file(&["GAHT12345678"])).await.ok();
        let broken = import(&root, &format!("serial number,secret key\nshort,{OTHER_SEED}")).await;
        broken.refused("InvalidInput");
        assert!(!broken.body.contains(OTHER_SEED));
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("ImportHardwareMFADevices"), "{events}");
        assert!(!events.contains(SEED));
    }
}
