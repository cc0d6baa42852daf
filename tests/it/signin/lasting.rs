//! What a session outlives and what it does not, and what a right password costs.

use claviger_iam::entity::ConsoleSession;
use claviger_iam::entity::index::{CONSOLE_SESSIONS_BY_END, WHOLE};
use claviger_model::AccountId;
use claviger_store::{Depends, Scope, Sequence};

use super::*;

fn change_to(new: &str) -> ChangePassword {
    ChangePassword {
        old_password: Secret::new(Scalar::parse(PASSWORD).expect("a password")),
        new_password: Secret::new(Scalar::parse(new).expect("a password")),
    }
}

/// How many records of sessions there are, whether or not their time is over.
pub(super) async fn records(app: &TestApp) -> usize {
    let scope = Scope::Account(AccountId::parse(ACCOUNT).expect("an account"));
    let mut unit = app.iam().store().unit(&[scope]).await.expect("a unit");
    let by_end = &CONSOLE_SESSIONS_BY_END;
    let all = unit
        .page::<ConsoleSession>(scope, by_end, WHOLE, b"", None, 1_000, Depends::Nothing)
        .await;
    all.expect("a page").items.len()
}

/// How many password hashes were made anew.
async fn renewed(app: &TestApp) -> usize {
    let scope = Scope::Account(AccountId::parse(ACCOUNT).expect("an account"));
    let changes = app
        .iam()
        .store()
        .changes(scope, Sequence::START, 10_000)
        .await;
    let changes = changes.expect("the history");
    let renewed = changes
        .iter()
        .filter(|change| change.operation == "RenewPasswordHash");
    renewed.count()
}

/// A device of the session's own, assigned in it: its seed.
async fn assign(app: &TestApp, token: &ConsoleToken) -> String {
    let alice = at(app, token).await.expect("a session");
    let seed = create(app, &alice, "alice").await.expect("made");
    run(app, &alice, enable(app, "alice", &seed))
        .await
        .expect("assigned");
    app.clock().advance(30);
    seed
}

