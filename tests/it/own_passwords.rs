//! Passwords that people set without the old one: by a link, by one that was drawn and sent, by a code where it was forgotten.

use claviger_iam::dispatch::Says;
use claviger_iam::operation::contacts::ContactChannel;
use claviger_iam::signin::{Next, PasswordOwner, Refusal, SignInName};
use claviger_it::{ACCOUNT, TestApp, on_both_engines};
use claviger_model::{Code, Secret};

use crate::contacts::{another, asked, codes, dispatches, verify};
use crate::login_protection::reachable;
use crate::signin::{
    ELSEWHERE, HERE, PASSWORD, at, attempt, by_name, is_over, is_wrong, opened, password, person,
    request, secret,
};

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ChangePassword","Resource":"*"}}"#;
const EMAIL: &str = "alice@example.com";
const NEW: &str = "Battery-Staple-2";

/// Sends a link, and gives what stands in it.
async fn link(app: &TestApp, name: &str) -> Secret<String> {
    app.root()
        .call("SendPasswordLink", &[("UserName", name)])
        .await
        .ok();
    let sent = dispatches(app).await;
    let found = sent.into_iter().find_map(|sent| match sent.says {
        Says::PasswordLink(note) => Some(note.token),
        Says::Code(_) | Says::Password(_) => None,
    });
    found.expect("a link")
}

async fn follow(
    app: &TestApp,
    token: &Secret<String>,
    new: &str,
) -> Result<PasswordOwner, Refusal> {
    let request = request(app, HERE);
    app.iam()
        .use_password_link(token, &secret(new), &request)
        .await
}

/// Asks for a code, and waits for it: it is sent after the answer.
async fn forgot(app: &TestApp, name: &str, channel: ContactChannel) -> Secret<String> {
    let request = request(app, HERE);
    app.iam()
        .forgot_password(ACCOUNT, name, channel, &request)
        .await
        .expect("an answer")
}

