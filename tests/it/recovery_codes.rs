//! Recovery codes.

use claviger_it::{Actor, TestApp, on_both_engines, totp};

const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:*","sts:*"],"Resource":"*"}}"#;
const WRONG: &str = "The recovery code is not valid.";

/// A user with codes and then a device, and the device's serial number.
async fn user_with_codes_and_device(app: &TestApp, name: &str) -> (Actor, Vec<String>, String) {
    let user = app.user_with(name, ALL).await;
    let codes = user
        .call("CreateRecoveryCodes", &[])
        .await
        .ok()
        .all("member");
    let made = user
        .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
        .await
        .ok();
    let seed = data_encoding::BASE64
        .decode(made.text("Base32StringSeed").as_bytes())
        .expect("base64");
    let seed = String::from_utf8(seed).expect("ASCII");
    let serial = made.text("SerialNumber");
    let (first, second) = (
        totp(&seed, app.now().plus_seconds(-30)),
        totp(&seed, app.now()),
    );
    let pair = [
        ("UserName", name),
        ("SerialNumber", &serial),
        ("AuthenticationCode1", &first),
        ("AuthenticationCode2", &second),
    ];
    user.call("EnableMFADevice", &pair).await.ok();
    (user, codes, serial)
}

fn recover<'a>(serial: &'a str, code: &'a str) -> [(&'a str, &'a str); 2] {
    [("SerialNumber", serial), ("RecoveryCode", code)]
}