on_both_engines! {
    async fn ac_44_a_session_is_kept_over_ones_own_change_and_over_no_other(app) {
        person(&app, "alice", ALL).await;
        let (first, second) = (opened(by_name(&app, "alice", PASSWORD).await), opened(by_name(&app, "alice", PASSWORD).await));
        let alice = at(&app, &first.token).await.expect("a session");
        run(&app, &alice, change_to(OTHER)).await.expect("changed");
        // Meanwhile somebody takes the password away and sets one: by chance the same.
        let root = app.root();
        root.call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", OTHER)]).await.ok();
        is_over(app.iam().keep_after_own_change(&alice, &secret(OTHER), &request(&app, HERE)).await.map(drop));
        for token in [&first.token, &second.token] {
            is_over(at(&app, token).await);
        }
        // What nothing comes between is kept.
        let third = opened(by_name(&app, "alice", OTHER).await);
        let alice = at(&app, &third.token).await.expect("a session");
        let change = ChangePassword { old_password: Secret::new(Scalar::parse(OTHER).expect("one")), ..change_to("Third-Secret-3") };
        run(&app, &alice, change).await.expect("changed");
        let kept = app.iam().keep_after_own_change(&alice, &secret("Third-Secret-3"), &request(&app, HERE)).await.expect("kept");
        at(&app, &kept).await.expect("a session");
    }

    async fn ac_44_no_session_comes_out_of_a_sign_in_whose_password_is_taken_away_meanwhile(app) {
        person(&app, "alice", ALL).await;
        let root = app.root();
        for _ in 0..6 {
            root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", PASSWORD), ("PasswordResetRequired", "true")]).await.ok();
            let waiting = password(by_name(&app, "alice", PASSWORD).await);
            let changing = {
                let app = app.clone();
                tokio::spawn(async move {
                    app.iam().sign_in_with_new_password(waiting, &secret(PASSWORD), &secret(OTHER), &request(&app, HERE)).await
                })
            };
            let taking = {
                let root = app.root();
                tokio::spawn(async move {
                    root.call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
                    root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", OTHER)]).await.ok();
                })
            };
            taking.await.expect("taken away and set");
            if let Ok(Next::Open(opened)) = changing.await.expect("no panic") {
                is_over(at(&app, &opened.token).await);
            }
        }
    }

    async fn the_first_device_ends_the_other_sessions_that_a_password_alone_opened(app) {
        person(&app, "alice", ALL).await;
        person(&app, "bob", ALL).await;
        let (first, second) = (opened(by_name(&app, "alice", PASSWORD).await), opened(by_name(&app, "alice", PASSWORD).await));
        let bob = opened(by_name(&app, "bob", PASSWORD).await);
        let seed = assign(&app, &first.token).await;
        is_over(at(&app, &second.token).await);
        // The one that assigned it goes on as it was, and so do those of others.
        let alice = at(&app, &first.token).await.expect("goes on");
        assert_eq!(alice.session().mfa, None);
        at(&app, &bob.token).await.expect("not hers");

        // A second device ends nothing: it changes nothing about how sessions are opened.
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let code = secret(&totp(&seed, app.now()));
        let third = opened(app.iam().sign_in_with_code(waiting, SERIAL, &code, &request(&app, HERE)).await);
        let made = app.root().call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "second")]).await.ok();
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let (before, now) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        app.root().call("EnableMFADevice", &[("UserName", "alice"), ("SerialNumber", &made.text("SerialNumber")), ("AuthenticationCode1", &before), ("AuthenticationCode2", &now)]).await.ok();
        for token in [&first.token, &third.token] {
            at(&app, token).await.expect("goes on");
        }
    }

    async fn ac_44_no_session_without_the_factor_is_left_of_sign_ins_while_a_device_is_assigned(app) {
        person(&app, "bob", ALL).await;
        let mut all = Vec::new();
        for _ in 0..8 {
            let app = app.clone();
            all.push(tokio::spawn(async move { by_name(&app, "bob", PASSWORD).await }));
        }
        // By an administrator, who has no session of bob's.
        device(&app, "bob").await;
        let mut sessions = 0;
        for one in all {
            match one.await.expect("no panic") {
                Ok(Next::Open(opened)) => {
                    is_over(at(&app, &opened.token).await);
                    sessions += 1;
                }
                Ok(Next::Factor(_)) | Err(Refusal::Over) => {}
                other => panic!("{other:?}"),
            }
        }
        println!("{sessions} sessions were opened before the device was there");
        assert_eq!(records(&app).await, 0);
    }

    async fn ac_31_a_right_password_uses_up_nothing_and_gives_no_tries_at_others(app) {
        person(&app, "alice", ALL).await;
        let mut names = (0..).map(|number| format!("user-{number}"));
        for _ in 0..20 {
            for name in names.by_ref().take(4) {
                is_wrong(by_name(&app, &name, OTHER).await);
            }
            // Half an office signs in from behind one address.
            for _ in 0..4 {
                opened(by_name(&app, "alice", PASSWORD).await);
            }
        }
        for name in names.by_ref().take(20) {
            is_wrong(by_name(&app, &name, OTHER).await);
        }
        for _ in 0..2 {
            let next = names.next().expect("a name");
            assert!(matches!(by_name(&app, &next, OTHER).await, Err(Refusal::TooMany)));
            assert!(matches!(by_name(&app, "alice", PASSWORD).await, Err(Refusal::TooMany)));
        }
        app.clock().advance(901);
        opened(by_name(&app, "alice", PASSWORD).await);
    }

    async fn a_hash_of_an_older_cost_is_made_anew_at_a_sign_in_and_ends_nothing(app) {
        person(&app, "alice", ALL).await;
        let root = SignInName::Root { email: ROOT_EMAIL };
        let before = [opened(by_name(&app, "alice", PASSWORD).await), opened(attempt(&app, root, ROOT_PASSWORD, HERE, None).await)];
        app.stop().await;
        let dearer = claviger_iam::password::hasher::Cost { memory_kib: 128, passes: 2 };
        let app = app.start_again_at(dearer).await;
        assert_eq!(renewed(&app).await, 0);
        is_wrong(by_name(&app, "alice", OTHER).await);
        assert_eq!(renewed(&app).await, 0);
        opened(by_name(&app, "alice", PASSWORD).await);
        opened(attempt(&app, root, ROOT_PASSWORD, HERE, None).await);
        assert_eq!(renewed(&app).await, 2);
        for opened in &before {
            at(&app, &opened.token).await.expect("goes on");
        }
        // It is done once, and the password is the same.
        opened(by_name(&app, "alice", PASSWORD).await);
        is_wrong(by_name(&app, "alice", OTHER).await);
        assert_eq!(renewed(&app).await, 2);
    }

    async fn sessions_of_who_never_comes_back_are_forgotten_when_others_sign_in(app) {
        for number in 0..25 {
            let name = format!("user-{number}");
            person(&app, &name, ALL).await;
            opened(attempt(&app, SignInName::User { account: ACCOUNT, name: &name }, PASSWORD, HERE, None).await);
        }
        assert_eq!(records(&app).await, 25);
        app.clock().advance(6 * 3_600);
        let young = opened(by_name(&app, "user-0", PASSWORD).await);
        assert_eq!(records(&app).await, 26);
        app.clock().advance(6 * 3_600);
        // Some at each sign-in.
        person(&app, "alice", ALL).await;
        opened(by_name(&app, "alice", PASSWORD).await);
        assert_eq!(records(&app).await, 7);
        opened(by_name(&app, "alice", PASSWORD).await);
        assert_eq!(records(&app).await, 3);
        let kept = events(&app, "ConsoleLogin").await;
        assert_eq!(kept.len(), 28, "what happened stays told");
        drop(young);
    }

    async fn ac_30_as_much_is_hashed_whatever_is_wrong(app with claviger_it::Setup { password_cost: claviger_iam::password::hasher::Cost { memory_kib: 65_536, passes: 4 }, ..claviger_it::Setup::default() }) {
        person(&app, "alice", ALL).await;
        app.user_with("keys-only", ALL).await;
        let long = "p".repeat(1 << 16);
        let user = |name| SignInName::User { account: ACCOUNT, name };
        let cases = [
            ("a wrong password", user("alice"), OTHER),
            ("no such user", user("nobody"), OTHER),
            ("a user without a password", user("keys-only"), OTHER),
            ("no such account", SignInName::User { account: "999999999999", name: "alice" }, OTHER),
            ("no such alias", SignInName::User { account: "nowhere", name: "alice" }, OTHER),
            ("root's wrong password", SignInName::Root { email: ROOT_EMAIL }, OTHER),
            ("no such root user", SignInName::Root { email: "nobody@example.com" }, OTHER),
            ("a password longer than any", user("alice"), &long),
        ];
        let mut least = [std::time::Duration::MAX; 8];
        for _ in 0..4 {
            for (place, (_, name, password)) in cases.iter().enumerate() {
                let began = std::time::Instant::now();
                is_wrong(attempt(&app, *name, password, HERE, None).await);
                least[place] = least[place].min(began.elapsed());
            }
        }
        for ((what, ..), took) in cases.iter().zip(least) {
            println!("{what}: {took:?}");
        }
        let (shortest, longest) = (least.iter().min().expect("one"), least.iter().max().expect("one"));
        // A hash takes some hundred milliseconds here, and all else a few: one that is left out shows, however busy the
        // machine is with other tests at one time and another.
        assert!(shortest.as_secs_f64() > longest.as_secs_f64() * 0.2, "{least:?}");
    }
}
