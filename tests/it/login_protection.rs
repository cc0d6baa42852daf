//! Login protection: what a sign-in to the console asks of a user besides the password.

use claviger_iam::notice::{CHANNEL, Change, Credential, Notice};
use claviger_iam::signin::{AwaitingCode, Factor, Next, PasswordAttempt, Refusal, SignInName};
use claviger_it::{ACCOUNT, Actor, TestApp, on_both_engines, totp};

use crate::contacts::{another, asked, codes, verify};
use crate::signin::{
    ELSEWHERE, HERE, PASSWORD, attempt, by_name, device, events, factor, is_over, is_wrong, opened,
    password, person, request, secret,
};

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const EMAIL: &str = "alice@example.com";

/// A user with a password and a verified address.
pub(crate) async fn reachable(app: &TestApp, name: &str, field: &str, address: &str) -> Actor {
    let user = person(app, name, ALL).await;
    let (ticket, code) = asked(app, &user, field, address).await;
    verify(&user, &ticket, &code).await.ok();
    user
}

async fn set(by: &Actor, name: &str, method: &str) {
    let set = [("UserName", name), ("Method", method)];
    by.call("SetLoginProtection", &set).await.ok();
}

/// What the holders of credentials were told and nobody has read yet.
async fn told(app: &TestApp) -> Vec<(Credential, Change)> {
    let store = app.iam().store();
    let mut told = Vec::new();
    for delivery in store.due(app.now(), 60, 100).await.expect("messages") {
        store.delivered(&delivery).await.expect("delivered");
        if delivery.message.channel == CHANNEL {
            let body = delivery.message.body;
            let notice: Notice = serde_json::from_value(body).expect("a notice");
            told.push((notice.credential, notice.change));
        }
    }
    // They leave in no order.
    told.sort_by_key(|one| format!("{one:?}"));
    told
}

/// The sign-in that waits for a code, and the code.
async fn waiting(app: &TestApp, name: &str) -> (AwaitingCode, String) {
    let waiting = match by_name(app, name, PASSWORD).await {
        Ok(Next::Code(waiting)) => waiting,
        other => panic!("no code is asked for: {other:?}"),
    };
    let sent = codes(app).await;
    let [(_, code)] = sent.as_slice() else {
        panic!("one code: {sent:?}");
    };
    (waiting, code.clone())
}

async fn bring(app: &TestApp, waiting: AwaitingCode, code: &str) -> Result<Next, Refusal> {
    let request = request(app, HERE);
    let code = secret(code);
    app.iam()
        .sign_in_with_sent_code(waiting, &code, &request)
        .await
}