on_both_engines! {
    async fn a_code_takes_a_lost_device_away_once(app) {
        let (alice, codes, serial) = user_with_codes_and_device(&app, "alice").await;
        assert_eq!(codes.len(), 10);
        assert!(codes.iter().all(|code| code.len() == 29), "{codes:?}");
        // With the key alone there is no way round the device.
        let gone = [("UserName", "alice"), ("SerialNumber", serial.as_str())];
        alice.call("DeactivateMFADevice", &gone).await.refused("AccessDenied");
        alice.call("CreateRecoveryCodes", &[]).await.refused("AccessDenied");
        alice.call("DeleteRecoveryCodes", &[]).await.refused("AccessDenied");

        let mistyped = recover("arn:aws:iam::123456789012:mfa/other", &codes[0]);
        alice.call("RecoverMFADevice", &mistyped).await.refused("NoSuchEntity");
        alice.call("RecoverMFADevice", &recover(&serial, &codes[0].to_lowercase().replace('-', " "))).await.ok();
        assert!(alice.call("ListMFADevices", &[]).await.ok().all("SerialNumber").is_empty());
        assert_eq!(alice.call("GetRecoveryCodes", &[]).await.ok().text("Remaining"), "9");
        // The device is whoever's takes it next, and can be deleted.
        alice.call("DeleteVirtualMFADevice", &[("SerialNumber", &serial)]).await.ok();
    }

    async fn a_code_is_good_once_for_its_owner_and_until_there_are_new_ones(app) {
        let (alice, codes, serial) = user_with_codes_and_device(&app, "alice").await;
        let (bob, bobs, _) = user_with_codes_and_device(&app, "bob").await;
        assert_eq!(alice.call("RecoverMFADevice", &recover(&serial, &bobs[0])).await.refused("InvalidAuthenticationCode"), WRONG);
        bob.call("RecoverMFADevice", &recover(&serial, &bobs[0])).await.refused("NoSuchEntity");
        alice.call("RecoverMFADevice", &recover(&serial, &codes[4])).await.ok();
        let fresh = alice.call("CreateRecoveryCodes", &[]).await.ok();
        assert_eq!(fresh.text("CreateDate"), "2026-01-02T03:04:05Z");
        assert_eq!(alice.call("GetRecoveryCodes", &[]).await.ok().text("Remaining"), "10");
        // Root gives the device back; neither what was used nor what was replaced helps now.
        let made = app.root().call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "second")]).await.ok();
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let serial = made.text("SerialNumber");
        let (first, second) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        app.root().call("EnableMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)]).await.ok();
        for old in [&codes[4], &codes[5]] {
            alice.call("RecoverMFADevice", &recover(&serial, old)).await.refused("InvalidAuthenticationCode");
        }
        alice.call("RecoverMFADevice", &recover(&serial, &fresh.all("member")[9])).await.ok();
    }

    async fn ac_35_tries_at_recovery_codes_run_out_also_for_the_right_one_and_over_a_restart(app) {
        let (alice, codes, serial) = user_with_codes_and_device(&app, "alice").await;
        let wrong = "00000-00000-00000-00000-00000";
        for _ in 0..10 {
            assert_eq!(alice.call("RecoverMFADevice", &recover(&serial, wrong)).await.refused("InvalidAuthenticationCode"), WRONG);
        }
        app.stop().await;
        let app = app.start_again().await;
        let alice = app.welcome(&alice);
        let said = alice.call("RecoverMFADevice", &recover(&serial, &codes[0])).await.refused("InvalidAuthenticationCode");
        assert_eq!(said, WRONG, "nobody learns that a code was right");
        app.clock().advance(3_600);
        alice.call("RecoverMFADevice", &recover(&serial, &codes[0])).await.ok();
    }

    async fn ac_44_of_a_crowd_with_one_code_one_gets_in(app) {
        let (alice, codes, serial) = user_with_codes_and_device(&app, "alice").await;
        let crowd: Vec<_> = (0..8)
            .map(|_| {
                let (alice, serial, code) = (alice.clone(), serial.clone(), codes[0].clone());
                tokio::spawn(async move { alice.call("RecoverMFADevice", &recover(&serial, &code)).await })
            })
            .collect();
        let mut won = 0;
        for one in crowd {
            let reply = one.await.expect("no panic");
            match reply.find("Code").as_deref() {
                None => won += 1,
                // The device is gone already, or the code.
                Some("NoSuchEntity" | "InvalidAuthenticationCode") => {}
                Some(other) => panic!("{other}: {}", reply.body),
            }
        }
        assert_eq!(won, 1);
        assert_eq!(alice.call("GetRecoveryCodes", &[]).await.ok().text("Remaining"), "9");
    }

    async fn root_has_codes_and_an_administrator_sees_how_many_but_never_which(app) {
        let root = app.root();
        root.call("GetRecoveryCodes", &[]).await.refused("NoSuchEntity");
        assert_eq!(root.call("CreateRecoveryCodes", &[]).await.ok().all("member").len(), 10);
        assert_eq!(root.call("GetRecoveryCodes", &[]).await.ok().text("Remaining"), "10");
        let (_, codes, _) = user_with_codes_and_device(&app, "alice").await;
        let told = root.call("GetRecoveryCodes", &[("UserName", "alice")]).await.ok();
        assert_eq!(told.text("Remaining"), "10");
        assert!(codes.iter().all(|code| !told.body.contains(code)));
        root.call("DeleteRecoveryCodes", &[("UserName", "alice")]).await.ok();
        root.call("GetRecoveryCodes", &[("UserName", "alice")]).await.refused("NoSuchEntity");
        root.call("GetRecoveryCodes", &[("UserName", "nobody")]).await.refused("NoSuchEntity");
        root.call("DeleteRecoveryCodes", &[]).await.ok();
        root.call("DeleteRecoveryCodes", &[]).await.refused("NoSuchEntity");
    }

    async fn ac_45_a_code_shows_in_no_event(app) {
        let (alice, codes, serial) = user_with_codes_and_device(&app, "alice").await;
        alice.call("RecoverMFADevice", &recover(&serial, &codes[0])).await.ok();
        let events = app.root().lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("CreateRecoveryCodes") && events.contains("RecoverMFADevice"), "{events}");
        for code in codes {
            assert!(!events.contains(&code) && !events.contains(&code.replace('-', "")));
        }
    }
}