async fn code(app: &TestApp) -> (String, String) {
    for _ in 0..200 {
        if let Some(sent) = codes(app).await.pop() {
            return sent;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no code was sent");
}

async fn no_code(app: &TestApp) {
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(codes(app).await, []);
}

async fn reset(
    app: &TestApp,
    ticket: &Secret<String>,
    code: &str,
    new: &str,
) -> Result<PasswordOwner, Refusal> {
    let request = request(app, HERE);
    app.iam()
        .set_forgotten_password(ticket, &secret(code), &secret(new), &request)
        .await
}

fn refused_for<T: std::fmt::Debug>(outcome: Result<T, Refusal>, code: Code) {
    assert!(
        matches!(&outcome, Err(Refusal::Fault(fault)) if fault.code() == code),
        "{outcome:?}"
    );
}

on_both_engines! {
    async fn a_link_sets_a_password_once_and_the_old_one_is_good_until_then(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        let session = opened(by_name(&app, "alice", PASSWORD).await);
        let token = link(&app, "alice").await;
        let state = app.root().call("GetPasswordState", &[("UserName", "alice")]).await.ok();
        assert_eq!((state.text("Origin"), state.find("LinkExpiration").is_some()), ("chosen".into(), true));
        opened(by_name(&app, "alice", PASSWORD).await);
        let owner = app.iam().password_link(token.expose(), &request(&app, HERE)).await.expect("good");
        assert_eq!(owner.name, "alice");
        refused_for(follow(&app, &token, "short").await, Code::PasswordPolicyViolation);
        refused_for(follow(&app, &token, PASSWORD).await, Code::PasswordPolicyViolation);
        follow(&app, &token, NEW).await.expect("set");
        is_wrong(by_name(&app, "alice", PASSWORD).await);
        opened(by_name(&app, "alice", NEW).await);
        is_over(at(&app, &session.token).await);
        is_over(follow(&app, &token, "Third-Horse-3").await);
        is_over(app.iam().password_link(token.expose(), &request(&app, HERE)).await);
    }

    async fn a_link_gives_a_first_password_and_ends_after_seven_days(app) {
        let alice = app.user_with("alice", ALL).await;
        let (ticket, sent) = asked(&app, &alice, "Email", EMAIL).await;
        verify(&alice, &ticket, &sent).await.ok();
        let late = link(&app, "alice").await;
        app.clock().advance(7 * 86_400);
        is_over(follow(&app, &late, NEW).await);
        let token = link(&app, "alice").await;
        app.clock().advance(7 * 86_400 - 1);
        follow(&app, &token, NEW).await.expect("set");
        opened(by_name(&app, "alice", NEW).await);
    }

    async fn a_link_is_withdrawn_by_whatever_takes_its_place(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        let root = app.root();
        let first = link(&app, "alice").await;
        let second = link(&app, "alice").await;
        is_over(follow(&app, &first, NEW).await);
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Third-Horse-3")]).await.ok();
        is_over(follow(&app, &second, NEW).await);
        let third = link(&app, "alice").await;
        root.call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
        is_over(follow(&app, &third, NEW).await);
        let fourth = link(&app, "alice").await;
        root.call("DeleteLoginProfile", &[("UserName", "alice")]).await.ok();
        root.call("DeleteLoginProfile", &[("UserName", "alice")]).await.refused("NoSuchEntity");
        is_over(follow(&app, &fourth, NEW).await);
        // One that went to an address that is hers no more is none.
        let fifth = link(&app, "alice").await;
        root.call("RemoveContact", &[("UserName", "alice"), ("Channel", "email")]).await.ok();
        is_over(follow(&app, &fifth, NEW).await);
        for nothing in ["", "AAAA", "ÄÖÜ", &"A".repeat(43)] {
            is_over(follow(&app, &secret(nothing), NEW).await);
        }
    }

    async fn ac_38_of_fifty_who_use_one_link_at_once_one_sets_the_password(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        let token = link(&app, "alice").await;
        let tries: Vec<_> = (0..50).map(|at| {
            let (app, token) = (app.clone(), token.clone());
            tokio::spawn(async move {
                let new = format!("Battery-Staple-{at}");
                follow(&app, &token, &new).await.ok().map(|_| new)
            })
        }).collect();
        let mut set = Vec::new();
        for one in tries {
            set.extend(one.await.expect("a try"));
        }
        let [set] = set.as_slice() else { panic!("one: {set:?}") };
        opened(by_name(&app, "alice", set).await);
    }

    async fn a_password_that_is_drawn_is_sent_and_must_be_changed_by_its_owner(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        let root = app.root();
        root.call("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "30"), ("RequireSymbols", "true"), ("RequireNumbers", "true"),
            ("RequireUppercaseCharacters", "true"), ("RequireLowercaseCharacters", "true"), ("AllowUsersToChangePassword", "true")]).await.ok();
        let session = opened(by_name(&app, "alice", PASSWORD).await);
        let told = root.call("GeneratePassword", &[("UserName", "alice")]).await.ok();
        let sent = dispatches(&app).await;
        let drawn = sent.iter().find_map(|sent| match &sent.says {
            Says::Password(note) => Some(note.password.clone()),
            Says::Code(_) | Says::PasswordLink(_) => None,
        }).expect("a password");
        assert!(drawn.expose().len() >= 30 && !told.body.contains(drawn.expose().as_str()));
        is_over(at(&app, &session.token).await);
        is_wrong(by_name(&app, "alice", PASSWORD).await);
        let state = root.call("GetPasswordState", &[("UserName", "alice")]).await.ok();
        assert_eq!((state.text("Origin"), state.text("ResetRequired")), ("generated".into(), "true".into()));
        let waiting = password(by_name(&app, "alice", drawn.expose()).await);
        let new = "Battery-Staple-Battery-Staple-2";
        let next = app.iam().sign_in_with_new_password(waiting, &drawn, &secret(new), &request(&app, HERE)).await;
        opened(next);
        let state = root.call("GetPasswordState", &[("UserName", "alice")]).await.ok();
        assert_eq!((state.text("Origin"), state.text("ResetRequired")), ("chosen".into(), "false".into()));
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("GeneratePassword") && !events.contains(drawn.expose().as_str()));
    }

    async fn whoever_sends_a_password_may_set_one(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:SendPasswordLink","iam:GeneratePassword","iam:CreateLoginProfile"],"Resource":"*"}}"#;
        let clerk = app.user_with("clerk", policy).await;
        for operation in ["SendPasswordLink", "GeneratePassword"] {
            let said = clerk.call(operation, &[("UserName", "alice")]).await.refused("AccessDenied");
            assert!(said.contains("iam:UpdateLoginProfile"), "{said}");
        }
        // AC-42
        for _ in 0..12 {
            app.root().call("SendPasswordLink", &[("UserName", "alice")]).await.ok();
        }
        app.root().call("SendPasswordLink", &[("UserName", "alice")]).await.refused("Throttling");
    }

    async fn who_forgot_sets_another_password_by_a_code(app) {
        let alice = reachable(&app, "alice", "Email", EMAIL).await;
        let (ticket, sent) = asked(&app, &alice, "Mobile", "+49-15112345678").await;
        verify(&alice, &ticket, &sent).await.ok();
        let session = opened(by_name(&app, "alice", PASSWORD).await);
        for (name, channel, to, before, new) in [
            ("alice", ContactChannel::Email, EMAIL, PASSWORD, NEW),
            ("Alice@Example.com", ContactChannel::Mobile, "+49-15112345678", NEW, "Third-Horse-3"),
        ] {
            let ticket = forgot(&app, name, channel).await;
            let (sent_to, sent) = code(&app).await;
            assert_eq!(sent_to, to);
            is_wrong(reset(&app, &ticket, &another(&sent), new).await);
            refused_for(reset(&app, &ticket, &sent, "short").await, Code::PasswordPolicyViolation);
            refused_for(reset(&app, &ticket, &sent, before).await, Code::PasswordPolicyViolation);
            opened(by_name(&app, "alice", before).await);
            reset(&app, &ticket, &sent, new).await.expect("set");
            is_wrong(by_name(&app, "alice", before).await);
            opened(by_name(&app, "alice", new).await);
            is_wrong(reset(&app, &ticket, &sent, "Fourth-Horse-4").await);
        }
        is_over(at(&app, &session.token).await);
    }

    async fn ac_30_the_answer_is_one_whether_or_not_anybody_is_there(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        person(&app, "bob", ALL).await;
        app.root().call("SetContact", &[("UserName", "bob"), ("Email", "bob@example.com")]).await.ok();
        let keyless = app.user_with("carol", ALL).await;
        let (ticket, sent) = asked(&app, &keyless, "Email", "carol@example.com").await;
        verify(&keyless, &ticket, &sent).await.ok();
        let there = forgot(&app, "alice", ContactChannel::Email).await;
        code(&app).await;
        // Nobody; one without an address of the kind; one whose address is not verified; one without a password.
        for (name, channel) in [("nobody", ContactChannel::Email), ("alice", ContactChannel::Mobile), ("bob", ContactChannel::Email), ("carol", ContactChannel::Email)] {
            let ticket = forgot(&app, name, channel).await;
            assert_eq!(ticket.expose().len(), there.expose().len(), "{name}");
            is_wrong(reset(&app, &ticket, "000000", NEW).await);
        }
        no_code(&app).await;
        let request = request(&app, HERE);
        let elsewhere = app.iam().forgot_password("999999999999", "alice", ContactChannel::Email, &request).await.expect("an answer");
        assert_eq!(elsewhere.expose().len(), there.expose().len());
    }

    async fn ac_35_a_forgotten_password_is_worth_few_tries(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        let ticket = forgot(&app, "alice", ContactChannel::Email).await;
        let (_, sent) = code(&app).await;
        for _ in 0..5 {
            is_wrong(reset(&app, &ticket, &another(&sent), NEW).await);
        }
        is_wrong(reset(&app, &ticket, &sent, NEW).await);
        for name in ["alice", "nobody"] {
            let mut refused = false;
            for _ in 0..11 {
                let outcome = app.iam().forgot_password(ACCOUNT, name, ContactChannel::Email, &request(&app, ELSEWHERE)).await;
                refused |= matches!(outcome, Err(Refusal::TooMany));
            }
            assert!(refused, "{name}");
        }
    }

    async fn ac_35_new_tickets_bring_no_new_tries_without_end(app) {
        reachable(&app, "alice", "Email", EMAIL).await;
        for _ in 0..6 {
            let ticket = forgot(&app, "alice", ContactChannel::Email).await;
            let (_, sent) = code(&app).await;
            for _ in 0..5 {
                is_wrong(reset(&app, &ticket, &another(&sent), NEW).await);
            }
            app.clock().advance(3_600);
        }
        let ticket = forgot(&app, "alice", ContactChannel::Email).await;
        let (_, sent) = code(&app).await;
        is_wrong(reset(&app, &ticket, &sent, NEW).await);
        app.clock().advance(86_400);
        let ticket = forgot(&app, "alice", ContactChannel::Email).await;
        let (_, sent) = code(&app).await;
        reset(&app, &ticket, &sent, NEW).await.expect("set");
    }

    async fn a_code_for_a_forgotten_password_ends_with_what_it_was_sent_for(app) {
        let alice = reachable(&app, "alice", "Email", EMAIL).await;
        let root = app.root();
        let late = forgot(&app, "alice", ContactChannel::Email).await;
        let (_, sent) = code(&app).await;
        // It is for nothing else, and nothing else is for it.
        verify(&alice, late.expose(), &sent).await.refused("InvalidAuthenticationCode");
        let (contact, its_code) = asked(&app, &alice, "Email", "new@example.com").await;
        is_wrong(reset(&app, &secret(&contact), &its_code, NEW).await);
        app.clock().advance(600);
        is_wrong(reset(&app, &late, &sent, NEW).await);
        let ticket = forgot(&app, "alice", ContactChannel::Email).await;
        let (_, sent) = code(&app).await;
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Third-Horse-3")]).await.ok();
        is_wrong(reset(&app, &ticket, &sent, NEW).await);
        let ticket = forgot(&app, "alice", ContactChannel::Email).await;
        let (_, sent) = code(&app).await;
        root.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "deny"), ("PolicyDocument", DENY)]).await.ok();
        refused_for(reset(&app, &ticket, &sent, NEW).await, Code::AccessDenied);
        opened(by_name(&app, "alice", "Third-Horse-3").await);
    }

    async fn a_verified_address_stands_in_for_the_name_and_a_name_wins(app) {
        let alice = reachable(&app, "alice", "Email", EMAIL).await;
        let (ticket, sent) = asked(&app, &alice, "Mobile", "+49-15112345678").await;
        verify(&alice, &ticket, &sent).await.ok();
        for name in [EMAIL, "ALICE@example.com", "+49-15112345678", "+4915112345678"] {
            let opened = opened(by_name(&app, name, PASSWORD).await);
            assert!(format!("{:?}", opened.session.who).contains("AIDA"));
            is_wrong(by_name(&app, name, "not the password").await);
        }
        person(&app, "bob", ALL).await;
        app.root().call("SetContact", &[("UserName", "bob"), ("Email", "bob@example.com")]).await.ok();
        is_wrong(by_name(&app, "bob@example.com", PASSWORD).await);
        // Root's address is nobody's name at a user's door, and neither is that of somebody in another account.
        is_wrong(by_name(&app, claviger_it::ROOT_EMAIL, claviger_it::ROOT_PASSWORD).await);
        app.another_account("210987654321").await;
        let name = SignInName::User { account: "210987654321", name: EMAIL };
        is_wrong(attempt(&app, name, PASSWORD, HERE, None).await);
        // Somebody bears the address as a name.
        app.root().call("CreateUser", &[("UserName", EMAIL)]).await.ok();
        app.root().call("CreateLoginProfile", &[("UserName", EMAIL), ("Password", NEW)]).await.ok();
        is_wrong(by_name(&app, EMAIL, PASSWORD).await);
        assert!(matches!(by_name(&app, EMAIL, NEW).await, Ok(Next::Open(_))));
    }
}
