//! Signing in to the console, step by step, and what a session lasts.

mod ended;
mod lasting;
mod switching;

use std::net::{IpAddr, Ipv4Addr};

use claviger_iam::context::{Door, RequestFacts};
use claviger_iam::entity::console_session::ConsoleToken;
use claviger_iam::operation::Operation;
use claviger_iam::operation::access_keys::CreateAccessKey;
use claviger_iam::operation::console_sessions::{EndConsoleSessions, ListConsoleSessions};
use claviger_iam::operation::login_profiles::ChangePassword;
use claviger_iam::operation::mfa_devices::{CreateVirtualMFADevice, EnableMFADevice};
use claviger_iam::operation::sessions::{Credentials, GetSessionToken};
use claviger_iam::operation::sign_in_settings::UpdateSignInSettings;
use claviger_iam::operation::users::{GetUser, ListUsers};
use claviger_iam::signin::{
    AtConsole, AwaitingFactor, AwaitingPassword, Factor, Next, Opened, PasswordAttempt, Refusal,
    SignInName,
};
use claviger_iam::{Fault, Iam};
use claviger_it::{ACCOUNT, Actor, ROOT_EMAIL, ROOT_PASSWORD, TestApp, on_both_engines, totp};
use claviger_model::{Code, Scalar, Secret};

pub(crate) const PASSWORD: &str = "Correct-Horse-1";
const OTHER: &str = "Battery-Staple-2";
const SERIAL: &str = "arn:aws:iam::123456789012:mfa/alice";
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
pub(crate) const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9));

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn request(app: &TestApp, source_ip: IpAddr) -> RequestFacts {
    RequestFacts {
        id: "a-request".into(),
        source_ip,
        user_agent: Some(String::from("Browser/1")),
        referer: None,
        secure_transport: true,
        region: "us-east-1".into(),
        door: Door::Aws,
        now: app.now(),
    }
}

/// A user with a password, who may do what the policy says.
pub(crate) async fn person(app: &TestApp, name: &str, policy: &str) -> Actor {
    let user = app.user_with(name, policy).await;
    let profile = [("UserName", name), ("Password", PASSWORD)];
    app.root().call("CreateLoginProfile", &profile).await.ok();
    user
}

pub(crate) async fn attempt(
    app: &TestApp,
    name: SignInName<'_>,
    password: &str,
    source_ip: IpAddr,
    known_browser: Option<&str>,
) -> Result<Next, Refusal> {
    let password = secret(password);
    let attempt = PasswordAttempt {
        name,
        password: &password,
        known_browser,
    };
    app.iam().sign_in(&attempt, &request(app, source_ip)).await
}

pub(crate) async fn by_name(app: &TestApp, name: &str, password: &str) -> Result<Next, Refusal> {
    let name = SignInName::User {
        account: ACCOUNT,
        name,
    };
    attempt(app, name, password, HERE, None).await
}

pub(crate) fn opened(next: Result<Next, Refusal>) -> Opened {
    match next {
        Ok(Next::Open(opened)) => opened,
        other => panic!("no session: {other:?}"),
    }
}

pub(crate) fn factor(next: Result<Next, Refusal>) -> AwaitingFactor {
    match next {
        Ok(Next::Factor(waiting)) => waiting,
        other => panic!("no second factor is asked for: {other:?}"),
    }
}

pub(crate) fn password(next: Result<Next, Refusal>) -> AwaitingPassword {
    match next {
        Ok(Next::Password(waiting)) => waiting,
        other => panic!("no password is asked for: {other:?}"),
    }
}

pub(crate) fn is_wrong<T: std::fmt::Debug>(outcome: Result<T, Refusal>) {
    assert!(matches!(outcome, Err(Refusal::Wrong)), "{outcome:?}");
}

pub(crate) fn is_over<T: std::fmt::Debug>(outcome: Result<T, Refusal>) {
    assert!(matches!(outcome, Err(Refusal::Over)), "{outcome:?}");
}

pub(crate) async fn at(app: &TestApp, token: &ConsoleToken) -> Result<AtConsole, Refusal> {
    app.iam().at_console(token, &request(app, HERE)).await
}

