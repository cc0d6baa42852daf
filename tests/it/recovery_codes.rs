//! Recovery codes.

use claviger_it::{Actor, TestApp, on_both_engines, totp};

const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:*","sts:*"],"Resource":"*"}}"#;
const WRONG: &str = "The recovery code is not valid.";

/// A device that shows codes, in somebody's hands.
struct Device {
    serial: String,
    seed: String,
}

impl Device {
    /// Makes one and has `enable` put it into the holder's hands; `user` is absent for root.
    async fn enabled(
        app: &TestApp,
        by: &Actor,
        name: &str,
        operation: &str,
        user: Option<&str>,
    ) -> Self {
        let made = by
            .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
            .await
            .ok();
        let seed = data_encoding::BASE64
            .decode(made.text("Base32StringSeed").as_bytes())
            .expect("base64");
        let device = Self {
            serial: made.text("SerialNumber"),
            seed: String::from_utf8(seed).expect("ASCII"),
        };
        let (first, second) = (device.code(app, -2), device.code(app, -1));
        let mut pair = vec![
            ("SerialNumber", device.serial.as_str()),
            ("AuthenticationCode1", &first),
            ("AuthenticationCode2", &second),
        ];
        pair.extend(user.map(|user| ("UserName", user)));
        by.call(operation, &pair).await.ok();
        device
    }

    fn code(&self, app: &TestApp, steps: i64) -> String {
        totp(&self.seed, app.now().plus_seconds(30 * steps))
    }

    /// A session that was opened with the device.
    async fn session(&self, app: &TestApp, holder: &Actor) -> Actor {
        let code = self.code(app, 0);
        let parameters = [("SerialNumber", self.serial.as_str()), ("TokenCode", &code)];
        let reply = holder.sts("GetSessionToken", &parameters).await.ok();
        holder.with_credentials_of(&reply)
    }
}

/// A user with a device and codes, and the device's serial number.
async fn user_with_codes_and_device(app: &TestApp, name: &str) -> (Actor, Vec<String>, String) {
    let user = app.user_with(name, ALL).await;
    let device = Device::enabled(app, &user, name, "EnableMFADevice", Some(name)).await;
    let with_mfa = device.session(app, &user).await;
    let made = with_mfa.call("CreateRecoveryCodes", &[]).await.ok();
    (user, made.all("member"), device.serial)
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
        // Root gives another; with it there are new codes, and neither what was used nor what was replaced helps now.
        let second = Device::enabled(&app, &app.root(), "second", "EnableMFADevice", Some("alice")).await;
        let fresh = second.session(&app, &alice).await.call("CreateRecoveryCodes", &[]).await.ok();
        assert_eq!(fresh.text("CreateDate"), "2026-01-02T03:04:05Z");
        assert_eq!(alice.call("GetRecoveryCodes", &[]).await.ok().text("Remaining"), "10");
        for old in [&codes[4], &codes[5]] {
            alice.call("RecoverMFADevice", &recover(&second.serial, old)).await.refused("InvalidAuthenticationCode");
        }
        alice.call("RecoverMFADevice", &recover(&second.serial, &fresh.all("member")[9])).await.ok();
    }

    async fn ac_40_who_has_no_device_makes_no_codes_that_could_take_a_later_one_away(app) {
        let alice = app.user_with("alice", ALL).await;
        let said = alice.call("CreateRecoveryCodes", &[]).await.refused("AccessDenied");
        assert!(said.ends_with("because the request was not authenticated with MFA"), "{said}");
        app.root().call("CreateRecoveryCodes", &[]).await.refused("AccessDenied");
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
        let device = Device::enabled(&app, &root, "roots", "EnableRootMFADevice", None).await;
        let root = device.session(&app, &root).await;
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

    async fn ac_40_with_a_stolen_key_alone_no_factor_is_added_replaced_or_taken_away(app) {
        let (alice, _, serial) = user_with_codes_and_device(&app, "alice").await;
        let made = alice.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "thiefs")]).await.ok();
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let (first, second) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        let thiefs = made.text("SerialNumber");
        let name = ("UserName", "alice");
        let changes: [(&str, &[(&str, &str)]); 6] = [
            ("EnableMFADevice", &[name, ("SerialNumber", &thiefs), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)]),
            ("DeactivateMFADevice", &[name, ("SerialNumber", &serial)]),
            ("BeginSecurityKeyRegistration", &[name]),
            ("FinishSecurityKeyRegistration", &[name, ("SecurityKeyName", "thiefs"), ("RegistrationResponse", "{}")]),
            ("CreateRecoveryCodes", &[]),
            ("DeleteRecoveryCodes", &[name]),
        ];
        for (operation, parameters) in changes {
            let said = alice.call(operation, parameters).await.refused("AccessDenied");
            assert!(said.ends_with("because the request was not authenticated with MFA"), "{operation}: {said}");
        }
        assert_eq!(alice.call("ListMFADevices", &[]).await.ok().all("SerialNumber"), [serial]);
        assert_eq!(alice.call("GetRecoveryCodes", &[]).await.ok().text("Remaining"), "10");
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
