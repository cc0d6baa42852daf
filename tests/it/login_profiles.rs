//! Passwords: the life of a login profile, the rules, and what a user may do for oneself.

use claviger_iam::entity::User;
use claviger_iam::entity::index::USERS_BY_NAME;
use claviger_iam::password::state::{PasswordState, password_state};
use claviger_it::{ACCOUNT, Actor, TestApp, on_both_engines};
use claviger_model::{AccountId, Scalar};
use claviger_store::Scope;

const CHANGE_OWN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;
const VIOLATION: &str = "Password does not conform to the account password policy.";
const REUSED: &str =
    "Policy constraint violation with password reuse prevention during password change.";

async fn change(user: &Actor, old: &str, new: &str) -> claviger_it::Reply {
    user.call(
        "ChangePassword",
        &[("OldPassword", old), ("NewPassword", new)],
    )
    .await
}

/// What signing in with the right password would lead to.
async fn state(app: &TestApp, name: &str) -> PasswordState {
    let scope = Scope::Account(AccountId::parse(ACCOUNT).expect("twelve digits"));
    let mut unit = app.iam().store().unit(&[scope]).await.expect("a unit");
    let user = unit
        .find::<User>(scope, &USERS_BY_NAME, name.as_bytes())
        .await
        .expect("read")
        .expect("a user");
    let account = unit
        .get::<claviger_iam::entity::Account>(scope, claviger_iam::entity::account::ACCOUNT_RECORD)
        .await
        .expect("read")
        .expect("an account");
    password_state(
        user.login_profile.as_ref().expect("a profile"),
        account.password_policy.as_ref(),
        app.now(),
    )
}