/// Runs an operation at the console.
pub(crate) async fn run<O: Operation>(
    app: &TestApp,
    at: &AtConsole,
    operation: O,
) -> Result<O::Output, Fault> {
    let iam: &Iam = app.iam();
    let request = request(app, HERE);
    let admitted = iam.admit_at_console(at, &request).await?;
    iam.call(&operation, admitted, &request).await
}

/// Makes a virtual device at the console: its seed.
async fn create(app: &TestApp, at: &AtConsole, name: &str) -> Result<String, Fault> {
    let create = CreateVirtualMFADevice {
        path: None,
        virtual_mfa_device_name: Scalar::parse(name).expect("a name"),
        tags: Vec::new(),
    };
    let made = run(app, at, create).await?.virtual_mfa_device;
    let seed = made.base32_string_seed.expect("told once");
    Ok(String::from_utf8(seed.expose().0.clone()).expect("ASCII"))
}

/// Puts a virtual device into the hands of a user at the console.
fn enable(app: &TestApp, user: &str, seed: &str) -> EnableMFADevice {
    let code = |seconds: i64| {
        let code = totp(seed, app.now().plus_seconds(seconds));
        Secret::new(Scalar::parse(&code).expect("a code"))
    };
    EnableMFADevice {
        user_name: Scalar::parse(user).expect("a name"),
        serial_number: Scalar::parse(SERIAL).expect("a serial number"),
        authentication_code1: code(-30),
        authentication_code2: code(0),
    }
}

fn list_users() -> ListUsers {
    ListUsers {
        path_prefix: None,
        page: claviger_iam::operation::page::Paged {
            marker: None,
            max_items: None,
        },
    }
}

/// A device in the hands of a user: its serial number and seed.
pub(crate) async fn device(app: &TestApp, user: &str) -> (String, String) {
    device_called(app, user, user).await
}

/// The same, of this name.
pub(crate) async fn device_called(app: &TestApp, user: &str, name: &str) -> (String, String) {
    let root = app.root();
    let made = root
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
    root.call(
        "EnableMFADevice",
        &[
            ("UserName", user),
            ("SerialNumber", &serial),
            ("AuthenticationCode1", &first),
            ("AuthenticationCode2", &second),
        ],
    )
    .await
    .ok();
    app.clock().advance(30);
    (serial, seed)
}

pub(crate) async fn events(app: &TestApp, name: &str) -> Vec<serde_json::Value> {
    app.iam().flush().await;
    let wanted = serde_json::json!({
        "LookupAttributes": [{ "AttributeKey": "EventName", "AttributeValue": name }],
    });
    let found = app.root().lookup_events(&wanted).await;
    found["Events"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| {
            serde_json::from_str(event["CloudTrailEvent"].as_str().expect("a text")).expect("JSON")
        })
        .collect()
}

