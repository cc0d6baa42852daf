//! Ending somebody's sessions ends the sign-ins that are begun, too: whoever knew the password and has only to give the
//! second factor, or another password, is out.

use claviger_iam::operation::root_user::EnableRootMFADevice;

use super::*;

async fn end_sessions(app: &TestApp, name: &str) {
    let whose = [("UserName", name)];
    app.root().call("EndConsoleSessions", &whose).await.ok();
}

on_both_engines! {
    async fn ac_32_what_is_half_open_ends_with_the_sessions(app) {
        person(&app, "alice", ALL).await;
        let (serial, seed) = device(&app, "alice").await;
        person(&app, "bob", ALL).await;
        let reset = [("UserName", "bob"), ("PasswordResetRequired", "true")];
        app.root().call("UpdateLoginProfile", &reset).await.ok();
        let here = request(&app, HERE);
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let cookie = waiting.seal(app.iam()).expect("sealed");
        let choosing = password(by_name(&app, "bob", PASSWORD).await);
        end_sessions(&app, "alice").await;
        end_sessions(&app, "bob").await;
        is_over(app.iam().awaiting_factor(cookie.expose(), &here).await);
        let code = secret(&totp(&seed, app.now()));
        is_over(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);
        is_over(app.iam().sign_in_with_new_password(choosing, &secret(PASSWORD), &secret(OTHER), &here).await);

        // Nothing of it was done: the code is still good, and the password is what it was. Who begins anew gets in.
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let alice = opened(app.iam().sign_in_with_code(waiting, &serial, &code, &here).await);
        let choosing = password(by_name(&app, "bob", PASSWORD).await);
        let bob = opened(app.iam().sign_in_with_new_password(choosing, &secret(PASSWORD), &secret(OTHER), &here).await);

        // Nobody else's sign-ins and credentials are ended by it, and the session that it is asked from goes on.
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let at_bob = at(&app, &bob.token).await.expect("a session");
        run(&app, &at_bob, EndConsoleSessions { user_name: None }).await.expect("allowed");
        at(&app, &bob.token).await.expect("the one it was asked from");
        at(&app, &alice.token).await.expect("somebody else's");
        app.clock().advance(30);
        let code = secret(&totp(&seed, app.now()));
        opened(app.iam().sign_in_with_code(waiting, &serial, &code, &request(&app, HERE)).await);
    }

    async fn root_s_half_open_sign_in_ends_with_root_s_sessions(app) {
        let root = || attempt(&app, SignInName::Root { email: ROOT_EMAIL }, ROOT_PASSWORD, HERE, None);
        let first = opened(root().await);
        let at_first = at(&app, &first.token).await.expect("a session");
        let seed = create(&app, &at_first, "root").await.expect("allowed");
        let serial = format!("arn:aws:iam::{ACCOUNT}:mfa/root");
        let codes = [totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now())];
        run(&app, &at_first, EnableRootMFADevice {
            serial_number: Scalar::parse(&serial).expect("a serial number"),
            authentication_code1: Secret::new(Scalar::parse(&codes[0]).expect("a code")),
            authentication_code2: Secret::new(Scalar::parse(&codes[1]).expect("a code")),
        }).await.expect("allowed");
        app.clock().advance(30);
        let waiting = factor(root().await);
        app.root().call("EndConsoleSessions", &[]).await.ok();
        let code = secret(&totp(&seed, app.now()));
        is_over(app.iam().sign_in_with_code(waiting, &serial, &code, &request(&app, HERE)).await);
        opened(app.iam().sign_in_with_code(factor(root().await), &serial, &code, &request(&app, HERE)).await);
    }

    async fn no_session_is_left_of_what_was_half_open_while_sessions_are_ended(app) {
        person(&app, "alice", ALL).await;
        let mut devices = Vec::new();
        for number in 0..6 {
            devices.push(device_called(&app, "alice", &format!("alice-{number}")).await);
        }
        app.clock().advance(60);
        for round in 0..4 {
            let mut half = Vec::new();
            for _ in &devices {
                half.push(factor(by_name(&app, "alice", PASSWORD).await));
            }
            let mut all = Vec::new();
            for (waiting, (serial, seed)) in half.into_iter().zip(devices.clone()) {
                let app = app.clone();
                all.push(tokio::spawn(async move {
                    let code = secret(&totp(&seed, app.now()));
                    app.iam().sign_in_with_code(waiting, &serial, &code, &request(&app, HERE)).await
                }));
            }
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            end_sessions(&app, "alice").await;
            let mut sessions = 0;
            for one in all {
                match one.await.expect("no panic") {
                    Ok(Next::Open(opened)) => {
                        is_over(at(&app, &opened.token).await);
                        sessions += 1;
                    }
                    Err(Refusal::Over) => {}
                    other => panic!("{other:?}"),
                }
            }
            println!("{sessions} sessions were opened before they were ended");
            assert_eq!(lasting::records(&app).await, 0);
            app.clock().advance(60);
        }
    }
}