on_both_engines! {
    async fn a_login_profile_is_made_told_changed_and_deleted(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let missing = "Login Profile for User alice cannot be found.";
        assert_eq!(root.call("GetLoginProfile", &[("UserName", "alice")]).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!")]).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("DeleteLoginProfile", &[("UserName", "alice")]).await.refused("NoSuchEntity"), missing);

        let made = root
            .call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!"), ("PasswordResetRequired", "true")])
            .await
            .ok();
        assert_eq!(made.text("UserName"), "alice");
        assert_eq!(made.text("CreateDate"), "2026-01-02T03:04:05Z");
        assert_eq!(made.text("PasswordResetRequired"), "true");
        assert_eq!(
            root.call("CreateLoginProfile", &[("UserName", "Alice"), ("Password", "Abcdef1!")]).await.refused("EntityAlreadyExists"),
            "Login Profile for user alice already exists."
        );
        assert_eq!(
            root.call("DeleteUser", &[("UserName", "alice")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must delete login profile first."
        );

        app.clock().advance(60);
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef2!")]).await.ok();
        let told = root.call("GetLoginProfile", &[("UserName", "alice")]).await.ok();
        assert_eq!(told.text("PasswordResetRequired"), "true", "what is left out stays");
        assert_eq!(told.text("CreateDate"), "2026-01-02T03:04:05Z");
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("PasswordResetRequired", "false")]).await.ok();
        assert_eq!(root.call("GetLoginProfile", &[("UserName", "alice")]).await.ok().text("PasswordResetRequired"), "false");
        root.call("UpdateLoginProfile", &[("UserName", "alice")]).await.ok();

        root.call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
        assert_eq!(root.call("GetLoginProfile", &[("UserName", "alice")]).await.refused("NoSuchEntity"), missing);
        root.call("DeleteUser", &[("UserName", "alice")]).await.ok();
    }

    async fn a_user_who_is_not_there_is_said_to_be_missing(app) {
        let root = app.root();
        let missing = "The user with name nonexistent-user cannot be found.";
        let user = ("UserName", "nonexistent-user");
        assert_eq!(root.call("CreateLoginProfile", &[user, ("Password", "Abcdef1!")]).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("GetLoginProfile", &[user]).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("UpdateLoginProfile", &[user]).await.refused("NoSuchEntity"), missing);
        assert_eq!(root.call("DeleteLoginProfile", &[user]).await.refused("NoSuchEntity"), missing);
        assert_eq!(
            root.call("GetLoginProfile", &[]).await.refused("ValidationError"),
            "Must specify userName when calling with non-User credentials"
        );
    }

    async fn a_password_must_keep_to_the_rules_in_force(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let create = |password: &'static str| {
            let root = root.clone();
            async move { root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", password)]).await }
        };
        for weak in ["abc123", "abcdefgh", ACCOUNT] {
            assert_eq!(create(weak).await.refused("PasswordPolicyViolation"), VIOLATION, "{weak}");
        }
        assert_eq!(
            root.call("CreateLoginProfile", &[("UserName", "alice")]).await.refused("ValidationError"),
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null"
        );
        let reply = root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", &"p".repeat(129))]).await;
        assert_eq!(
            reply.refused("ValidationError"),
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length less than or equal to 128"
        );
        root.call("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "12"), ("RequireSymbols", "true")]).await.ok();
        assert_eq!(create("Abcdefghijk1").await.refused("PasswordPolicyViolation"), VIOLATION);
        create("abcdefghijk!").await.ok();
    }

    async fn a_user_changes_the_own_password_with_permission_and_the_old_one(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!"), ("PasswordResetRequired", "true")]).await.ok();
        assert_eq!(
            change(&alice, "Abcdef1!", "Abcdef2!").await.refused("AccessDenied"),
            "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: iam:ChangePassword on resource: user alice because no identity-based policy allows the iam:ChangePassword action"
        );
        root.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "own"), ("PolicyDocument", CHANGE_OWN)]).await.ok();
        assert_eq!(change(&alice, "Abcdef9!", "Abcdef2!").await.refused("AccessDenied"), "The old password was incorrect.");
        assert_eq!(change(&alice, "Abcdef1!", "abc123").await.refused("PasswordPolicyViolation"), VIOLATION);
        assert_eq!(state(&app, "alice").await, PasswordState::MustChange);
        change(&alice, "Abcdef1!", "Abcdef2!").await.ok();
        assert_eq!(state(&app, "alice").await, PasswordState::Good, "the flag is cleared");
        assert_eq!(change(&alice, "Abcdef1!", "Abcdef3!").await.refused("AccessDenied"), "The old password was incorrect.");
        change(&alice, "Abcdef2!", "Abcdef3!").await.ok();
    }

    async fn only_users_can_change_their_own_password(app) {
        let said = change(&app.root(), "Abcdef1!", "Abcdef2!").await.refused("InvalidUserType");
        assert_eq!(said, "Only IAM Users can change their own password.");
        let alice = app.user_with("alice", CHANGE_OWN).await;
        assert_eq!(
            change(&alice, "Abcdef1!", "Abcdef2!").await.refused("NoSuchEntity"),
            "Login Profile for User alice cannot be found."
        );
    }

    async fn the_last_passwords_cannot_be_used_again(app) {
        let root = app.root();
        let alice = app.user_with("alice", CHANGE_OWN).await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!")]).await.ok();
        change(&alice, "Abcdef1!", "Abcdef2!").await.ok();
        // The history reaches back to before the rule was made.
        root.call("UpdateAccountPasswordPolicy", &[("PasswordReusePrevention", "3")]).await.ok();
        change(&alice, "Abcdef2!", "Abcdef3!").await.ok();
        for used in ["Abcdef1!", "Abcdef2!", "Abcdef3!"] {
            assert_eq!(change(&alice, "Abcdef3!", used).await.refused("PasswordPolicyViolation"), REUSED, "{used}");
            let reset = root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", used)]).await;
            assert_eq!(reset.refused("PasswordPolicyViolation"), REUSED, "{used}");
        }
        change(&alice, "Abcdef3!", "Abcdef4!").await.ok();
        change(&alice, "Abcdef4!", "Abcdef1!").await.ok();
        root.call("DeleteAccountPasswordPolicy", &[]).await.ok();
        change(&alice, "Abcdef1!", "Abcdef1!").await.ok();
    }

    async fn the_accounts_policy_can_grant_every_user_the_change_and_nothing_else(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        let bob = app.user("bob").await;
        for name in ["alice", "bob"] {
            root.call("CreateLoginProfile", &[("UserName", name), ("Password", "Abcdef1!")]).await.ok();
        }
        root.call("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "8")]).await.ok();
        change(&alice, "Abcdef1!", "Abcdef2!").await.refused("AccessDenied");
        alice.call("GetAccountPasswordPolicy", &[]).await.refused("AccessDenied");
        root.call("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "8"), ("AllowUsersToChangePassword", "true")]).await.ok();
        change(&alice, "Abcdef1!", "Abcdef2!").await.ok();
        alice.call("GetAccountPasswordPolicy", &[]).await.ok();
        for user in [&alice, &bob] {
            user.call("CreateAccessKey", &[]).await.refused("AccessDenied");
            user.call("GetLoginProfile", &[]).await.refused("AccessDenied");
            user.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef9!")]).await.refused("AccessDenied");
        }
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
        root.call("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "no"), ("PolicyDocument", deny)]).await.ok();
        assert!(change(&bob, "Abcdef1!", "Abcdef2!").await.refused("AccessDenied").ends_with("with an explicit deny in an identity-based policy"));
        bob.call("GetAccountPasswordPolicy", &[]).await.refused("AccessDenied");
    }

    async fn an_expired_password_stops_the_sign_in_and_not_the_keys(app) {
        let root = app.root();
        let alice = app.user_with("alice", CHANGE_OWN).await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!")]).await.ok();
        assert_eq!(state(&app, "alice").await, PasswordState::Good);
        app.clock().advance(90 * 86_400);
        assert_eq!(state(&app, "alice").await, PasswordState::Good);
        root.call("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "90")]).await.ok();
        assert_eq!(state(&app, "alice").await, PasswordState::Expired, "the age binds existing passwords at once");
        root.call("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "90"), ("HardExpiry", "true")]).await.ok();
        assert_eq!(state(&app, "alice").await, PasswordState::HardExpired);
        change(&alice, "Abcdef1!", "Abcdef2!").await.ok();
        assert_eq!(state(&app, "alice").await, PasswordState::Good);
    }

    async fn wrong_old_passwords_run_out_and_come_back(app) {
        let alice = app.user_with("alice", CHANGE_OWN).await;
        app.root().call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!")]).await.ok();
        for _ in 0..10 {
            assert_eq!(change(&alice, "wrong", "Abcdef2!").await.refused("AccessDenied"), "The old password was incorrect.");
        }
        change(&alice, "Abcdef1!", "Abcdef2!").await.refused("Throttling");
        app.clock().advance(301);
        change(&alice, "Abcdef1!", "Abcdef2!").await.ok();
    }

    async fn ac_44_of_two_changes_at_once_one_wins_and_the_other_is_told_the_truth(app) {
        let alice = app.user_with("alice", CHANGE_OWN).await;
        app.root().call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Abcdef1!")]).await.ok();
        for (old, left, right) in [("Abcdef1!", "Abcdef2!", "Abcdef3!"), ("?", "Abcdef4!", "Abcdef5!")] {
            let old = if old == "?" {
                if change(&alice, "Abcdef2!", "Abcdef2!").await.status == 200 { "Abcdef2!" } else { "Abcdef3!" }
            } else {
                old
            };
            let both = [left, right].map(|new| {
                let (alice, old) = (alice.clone(), old.to_owned());
                tokio::spawn(async move { change(&alice, &old, new).await })
            });
            let mut done = 0;
            for one in both {
                let reply = one.await.expect("no panic");
                if reply.status == 200 {
                    done += 1;
                } else {
                    assert_eq!(reply.refused("AccessDenied"), "The old password was incorrect.");
                }
            }
            assert_eq!(done, 1);
        }
    }

    async fn passwords_show_in_no_event(app) {
        let root = app.root();
        let alice = app.user_with("alice", CHANGE_OWN).await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Planted-canary-1")]).await.ok();
        change(&alice, "Planted-canary-1", "Planted-canary-2").await.ok();
        let refused = app.user("bob").await.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Planted-canary-3")]).await;
        assert!(!refused.body.contains("canary"));
        let reply = change(&alice, "Planted-canary-4", "Planted-canary-5").await;
        assert!(!reply.body.contains("canary"));
        app.iam().flush().await;
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("ChangePassword") && events.contains("UpdateLoginProfile"), "{events}");
        assert!(events.contains("HIDDEN_DUE_TO_SECURITY_REASONS"));
        assert!(!events.contains("canary"), "{events}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reuse_prevention_reaches_back_twenty_four_passwords_and_no_further() {
    let app = TestApp::sqlite().await;
    let root = app.root();
    root.call("CreateUser", &[("UserName", "alice")]).await.ok();
    root.call(
        "UpdateAccountPasswordPolicy",
        &[("PasswordReusePrevention", "24")],
    )
    .await
    .ok();
    root.call(
        "CreateLoginProfile",
        &[("UserName", "alice"), ("Password", "Abcdef00")],
    )
    .await
    .ok();
    for n in 1..24 {
        let password = format!("Abcdef{n:02}");
        root.call(
            "UpdateLoginProfile",
            &[("UserName", "alice"), ("Password", &password)],
        )
        .await
        .ok();
    }
    let oldest = root
        .call(
            "UpdateLoginProfile",
            &[("UserName", "alice"), ("Password", "Abcdef00")],
        )
        .await;
    assert_eq!(
        oldest.refused("PasswordPolicyViolation"),
        REUSED,
        "the twenty-fourth back is remembered"
    );
    root.call(
        "UpdateLoginProfile",
        &[("UserName", "alice"), ("Password", "Abcdef24")],
    )
    .await
    .ok();
    root.call(
        "UpdateLoginProfile",
        &[("UserName", "alice"), ("Password", "Abcdef00")],
    )
    .await
    .ok();
}