on_both_engines! {
    async fn it_is_off_and_not_there_until_somebody_sets_it(app) {
        let alice = reachable(&app, "alice", "Email", EMAIL).await;
        let root = app.root();
        let get = [("UserName", "alice")];
        root.call("GetLoginProtection", &get).await.refused("NoSuchEntity");
        assert!(root.call("ListLoginProtections", &[]).await.ok().all("UserName").is_empty());
        opened(by_name(&app, "alice", PASSWORD).await);

        set(&root, "alice", "email").await;
        let got = alice.call("GetLoginProtection", &[]).await.ok();
        assert_eq!((got.text("Enabled"), got.text("Method"), got.text("ApiProtection")), ("true".into(), "email".into(), "false".into()));
        set(&root, "alice", "none").await;
        let listed = root.call("ListLoginProtections", &[]).await.ok();
        assert_eq!((listed.text("UserName"), listed.text("Enabled"), listed.text("Method")), ("alice".into(), "false".into(), "none".into()));
        opened(by_name(&app, "alice", PASSWORD).await);
        app.root().call("GetLoginProtection", &[]).await.refused("NoSuchEntity");
    }

    async fn what_it_asks_for_must_be_bound_and_nobody_sets_the_own(app) {
        let alice = person(&app, "alice", ALL).await;
        let root = app.root();
        root.call("SetContact", &[("UserName", "alice"), ("Email", EMAIL), ("Mobile", "+49-15112345678")]).await.ok();
        for method in ["sms", "email", "vmfa"] {
            root.call("SetLoginProtection", &[("UserName", "alice"), ("Method", method)]).await.refused("InvalidInput");
        }
        alice.call("SetLoginProtection", &[("UserName", "alice"), ("Method", "none")]).await.refused("AccessDenied");
        alice.call("SetLoginProtection", &[("UserName", "ALICE"), ("Method", "none")]).await.refused("AccessDenied");
        alice.call("ResetVirtualMFA", &[("UserName", "alice")]).await.refused("AccessDenied");
        root.call("SetLoginProtection", &[("UserName", "alice"), ("Method", "none"), ("ApiProtection", "true")]).await.refused("ValidationError");
        root.call("SetLoginProtection", &[("UserName", "alice"), ("Method", "pigeon")]).await.refused("ValidationError");
    }

    async fn a_code_that_was_sent_opens_a_session_without_a_second_factor(app) {
        for (name, field, address, method) in [("alice", "Email", EMAIL, "email"), ("bob", "Mobile", "+49-15112345678", "sms")] {
            reachable(&app, name, field, address).await;
            set(&app.root(), name, method).await;
            codes(&app).await;
            is_wrong(by_name(&app, name, "not the password").await);
            assert_eq!(codes(&app).await, [], "nothing is sent before the password was right");
            let (waiting, code) = waiting(&app, name).await;
            assert!(!waiting.to.contains("alice@") && !waiting.to.contains("1511234567"), "{}", waiting.to);
            is_wrong(bring(&app, waiting.clone(), &another(&code)).await);
            is_wrong(bring(&app, waiting.clone(), "12345").await);
            let opened = opened(bring(&app, waiting, &code).await);
            assert_eq!(opened.session.mfa, None);
        }
        let told = events(&app, "ConsoleLogin").await;
        assert!(told.iter().all(|event| event["additionalEventData"]["MFAUsed"] != "Yes"), "{told:?}");
        assert!(told.iter().any(|event| event["responseElements"]["ConsoleLogin"] == "Failure"));
    }

    async fn ac_37_a_code_is_good_once_for_its_sign_in_and_for_ten_minutes(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        reachable(&app, "mallory", "Email", "mallory@example.com").await;
        for name in ["alice", "mallory"] {
            set(&app.root(), name, "email").await;
        }
        codes(&app).await;
        let (first, code) = waiting(&app, "alice").await;
        let (foreign, its_code) = waiting(&app, "mallory").await;
        is_wrong(bring(&app, first.clone(), &its_code).await);
        is_wrong(bring(&app, foreign, &code).await);
        // The cookie carries the ticket.
        let cookie = first.seal(app.iam()).expect("sealed");
        let first = app.iam().awaiting_code(cookie.expose(), &request(&app, HERE)).await.expect("it waits");
        opened(bring(&app, first.clone(), &code).await);
        is_wrong(bring(&app, first, &code).await);
        let (late, code) = waiting(&app, "alice").await;
        let cookie = late.seal(app.iam()).expect("sealed");
        is_over(app.iam().awaiting_factor(cookie.expose(), &request(&app, HERE)).await);
        is_over(app.iam().awaiting_password(cookie.expose(), &request(&app, HERE)).await);
        app.clock().advance(600);
        is_over(app.iam().awaiting_code(cookie.expose(), &request(&app, HERE)).await);
        assert!(bring(&app, late, &code).await.is_err());
    }

    async fn ac_35_five_tries_are_all_and_another_code_can_be_sent(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        set(&app.root(), "alice", "email").await;
        codes(&app).await;
        let (first, code) = waiting(&app, "alice").await;
        for _ in 0..5 {
            is_wrong(bring(&app, first.clone(), &another(&code)).await);
        }
        is_wrong(bring(&app, first.clone(), &code).await);
        let again = app.iam().send_code_again(first.clone(), &request(&app, HERE)).await.expect("sent");
        let sent = codes(&app).await;
        opened(bring(&app, again, &sent[0].1).await);
        // AC-42: no more than a dozen an hour.
        let mut refused = None;
        for _ in 0..12 {
            if let Err(refusal) = app.iam().send_code_again(first.clone(), &request(&app, HERE)).await {
                refused = Some(refusal);
            }
        }
        assert!(matches!(refused, Some(Refusal::Fault(fault)) if fault.code() == claviger_model::Code::Throttling));
    }

    async fn of_many_who_bring_one_code_at_once_one_is_let_in(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        set(&app.root(), "alice", "email").await;
        codes(&app).await;
        let (first, code) = waiting(&app, "alice").await;
        let tries: Vec<_> = (0..5).map(|_| {
            let (app, waiting, code) = (app.clone(), first.clone(), code.clone());
            tokio::spawn(async move { bring(&app, waiting, &code).await.is_ok() })
        }).collect();
        let mut let_in = 0;
        for one in tries {
            let_in += usize::from(one.await.expect("a try"));
        }
        assert_eq!(let_in, 1);
    }

    async fn ac_32_what_changes_meanwhile_stops_it(app) {
        let alice = reachable(&app, "alice", "Email", EMAIL).await;
        let (ticket, code) = asked(&app, &alice, "Mobile", "+49-15112345678").await;
        verify(&alice, &ticket, &code).await.ok();
        set(&app.root(), "alice", "email").await;
        codes(&app).await;
        // The other way is asked for by now: what came by this one is worth nothing.
        let (first, code) = waiting(&app, "alice").await;
        set(&app.root(), "alice", "sms").await;
        assert!(bring(&app, first, &code).await.is_err());
        let (second, code) = waiting(&app, "alice").await;
        app.root().call("EndConsoleSessions", &[("UserName", "alice")]).await.ok();
        assert!(bring(&app, second, &code).await.is_err());
        let (third, code) = waiting(&app, "alice").await;
        app.root().call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Battery-Staple-2")]).await.ok();
        assert!(bring(&app, third, &code).await.is_err());
    }

    async fn the_code_comes_before_another_password_and_before_a_first_device(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        let root = app.root();
        set(&root, "alice", "email").await;
        codes(&app).await;
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("PasswordResetRequired", "true")]).await.ok();
        let (first, code) = waiting(&app, "alice").await;
        password(bring(&app, first, &code).await);
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("PasswordResetRequired", "false")]).await.ok();
        root.call("SetUserMFADemand", &[("UserName", "alice"), ("DemandMFA", "true")]).await.ok();
        codes(&app).await;
        let (second, code) = waiting(&app, "alice").await;
        let opened = opened(bring(&app, second, &code).await);
        assert_eq!(opened.session.reach, claviger_iam::entity::console_session::Reach::Enrolment);
    }

    async fn who_has_a_device_is_asked_for_that_whatever_is_set(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        set(&app.root(), "alice", "email").await;
        let (serial, seed) = device(&app, "alice").await;
        codes(&app).await;
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        assert!(waiting.factors.iter().any(|factor| matches!(factor, Factor::Totp { .. })));
        assert_eq!(codes(&app).await, []);
        let code = secret(&totp(&seed, app.now()));
        let opened = opened(app.iam().sign_in_with_code(waiting, &serial, &code, &request(&app, HERE)).await);
        assert!(opened.session.mfa.is_some());
    }

    async fn what_it_asks_for_cannot_be_taken_away_at_any_door(app) {
        let alice = reachable(&app, "alice", "Email", EMAIL).await;
        let root = app.root();
        set(&root, "alice", "email").await;
        root.call("RemoveContact", &[("UserName", "alice"), ("Channel", "email")]).await.refused("LoginProtectionInUse");
        alice.call("RemoveContact", &[("Channel", "email")]).await.refused("LoginProtectionInUse");
        root.call("SetContact", &[("UserName", "alice"), ("Email", "other@example.com")]).await.refused("LoginProtectionInUse");
        // In other letters it is the same; another that she verifies takes its place.
        root.call("SetContact", &[("UserName", "alice"), ("Email", "Alice@Example.com")]).await.ok();
        let (ticket, code) = asked(&app, &alice, "Email", "new@example.com").await;
        verify(&alice, &ticket, &code).await.ok();

        let (serial, _) = device(&app, "alice").await;
        let vmfa = [("UserName", "alice"), ("Method", "vmfa"), ("ApiProtection", "true")];
        assert_eq!(root.call("SetLoginProtection", &vmfa).await.ok().text("ApiProtection"), "true");
        let deactivate = [("UserName", "alice"), ("SerialNumber", serial.as_str())];
        root.call("DeactivateMFADevice", &deactivate).await.refused("LoginProtectionInUse");
        root.call("RemoveContact", &[("UserName", "alice"), ("Channel", "email")]).await.ok();
        let reset = root.call("ResetVirtualMFA", &[("UserName", "alice")]).await.ok();
        assert_eq!(reset.text("LoginProtectionEnded"), "true");
        assert_eq!(reset.all("member"), [serial.as_str()]);
        let got = root.call("GetLoginProtection", &[("UserName", "alice")]).await.ok();
        assert_eq!((got.text("Enabled"), got.text("ApiProtection")), ("false".into(), "false".into()));
        opened(by_name(&app, "alice", PASSWORD).await);
        // Of two devices, one may go.
        let (first, _) = crate::signin::device_called(&app, "alice", "one").await;
        crate::signin::device_called(&app, "alice", "two").await;
        set(&root, "alice", "vmfa").await;
        root.call("DeactivateMFADevice", &[("UserName", "alice"), ("SerialNumber", &first)]).await.ok();
    }

    async fn a_reset_takes_the_permission_to_take_devices_away(app) {
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ResetVirtualMFA","Resource":"*"}}"#;
        let clerk = app.user_with("clerk", policy).await;
        app.user("alice").await;
        device(&app, "alice").await;
        let reset = [("UserName", "alice")];
        clerk.call("ResetVirtualMFA", &reset).await.refused("AccessDenied");
        app.root().call("PutUserPolicy", &[("UserName", "clerk"), ("PolicyName", "more"), ("PolicyDocument", ALL)]).await.ok();
        assert_eq!(clerk.call("ResetVirtualMFA", &reset).await.ok().text("LoginProtectionEnded"), "false");
    }

    async fn a_token_takes_a_code_where_the_api_is_protected_too(app) {
        person(&app, "alice", ALL).await;
        let (_, seed) = device(&app, "alice").await;
        let root = app.root();
        let ask = async |code: Option<String>| {
            let password = secret(PASSWORD);
            let attempt = PasswordAttempt {
                name: SignInName::InDomain { account: ACCOUNT, name: "alice" },
                password: &password,
                known_browser: None,
            };
            let code = code.map(|code| secret(&code));
            app.iam().token_by_password(&attempt, code.as_ref(), false, &request(&app, HERE)).await.is_ok()
        };
        set(&root, "alice", "vmfa").await;
        assert!(ask(None).await, "the password alone does while the switch is off");
        root.call("SetLoginProtection", &[("UserName", "alice"), ("Method", "vmfa"), ("ApiProtection", "true")]).await.ok();
        assert!(!ask(None).await);
        assert!(ask(Some(totp(&seed, app.now()))).await);
    }

    async fn the_holder_is_told_of_it_and_of_a_browser_that_is_new(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        told(&app).await;
        set(&app.root(), "alice", "email").await;
        set(&app.root(), "alice", "none").await;
        assert_eq!(told(&app).await, [(Credential::LoginProtection, Change::Changed), (Credential::LoginProtection, Change::Made)]);
        // The first time every browser is new.
        let first = opened(by_name(&app, "alice", PASSWORD).await);
        assert_eq!(told(&app).await, []);
        let known = first.known_browser.seal(app.iam()).expect("sealed");
        let name = SignInName::User { account: ACCOUNT, name: "alice" };
        opened(attempt(&app, name, PASSWORD, HERE, Some(known.expose())).await);
        assert_eq!(told(&app).await, []);
        opened(attempt(&app, name, PASSWORD, ELSEWHERE, None).await);
        assert_eq!(told(&app).await, [(Credential::ConsoleSignIn, Change::Made)]);
        app.root().call("SendPasswordLink", &[("UserName", "alice")]).await.ok();
        app.root().call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
        assert_eq!(told(&app).await, [(Credential::Password, Change::Removed), (Credential::PasswordLink, Change::Made), (Credential::PasswordLink, Change::Removed)]);
    }
}