on_both_engines! {
    async fn a_password_opens_a_session_that_acts_as_its_user(app) {
        person(&app, "alice", ALL).await;
        let opened = opened(by_name(&app, "ALICE", PASSWORD).await);
        let alice = at(&app, &opened.token).await.expect("a session");
        assert_eq!(alice.principal().arn.as_str(), "arn:aws:iam::123456789012:user/alice");
        run(&app, &alice, list_users()).await.expect("allowed");

        let used = app.root().call("GetUser", &[("UserName", "alice")]).await.ok();
        assert_eq!(used.text("PasswordLastUsed"), app.now().to_string());
        let told = events(&app, "ConsoleLogin").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["responseElements"]["ConsoleLogin"], "Success");
        assert_eq!(told[0]["additionalEventData"]["MFAUsed"], "No");
        assert_eq!(told[0]["userIdentity"]["userName"], "alice");
    }

    async fn the_root_user_signs_in_by_its_address(app) {
        let root = SignInName::Root { email: &ROOT_EMAIL.to_uppercase() };
        let opened = opened(attempt(&app, root, ROOT_PASSWORD, HERE, None).await);
        let root = at(&app, &opened.token).await.expect("a session");
        assert_eq!(root.principal().arn.as_str(), "arn:aws:iam::123456789012:root");
    }

    async fn ac_30_whatever_is_wrong_the_answer_is_one(app) {
        person(&app, "alice", ALL).await;
        app.user_with("keys-only", ALL).await;
        is_wrong(by_name(&app, "alice", OTHER).await);
        is_wrong(by_name(&app, "nobody", PASSWORD).await);
        is_wrong(by_name(&app, "keys-only", PASSWORD).await);
        is_wrong(by_name(&app, "", "").await);
        let elsewhere = SignInName::User { account: "999999999999", name: "alice" };
        is_wrong(attempt(&app, elsewhere, PASSWORD, HERE, None).await);
        let nobody = SignInName::Root { email: "nobody@example.com" };
        is_wrong(attempt(&app, nobody, PASSWORD, HERE, None).await);

        let told = events(&app, "ConsoleLogin").await;
        let names: Vec<_> = told.iter().map(|event| event["userIdentity"]["userName"].as_str()).collect();
        assert!(told.iter().all(|event| event["errorMessage"] == "Failed authentication"));
        assert_eq!(names.iter().filter(|name| **name == Some("alice")).count(), 1, "{names:?}");
        // A name that nobody has is not repeated.
        assert!(!names.contains(&Some("nobody")), "{names:?}");
        assert!(names.contains(&Some("HIDDEN_DUE_TO_SECURITY_REASONS")), "{names:?}");
    }

    async fn ac_41_a_password_is_taken_whole_or_not_at_all(app) {
        person(&app, "alice", ALL).await;
        for bad in [format!(" {PASSWORD}"), format!("{PASSWORD} "), "p".repeat(1 << 20), format!("{PASSWORD}\0"), PASSWORD.to_lowercase()] {
            is_wrong(by_name(&app, "alice", &bad).await);
        }
        opened(by_name(&app, "alice", PASSWORD).await);
    }

    async fn ac_31_no_more_passwords_are_looked_at_than_there_are_tickets(app) {
        person(&app, "alice", ALL).await;
        let before = opened(by_name(&app, "alice", PASSWORD).await);
        let known = before.known_browser.seal(app.iam()).expect("sealed");
        let mut tries = Vec::new();
        for _ in 0..100 {
            let app = app.clone();
            tries.push(tokio::spawn(async move { by_name(&app, "alice", OTHER).await }));
        }
        let mut wrong = 0;
        for one in tries {
            match one.await.expect("no panic") {
                Err(Refusal::Wrong) => wrong += 1,
                Err(Refusal::TooMany) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(wrong, 10);
        let failures = events(&app, "ConsoleLogin").await;
        // The first is told by itself, those that follow it within a minute are counted.
        let failures = failures.iter().filter(|event| event["errorMessage"].is_string());
        let failures: u64 = failures.map(|event| event["additionalEventData"]["occurrences"].as_u64().unwrap_or(1)).sum();
        assert_eq!(failures, 10);

        // The right one is not looked at either, from there.
        assert!(matches!(by_name(&app, "alice", PASSWORD).await, Err(Refusal::TooMany)));
        // A stranger has locked nobody out: not from elsewhere, and not where alice has signed in before.
        let alice = SignInName::User { account: ACCOUNT, name: "alice" };
        opened(attempt(&app, alice, PASSWORD, ELSEWHERE, None).await);
        opened(attempt(&app, alice, PASSWORD, HERE, Some(known.expose())).await);
        // What tells her browser tells no other.
        let bob = SignInName::User { account: ACCOUNT, name: "bob" };
        person(&app, "bob", ALL).await;
        for _ in 0..10 {
            is_wrong(attempt(&app, bob, OTHER, ELSEWHERE, Some(known.expose())).await);
        }
        assert!(matches!(attempt(&app, bob, PASSWORD, ELSEWHERE, Some(known.expose())).await, Err(Refusal::TooMany)));
        app.clock().advance(901);
        opened(by_name(&app, "alice", PASSWORD).await);
    }

    async fn ac_31_one_password_tried_at_all_names_is_stopped_at_its_source(app) {
        for number in 0..100 {
            is_wrong(by_name(&app, &format!("user-{number}"), OTHER).await);
        }
        assert!(matches!(by_name(&app, "user-100", OTHER).await, Err(Refusal::TooMany)));
    }

    async fn a_device_asks_for_its_code_and_the_session_has_proved_it(app) {
        person(&app, "alice", ALL).await;
        let (serial, seed) = device(&app, "alice").await;
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        assert_eq!(waiting.factors, [Factor::Totp { serial: serial.clone(), name: None, hardware: false }]);
        let cookie = waiting.seal(app.iam()).expect("sealed");

        let here = request(&app, HERE);
        let code = secret(&totp(&seed, app.now()));
        for wrong in ["000000", "12345", "\u{ff11}23456", " 123456"] {
            let waiting = app.iam().awaiting_factor(cookie.expose(), &here).await.expect("it waits");
            is_wrong(app.iam().sign_in_with_code(waiting, &serial, &secret(wrong), &here).await);
        }
        let waiting = app.iam().awaiting_factor(cookie.expose(), &here).await.expect("it waits");
        let opened = opened(app.iam().sign_in_with_code(waiting.clone(), &serial, &code, &here).await);
        let alice = at(&app, &opened.token).await.expect("a session");
        assert_eq!(alice.session().mfa, Some(app.now()));
        // The code is used up.
        is_wrong(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);
        let told = events(&app, "ConsoleLogin").await;
        let success = told.iter().find(|event| event["responseElements"]["ConsoleLogin"] == "Success").expect("told");
        assert_eq!(success["additionalEventData"]["MFAUsed"], "Yes");
        assert_eq!(success["additionalEventData"]["MFAIdentifier"], serial.as_str());
    }

    async fn a_recovery_code_stands_in_for_the_device_once(app) {
        let alice = person(&app, "alice", ALL).await;
        let (serial, seed) = device(&app, "alice").await;
        let proof = [("SerialNumber", serial.as_str()), ("TokenCode", &totp(&seed, app.now()))];
        let reply = alice.sts("GetSessionToken", &proof).await.ok();
        let codes = alice.with_credentials_of(&reply).call("CreateRecoveryCodes", &[]).await.ok().all("member");
        let here = request(&app, HERE);
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        assert_eq!(waiting.factors.last(), Some(&Factor::RecoveryCode));
        let code = secret(&codes[0]);
        opened(app.iam().sign_in_with_recovery_code(waiting.clone(), &code, &here).await);
        is_wrong(app.iam().sign_in_with_recovery_code(waiting, &code, &here).await);
    }

    async fn ac_37_and_ac_39_what_is_half_open_opens_nothing_else(app) {
        person(&app, "alice", ALL).await;
        person(&app, "bob", ALL).await;
        device(&app, "alice").await;
        let reset = [("UserName", "bob"), ("PasswordResetRequired", "true")];
        app.root().call("UpdateLoginProfile", &reset).await.ok();
        let here = request(&app, HERE);
        let factor = factor(by_name(&app, "alice", PASSWORD).await).seal(app.iam()).expect("sealed");
        let password = password(by_name(&app, "bob", PASSWORD).await).seal(app.iam()).expect("sealed");
        for cookie in [&factor, &password] {
            assert!(ConsoleToken::parse(cookie.expose()).is_none());
        }
        is_over(app.iam().awaiting_password(factor.expose(), &here).await);
        is_over(app.iam().awaiting_factor(password.expose(), &here).await);
        let session = reply_token(&app).await;
        is_over(app.iam().awaiting_factor(&session, &here).await);
        // A known browser is no permission for anything.
        let known = opened(attempt(&app, SignInName::Root { email: ROOT_EMAIL }, ROOT_PASSWORD, HERE, None).await);
        let known = known.known_browser.seal(app.iam()).expect("sealed");
        is_over(app.iam().awaiting_factor(known.expose(), &here).await);

        app.clock().advance(600);
        let later = request(&app, HERE);
        is_over(app.iam().awaiting_factor(factor.expose(), &later).await);
        is_over(app.iam().awaiting_password(password.expose(), &later).await);
    }

    async fn ac_32_every_step_looks_again(app) {
        person(&app, "alice", ALL).await;
        let (serial, seed) = device(&app, "alice").await;
        let here = request(&app, HERE);
        let code = secret(&totp(&seed, app.now()));
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let cookie = waiting.seal(app.iam()).expect("sealed");
        let other = [("UserName", "alice"), ("Password", OTHER)];
        app.root().call("UpdateLoginProfile", &other).await.ok();
        is_over(app.iam().awaiting_factor(cookie.expose(), &here).await);
        is_over(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);

        app.clock().advance(30);
        let here = request(&app, HERE);
        let waiting = factor(by_name(&app, "alice", OTHER).await);
        app.root().call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
        let code = secret(&totp(&seed, app.now()));
        is_over(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);
    }

    async fn a_password_set_by_another_is_changed_first_where_policies_allow(app) {
        person(&app, "alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}}"#).await;
        let reset = [("UserName", "alice"), ("PasswordResetRequired", "true")];
        app.root().call("UpdateLoginProfile", &reset).await.ok();
        let here = request(&app, HERE);
        let (old, new) = (secret(PASSWORD), secret(OTHER));
        let waiting = password(by_name(&app, "alice", PASSWORD).await);
        assert!(!waiting.expired);
        match app.iam().sign_in_with_new_password(waiting.clone(), &old, &new, &here).await {
            Err(Refusal::Fault(fault)) => {
                assert_eq!(fault.code(), Code::AccessDenied);
                assert!(fault.message().unwrap_or_default().contains("iam:ChangePassword"), "{fault}");
            }
            other => panic!("{other:?}"),
        }
        let attach = [("UserName", "alice"), ("PolicyArn", "arn:aws:iam::aws:policy/IAMUserChangePassword")];
        app.root().call("AttachUserPolicy", &attach).await.ok();
        for (old, new, code) in [(OTHER, OTHER, Code::AccessDenied), (PASSWORD, "short", Code::PasswordPolicyViolation)] {
            match app.iam().sign_in_with_new_password(waiting.clone(), &secret(old), &secret(new), &here).await {
                Err(Refusal::Fault(fault)) => assert_eq!(fault.code(), code, "{fault}"),
                other => panic!("{other:?}"),
            }
        }
        let opened = opened(app.iam().sign_in_with_new_password(waiting.clone(), &old, &new, &here).await);
        at(&app, &opened.token).await.expect("a session");
        is_over(app.iam().sign_in_with_new_password(waiting, &old, &new, &here).await);
    }

    async fn a_password_expires_softly_or_hard(app) {
        person(&app, "alice", ALL).await;
        let root = app.root();
        let soft = [("MaxPasswordAge", "10"), ("AllowUsersToChangePassword", "true")];
        root.call("UpdateAccountPasswordPolicy", &soft).await.ok();
        let before = opened(by_name(&app, "alice", PASSWORD).await);
        assert_eq!(before.password_expires, Some(app.now().plus_seconds(10 * 86_400)));
        app.clock().advance(10 * 86_400);
        assert!(password(by_name(&app, "alice", PASSWORD).await).expired);
        let hard = [("MaxPasswordAge", "10"), ("HardExpiry", "true")];
        root.call("UpdateAccountPasswordPolicy", &hard).await.ok();
        let refused = by_name(&app, "alice", PASSWORD).await;
        assert!(matches!(refused, Err(Refusal::HardExpired)), "{refused:?}");
        is_wrong(by_name(&app, "alice", OTHER).await);
    }

    async fn who_must_have_a_device_and_has_none_can_assign_one_and_nothing_else(app) {
        person(&app, "alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}}"#).await;
        let reset = [("UserName", "alice"), ("PasswordResetRequired", "true")];
        app.root().call("UpdateLoginProfile", &reset).await.ok();
        let settings = [("DemandMFA", "true")];
        app.root().call("UpdateSignInSettings", &settings).await.ok();
        let half = opened(by_name(&app, "alice", PASSWORD).await);
        let alice = at(&app, &half.token).await.expect("a session");
        assert!(alice.must_enrol());
        let here = request(&app, HERE);
        is_over(app.iam().enrolled(&alice, &here).await);
        let switch_off = UpdateSignInSettings { demand_mfa: Some(false), allow_passkey_alone: None, session_seconds: None, idle_seconds: None };
        for fault in [run(&app, &alice, list_users()).await.err(), run(&app, &alice, switch_off).await.err()] {
            let fault = fault.expect("refused");
            assert_eq!(fault.message(), Some("The account demands a second factor. Assign an MFA device first."));
        }
        run(&app, &alice, GetUser { user_name: None }).await.expect("her own");
        let other = create(&app, &alice, "other").await.expect_err("not her name");
        assert_eq!(other.code(), Code::AccessDenied);
        let seed = create(&app, &alice, "alice").await.expect("granted");
        // Of another user nothing is granted.
        person(&app, "bob", ALL).await;
        let fault = run(&app, &alice, enable(&app, "bob", &seed)).await.err().expect("refused");
        assert_eq!(fault.code(), Code::AccessDenied);
        run(&app, &alice, enable(&app, "alice", &seed)).await.expect("granted");

        // Now the password is asked for, by a session that has proved the device.
        let waiting = password(app.iam().enrolled(&alice, &here).await);
        assert!(!waiting.expired);
        is_over(at(&app, &half.token).await);
        app.root().call("UpdateAccountPasswordPolicy", &[("AllowUsersToChangePassword", "true")]).await.ok();
        let opened = opened(app.iam().sign_in_with_new_password(waiting, &secret(PASSWORD), &secret(OTHER), &here).await);
        let alice = at(&app, &opened.token).await.expect("a session");
        assert!(!alice.must_enrol());
        assert!(alice.session().mfa.is_some());
    }

    async fn a_second_factor_is_demanded_of_a_group_or_of_one_user(app) {
        person(&app, "alice", ALL).await;
        let root = app.root();
        root.call("CreateGroup", &[("GroupName", "people")]).await.ok();
        root.call("AddUserToGroup", &[("GroupName", "people"), ("UserName", "alice")]).await.ok();
        let must_enrol = || async { opened(by_name(&app, "alice", PASSWORD).await).session.reach };
        let whole = must_enrol().await;
        root.call("SetGroupMFADemand", &[("GroupName", "people"), ("DemandMFA", "true")]).await.ok();
        assert_ne!(must_enrol().await, whole);
        let told = root.call("GetMFADemand", &[("UserName", "alice")]).await.ok();
        assert_eq!(told.all("member"), ["people"]);
        root.call("SetGroupMFADemand", &[("GroupName", "people"), ("DemandMFA", "false")]).await.ok();
        assert_eq!(must_enrol().await, whole);
        root.call("SetUserMFADemand", &[("UserName", "alice"), ("DemandMFA", "true")]).await.ok();
        assert_ne!(must_enrol().await, whole);
    }

    async fn ac_40_a_factor_is_changed_after_a_fresh_proof_alone(app) {
        person(&app, "alice", ALL).await;
        let first = opened(by_name(&app, "alice", PASSWORD).await);
        app.clock().advance(601);
        let alice = at(&app, &first.token).await.expect("a session");
        let seed = create(&app, &alice, "alice").await.expect("in nobody's hands yet");
        let enable = || enable(&app, "alice", &seed);
        let fault = run(&app, &alice, enable()).await.err().expect("stale");
        assert_eq!(fault.code(), Code::AccessDenied);
        assert!(fault.message().unwrap_or_default().starts_with("Confirm that it is you"), "{fault}");

        let here = request(&app, HERE);
        is_wrong(app.iam().confirm_with_password(&alice, &secret(OTHER), &here).await);
        let token = app.iam().confirm_with_password(&alice, &secret(PASSWORD), &here).await.expect("right");
        // The session goes on under another token; the old one is dead, also for whoever still holds the page.
        is_over(at(&app, &first.token).await);
        assert_eq!(run(&app, &alice, enable()).await.err().expect("over").code(), Code::InvalidClientTokenId);
        let alice = at(&app, &token).await.expect("a session");
        run(&app, &alice, enable()).await.expect("fresh");
        // Now that there is a device, the password is no proof any more.
        is_wrong(app.iam().confirm_with_password(&alice, &secret(PASSWORD), &here).await);
        app.clock().advance(30);
        let code = secret(&totp(&seed, app.now()));
        let token = app.iam().confirm_with_code(&alice, SERIAL, &code, &request(&app, HERE)).await.expect("right");
        assert!(at(&app, &token).await.expect("a session").session().mfa.is_some());
    }

    async fn ac_40_the_own_credentials_are_changed_after_a_fresh_proof_alone(app) {
        person(&app, "alice", ALL).await;
        let (serial, seed) = device(&app, "alice").await;
        let here = request(&app, HERE);
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let code = secret(&totp(&seed, app.now()));
        let session = opened(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);
        app.clock().advance(601);
        let here = request(&app, HERE);
        let alice = at(&app, &session.token).await.expect("a session");
        let create = |name: &str| CreateAccessKey { user_name: Some(Scalar::parse(name).expect("a name")) };
        // By whatever name: also after a rename that the page did not know of.
        app.root().call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.ok();
        let stale = run(&app, &alice, create("alicia")).await.err().expect("stale");
        assert!(stale.message().unwrap_or_default().starts_with("Confirm that it is you"), "{stale}");
        run(&app, &alice, CreateAccessKey { user_name: None }).await.err().expect("stale");
        app.user("bob").await;
        run(&app, &alice, create("bob")).await.expect("not her own");
        // Her own change of password proves nothing: she has a device.
        let change = ChangePassword {
            old_password: Secret::new(Scalar::parse(PASSWORD).expect("a password")),
            new_password: Secret::new(Scalar::parse(OTHER).expect("a password")),
        };
        run(&app, &alice, change).await.expect("the right one");
        let token = app.iam().keep_after_own_change(&alice, &secret(OTHER), &here).await.expect("hers");
        let alice = at(&app, &token).await.expect("a session");
        run(&app, &alice, create("alicia")).await.err().expect("still stale");
        let code = secret(&totp(&seed, app.now()));
        let token = app.iam().confirm_with_code(&alice, &serial, &code, &here).await.expect("right");
        let alice = at(&app, &token).await.expect("a session");
        run(&app, &alice, create("alicia")).await.expect("fresh");
    }

    async fn ac_40_temporary_credentials_are_issued_after_a_fresh_proof_and_say_what_the_session_proved(app) {
        person(&app, "alice", ALL).await;
        let without = opened(by_name(&app, "alice", PASSWORD).await);
        let alice = at(&app, &without.token).await.expect("a session");
        let issue = |seconds: &str| GetSessionToken {
            duration_seconds: Some(Scalar::parse(seconds).expect("a number")),
            serial_number: None,
            token_code: None,
            minimum_session_token_size: None,
        };
        let plain = run(&app, &alice, issue("900")).await.expect("fresh").credentials;
        assert_eq!(plain.expiration, app.now().whole_seconds().plus_seconds(900));
        holder(&app, &plain).call("ListUsers", &[]).await.refused("InvalidClientTokenId");

        let (serial, seed) = device(&app, "alice").await;
        let here = request(&app, HERE);
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let code = secret(&totp(&seed, app.now()));
        let with = opened(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);
        app.clock().advance(300);
        let alice = at(&app, &with.token).await.expect("a session");
        let proved = run(&app, &alice, issue("129600")).await.expect("fresh").credentials;
        // No longer than the session itself, and with the age of its proof.
        assert_eq!(proved.expiration, alice.session().expires.whole_seconds());
        let late = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*","Condition":{"NumericGreaterThan":{"aws:MultiFactorAuthAge":"301"}}}}"#;
        let put = [("UserName", "alice"), ("PolicyName", "late"), ("PolicyDocument", late)];
        app.root().call("PutUserPolicy", &put).await.ok();
        let holder = holder(&app, &proved);
        holder.call("ListUsers", &[]).await.ok();
        app.clock().advance(301);
        holder.call("ListUsers", &[]).await.refused("AccessDenied");
        let stale = run(&app, &alice, issue("900")).await.err().expect("stale");
        assert!(stale.message().unwrap_or_default().starts_with("Confirm that it is you"), "{stale}");
        // What was issued cannot issue more.
        holder.sts("GetSessionToken", &[]).await.refused("AccessDenied");
    }

    async fn ac_32_a_device_that_is_taken_away_has_proved_nothing(app) {
        person(&app, "alice", ALL).await;
        let (serial, seed) = device(&app, "alice").await;
        let reset = [("UserName", "alice"), ("PasswordResetRequired", "true")];
        app.root().call("UpdateLoginProfile", &reset).await.ok();
        let here = request(&app, HERE);
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let code = secret(&totp(&seed, app.now()));
        let waiting = password(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);
        let taken = [("UserName", "alice"), ("SerialNumber", serial.as_str())];
        app.root().call("DeactivateMFADevice", &taken).await.ok();
        let cookie = waiting.seal(app.iam()).expect("sealed");
        is_over(app.iam().awaiting_password(cookie.expose(), &here).await);
        is_over(app.iam().sign_in_with_new_password(waiting, &secret(PASSWORD), &secret(OTHER), &here).await);
    }

    async fn ac_44_twenty_sessions_hold_under_parallel_sign_ins(app) {
        person(&app, "alice", ALL).await;
        let first = opened(by_name(&app, "alice", PASSWORD).await);
        let known = first.known_browser.seal(app.iam()).expect("sealed").expose().clone();
        let mut all = Vec::new();
        for _ in 0..40 {
            let (app, known) = (app.clone(), known.clone());
            all.push(tokio::spawn(async move {
                let alice = SignInName::User { account: ACCOUNT, name: "alice" };
                attempt(&app, alice, PASSWORD, HERE, Some(&known)).await
            }));
        }
        for one in all {
            drop(one.await.expect("no panic"));
        }
        let last = opened(attempt(&app, SignInName::User { account: ACCOUNT, name: "alice" }, PASSWORD, ELSEWHERE, None).await);
        let alice = at(&app, &last.token).await.expect("a session");
        let listed = run(&app, &alice, ListConsoleSessions { user_name: None }).await.expect("allowed").console_sessions;
        assert!(listed.len() <= 20, "{}", listed.len());
    }

    async fn ac_44_another_password_ends_every_session(app) {
        person(&app, "alice", ALL).await;
        let first = opened(by_name(&app, "alice", PASSWORD).await);
        let alice = at(&app, &first.token).await.expect("a session");
        let other = [("UserName", "alice"), ("Password", OTHER)];
        app.root().call("UpdateLoginProfile", &other).await.ok();
        is_over(at(&app, &first.token).await);
        let fault = run(&app, &alice, list_users()).await.err().expect("over");
        assert_eq!(fault.code(), Code::InvalidClientTokenId);
        is_over(app.iam().confirm_with_password(&alice, &secret(OTHER), &request(&app, HERE)).await.and_then(|_| Err::<(), _>(Refusal::Over)));

        let second = opened(by_name(&app, "alice", OTHER).await);
        app.root().call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
        is_over(at(&app, &second.token).await);
    }

    async fn a_session_ends_unused_at_its_time_by_hand_and_by_signing_out(app) {
        person(&app, "alice", ALL).await;
        let settings = [("IdleSeconds", "300"), ("SessionSeconds", "900")];
        app.root().call("UpdateSignInSettings", &settings).await.ok();
        let idle = opened(by_name(&app, "alice", PASSWORD).await);
        let used = opened(by_name(&app, "alice", PASSWORD).await);
        for _ in 0..3 {
            app.clock().advance(299);
            at(&app, &used.token).await.expect("used lately");
        }
        is_over(at(&app, &idle.token).await);
        app.clock().advance(3);
        is_over(at(&app, &used.token).await);

        let one = opened(by_name(&app, "alice", PASSWORD).await);
        let two = opened(by_name(&app, "alice", PASSWORD).await);
        let alice = at(&app, &two.token).await.expect("a session");
        let listed = run(&app, &alice, ListConsoleSessions { user_name: None }).await.expect("allowed").console_sessions;
        assert_eq!(listed.len(), 2);
        assert_eq!(listed.iter().filter(|session| session.current).count(), 1);
        run(&app, &alice, EndConsoleSessions { user_name: None }).await.expect("allowed");
        is_over(at(&app, &one.token).await);
        at(&app, &two.token).await.expect("the one it was asked from");
        app.iam().sign_out(&two.token, &request(&app, HERE)).await.expect("signed out");
        is_over(at(&app, &two.token).await);
        assert_eq!(events(&app, "ConsoleLogout").await.len(), 1);
    }

    async fn one_session_too_many_ends_the_oldest(app) {
        person(&app, "alice", ALL).await;
        let first = opened(by_name(&app, "alice", PASSWORD).await);
        for _ in 0..20 {
            app.clock().advance(1);
            opened(by_name(&app, "alice", PASSWORD).await);
        }
        is_over(at(&app, &first.token).await);
    }
}

/// A session token of STS.
/// Whoever holds these credentials.
fn holder(app: &TestApp, credentials: &Credentials) -> Actor {
    app.actor(
        credentials.access_key_id.as_str(),
        credentials.secret_access_key.expose(),
        Some(credentials.session_token.expose()),
    )
}

async fn reply_token(app: &TestApp) -> String {
    let reply = app
        .root()
        .sts("GetSessionToken", &[])
        .await
        .ok()
        .text("SessionToken");
    let raw = data_encoding::BASE64
        .decode(reply.as_bytes())
        .expect("base64");
    data_encoding::BASE64URL_NOPAD.encode(&raw)
}
