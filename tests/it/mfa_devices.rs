//! Virtual MFA devices.

use claviger_it::{Actor, Reply, TestApp, on_both_engines, totp};

const OWN_MFA: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":["iam:CreateVirtualMFADevice","iam:DeleteVirtualMFADevice"],"Resource":"arn:aws:iam::*:mfa/*"},
  {"Effect":"Allow","Action":["iam:EnableMFADevice","iam:DeactivateMFADevice","iam:ResyncMFADevice","iam:ListMFADevices","iam:GetMFADevice"],"Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;
const WRONG: &str = "Authentication code for device is not valid.";

/// A device with its seed.
struct Device {
    serial: String,
    seed: String,
}

async fn create(actor: &Actor, name: &str) -> Device {
    let made = actor
        .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
        .await
        .ok();
    let seed = data_encoding::BASE64
        .decode(made.text("Base32StringSeed").as_bytes())
        .expect("base64");
    Device {
        serial: made.text("SerialNumber"),
        seed: String::from_utf8(seed).expect("ASCII"),
    }
}

impl Device {
    /// Asks for an operation with two codes, the second that of `steps` from now.
    async fn pair(
        &self,
        app: &TestApp,
        actor: &Actor,
        operation: &str,
        user: &str,
        steps: i64,
    ) -> Reply {
        let at = app.now().plus_seconds(30 * steps);
        let (first, second) = (totp(&self.seed, at.plus_seconds(-30)), totp(&self.seed, at));
        actor
            .call(
                operation,
                &[
                    ("UserName", user),
                    ("SerialNumber", &self.serial),
                    ("AuthenticationCode1", &first),
                    ("AuthenticationCode2", &second),
                ],
            )
            .await
    }

    async fn session(&self, app: &TestApp, actor: &Actor) -> Actor {
        let reply = actor
            .sts(
                "GetSessionToken",
                &[
                    ("SerialNumber", &self.serial),
                    ("TokenCode", &totp(&self.seed, app.now())),
                ],
            )
            .await
            .ok();
        actor.with_credentials_of(&reply)
    }
}

on_both_engines! {
    async fn a_device_is_made_enabled_taken_away_and_deleted(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = root
            .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone"), ("Path", "/eng/"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")])
            .await
            .ok();
        let serial = made.text("SerialNumber");
        assert_eq!(serial, "arn:aws:iam::123456789012:mfa/eng/phone");
        let picture = data_encoding::BASE64.decode(made.text("QRCodePNG").as_bytes()).expect("base64");
        assert!(picture.starts_with(b"\x89PNG"));
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        assert_eq!(seed.len(), 64);
        assert_eq!(made.text("Value"), "v");
        let device = Device { serial: serial.clone(), seed: String::from_utf8(seed).expect("ASCII") };

        let unassigned = root.call("ListVirtualMFADevices", &[("AssignmentStatus", "Unassigned")]).await.ok();
        assert_eq!(unassigned.all("SerialNumber"), [serial.as_str()]);
        for absent in ["Base32StringSeed", "QRCodePNG", "Tags", "User", "EnableDate"] {
            assert_eq!(unassigned.find(absent), None, "{absent}");
        }
        device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
        assert_eq!(
            device.pair(&app, &root, "EnableMFADevice", "alice", 2).await.refused("EntityAlreadyExists"),
            "MFA Device is already in use."
        );
        let held = root.call("ListMFADevices", &[("UserName", "alice")]).await.ok();
        assert_eq!(held.text("SerialNumber"), serial);
        assert_eq!(held.text("UserName"), "alice");
        assert_eq!(held.text("EnableDate"), "2026-01-02T03:04:05Z");
        let assigned = root.call("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")]).await.ok();
        assert_eq!(assigned.text("UserName"), "alice");
        assert_eq!(assigned.text("EnableDate"), "2026-01-02T03:04:05Z");
        assert!(root.call("ListVirtualMFADevices", &[("AssignmentStatus", "Unassigned")]).await.ok().all("SerialNumber").is_empty());
        let told = root.call("GetMFADevice", &[("SerialNumber", &serial), ("UserName", "alice")]).await.ok();
        assert_eq!(told.text("SerialNumber"), serial);

        assert_eq!(
            root.call("DeleteVirtualMFADevice", &[("SerialNumber", &serial)]).await.refused("DeleteConflict"),
            "MFA VirtualDevice in use. Must deactivate first."
        );
        assert_eq!(
            root.call("DeleteUser", &[("UserName", "alice")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must delete MFA device first."
        );
        root.call("DeactivateMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial)]).await.ok();
        root.call("DeleteUser", &[("UserName", "alice")]).await.ok();
        root.call("DeleteVirtualMFADevice", &[("SerialNumber", &serial)]).await.ok();
        assert_eq!(
            root.call("DeleteVirtualMFADevice", &[("SerialNumber", &serial)]).await.refused("NoSuchEntity"),
            format!("MFA Device with serial number {serial} does not exist.")
        );
    }

    async fn the_recorded_refusals_of_devices(app) {
        let root = app.root();
        create(&root, "phone").await;
        assert_eq!(
            root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "Phone")]).await.refused("EntityAlreadyExists"),
            "MFA device already exists."
        );
        for path in ["eng/", "/eng", "/a!/"] {
            assert_eq!(
                root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "x"), ("Path", path)]).await.refused("ValidationError"),
                "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
                "{path}"
            );
        }
        let long = format!("/{}/", "a".repeat(511));
        assert_eq!(
            root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "x"), ("Path", &long)]).await.refused("ValidationError"),
            "1 validation error detected: Value at 'path' failed to satisfy constraint: Member must have length less than or equal to 512"
        );
        let long = format!("/{}/", "a".repeat(300));
        root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "x"), ("Path", &long)]).await.refused("ValidationError");
        assert_eq!(root.call("ListVirtualMFADevices", &[("Marker", "x")]).await.refused("ValidationError"), "Invalid Marker.");

        let codes = [("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")];
        let serial = "arn:aws:iam::123456789012:mfa/nonexistent-mfa";
        let no_user = [("UserName", "nonexistent-user"), ("SerialNumber", serial), codes[0], codes[1]];
        for operation in ["EnableMFADevice", "ResyncMFADevice", "DeactivateMFADevice", "ListMFADevices", "GetMFADevice"] {
            assert_eq!(
                root.call(operation, &no_user).await.refused("NoSuchEntity"),
                "The user with name nonexistent-user cannot be found.",
                "{operation}"
            );
        }
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let no_device = [("UserName", "alice"), ("SerialNumber", serial), codes[0], codes[1]];
        for operation in ["EnableMFADevice", "ResyncMFADevice", "DeactivateMFADevice", "GetMFADevice"] {
            assert_eq!(
                root.call(operation, &no_device).await.refused("NoSuchEntity"),
                "MFA Device with serial number arn:aws:iam::123456789012:mfa/nonexistent-mfa does not exist.",
                "{operation}"
            );
        }
        let not_held = [("UserName", "alice"), ("SerialNumber", "arn:aws:iam::123456789012:mfa/phone"), codes[0], codes[1]];
        for operation in ["ResyncMFADevice", "DeactivateMFADevice"] {
            assert_eq!(root.call(operation, &not_held).await.refused("NoSuchEntity"), "MFA Device invalid for user.", "{operation}");
        }
        root.call("DeleteVirtualMFADevice", &[("SerialNumber", "GAHT12345678")]).await.refused("NoSuchEntity");
    }

    async fn ac_34_enrolment_codes_count_once_also_after_enrolling_again(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let device = create(&root, "phone").await;
        let wrong = [
            ("UserName", "alice"),
            ("SerialNumber", device.serial.as_str()),
            ("AuthenticationCode1", "000000"),
            ("AuthenticationCode2", "000000"),
        ];
        assert_eq!(root.call("EnableMFADevice", &wrong).await.refused("InvalidAuthenticationCode"), WRONG);
        device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
        root.call("DeactivateMFADevice", &[("UserName", "alice"), ("SerialNumber", &device.serial)]).await.ok();
        assert_eq!(device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.refused("InvalidAuthenticationCode"), WRONG);
        // One step on, the first code was used before.
        assert_eq!(device.pair(&app, &root, "EnableMFADevice", "alice", 1).await.refused("InvalidAuthenticationCode"), WRONG);
        app.clock().advance(60);
        device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
    }

    async fn a_device_ten_minutes_off_is_enabled_and_found_again_by_resynchronising(app) {
        let alice = app.user_with("alice", OWN_MFA).await;
        let device = create(&alice, "phone").await;
        device.pair(&app, &alice, "EnableMFADevice", "alice", -20).await.ok();
        app.clock().advance(300);
        let code = totp(&device.seed, app.now());
        alice.sts("GetSessionToken", &[("SerialNumber", &device.serial), ("TokenCode", &code)]).await.refused("AccessDenied");
        device.pair(&app, &alice, "ResyncMFADevice", "alice", 0).await.ok();
        app.clock().advance(30);
        device.session(&app, &alice).await.call("ListMFADevices", &[]).await.ok();
        let code = totp(&device.seed, app.now());
        alice.sts("GetSessionToken", &[("SerialNumber", &device.serial), ("TokenCode", &code)]).await.refused("AccessDenied");
    }

    async fn ac_35_tries_at_pairing_run_out_by_device(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let device = create(&root, "phone").await;
        let sibling = create(&root, "tablet").await;
        for _ in 0..9 {
            let wrong = [
                ("UserName", "alice"),
                ("SerialNumber", device.serial.as_str()),
                ("AuthenticationCode1", "000000"),
                ("AuthenticationCode2", "000001"),
            ];
            root.call("EnableMFADevice", &wrong).await.refused("InvalidAuthenticationCode");
        }
        device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.refused("InvalidAuthenticationCode");
        sibling.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
        app.clock().advance(181);
        device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
    }

    async fn who_has_a_device_needs_it_to_change_the_own_devices(app) {
        let root = app.root();
        let alice = app.user_with("alice", OWN_MFA).await;
        let first = create(&alice, "first").await;
        let second = create(&alice, "second").await;
        first.pair(&app, &alice, "EnableMFADevice", "alice", 0).await.ok();
        app.clock().advance(60);
        let mine = [("SerialNumber", first.serial.as_str())];
        alice.call("DeactivateMFADevice", &mine).await.refused("AccessDenied");
        second.pair(&app, &alice, "EnableMFADevice", "alice", 0).await.refused("AccessDenied");
        // It comes before what is missing or in use.
        let missing = [("SerialNumber", "arn:aws:iam::123456789012:mfa/none")];
        alice.call("DeactivateMFADevice", &missing).await.refused("AccessDenied");
        first.pair(&app, &alice, "ResyncMFADevice", "alice", 0).await.ok();
        // Administrators act on others.
        second.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
        app.clock().advance(60);
        let session = first.session(&app, &alice).await;
        session.call("DeactivateMFADevice", &[("SerialNumber", &second.serial)]).await.ok();
        session.call("DeactivateMFADevice", &mine).await.ok();
        assert!(root.call("ListMFADevices", &[("UserName", "alice")]).await.ok().all("SerialNumber").is_empty());
    }

    async fn a_ninth_device_of_a_user_is_refused(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        for n in 0..8 {
            let device = create(&root, &format!("d{n}")).await;
            device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
        }
        let ninth = create(&root, "d8").await;
        assert_eq!(
            ninth.pair(&app, &root, "EnableMFADevice", "alice", 0).await.refused("LimitExceeded"),
            "Cannot exceed quota limit for MFADevicesPerUser."
        );
        let page = root.call("ListMFADevices", &[("UserName", "alice"), ("MaxItems", "5")]).await.ok();
        let rest = root.call("ListMFADevices", &[("UserName", "alice"), ("Marker", &page.text("Marker"))]).await.ok();
        assert_eq!(page.all("SerialNumber").len() + rest.all("SerialNumber").len(), 8);
        let page = root.call("ListVirtualMFADevices", &[("MaxItems", "4")]).await.ok();
        let rest = root.call("ListVirtualMFADevices", &[("Marker", &page.text("Marker"))]).await.ok();
        assert_eq!(page.all("SerialNumber").len() + rest.all("SerialNumber").len(), 9);
    }

    async fn ac_44_a_device_goes_to_one_of_those_who_reach_for_it_at_once(app) {
        let root = app.root();
        let device = create(&root, "phone").await;
        for n in 0..8 {
            root.call("CreateUser", &[("UserName", &format!("u{n}"))]).await.ok();
        }
        let at = app.now();
        let codes = (totp(&device.seed, at.plus_seconds(-30)), totp(&device.seed, at));
        let crowd: Vec<_> = (0..8)
            .map(|n| {
                let (root, serial, codes) = (root.clone(), device.serial.clone(), codes.clone());
                tokio::spawn(async move {
                    let user = format!("u{n}");
                    root.call(
                        "EnableMFADevice",
                        &[("UserName", &user), ("SerialNumber", &serial), ("AuthenticationCode1", &codes.0), ("AuthenticationCode2", &codes.1)],
                    )
                    .await
                })
            })
            .collect();
        let mut won = 0;
        for one in crowd {
            won += usize::from(one.await.expect("no panic").status == 200);
        }
        assert_eq!(won, 1);
        assert_eq!(root.call("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")]).await.ok().all("UserName").len(), 1);
    }

    async fn a_new_password_ends_the_sessions_that_were_issued_before(app) {
        let root = app.root();
        let alice = app.user_with("alice", OWN_MFA).await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!")]).await.ok();
        let device = create(&root, "phone").await;
        device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
        let mut ends = Vec::new();
        for (operation, parameters) in [
            ("UpdateLoginProfile", &[("UserName", "alice"), ("PasswordResetRequired", "true")][..]),
            ("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef2!")][..]),
            ("DeleteLoginProfile", &[("UserName", "alice")][..]),
        ] {
            app.clock().advance(60);
            let session = device.session(&app, &alice).await;
            session.call("ListMFADevices", &[]).await.ok();
            root.call(operation, parameters).await.ok();
            ends.push(session.call("ListMFADevices", &[]).await.status != 200);
            alice.call("ListMFADevices", &[]).await.ok();
        }
        assert_eq!(ends, [false, true, true]);
    }

    async fn ac_45_seeds_and_codes_show_in_no_event(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let device = create(&root, "phone").await;
        device.pair(&app, &root, "EnableMFADevice", "alice", 0).await.ok();
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("EnableMFADevice"), "{events}");
        assert!(!events.contains(&device.seed));
        let code = totp(&device.seed, app.now());
        assert!(!events.contains(&format!("\"{code}")), "{events}");
    }
}
