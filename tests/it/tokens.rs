//! Tokens of the Identity API: what opens one, what it opens, and what ends it.

use claviger_iam::context::{Door, RequestFacts};
use claviger_iam::operation::Operation;
use claviger_iam::operation::sessions::{GetCallerIdentity, GetSessionToken};
use claviger_iam::operation::tokens::{IssuedToken, ReissueToken, RevokeOwnToken, RevokeToken};
use claviger_iam::operation::users::ListUsers;
use claviger_iam::signin::{PasswordAttempt, Refusal, SignInName};
use claviger_iam::{Fault, Iam};
use claviger_it::{
    ACCOUNT, Actor, ROOT_EMAIL, ROOT_PASSWORD, SOURCE_IP, TestApp, on_both_engines, totp,
};
use claviger_model::{Code, Scalar, Secret};

use crate::signin::{PASSWORD, person};

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const NONE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

pub(crate) fn request(app: &TestApp) -> RequestFacts {
    RequestFacts {
        id: "a-request".into(),
        source_ip: SOURCE_IP,
        user_agent: None,
        referer: None,
        secure_transport: true,
        region: "us-east-1".into(),
        door: Door::Huawei,
        now: app.now(),
    }
}

async fn ask(
    app: &TestApp,
    name: SignInName<'_>,
    password: &str,
    code: Option<&str>,
) -> Result<IssuedToken, Refusal> {
    let password = Secret::new(password.to_owned());
    let attempt = PasswordAttempt {
        name,
        password: &password,
        known_browser: None,
    };
    let code = code.map(|code| Secret::new(code.to_owned()));
    app.iam()
        .token_by_password(&attempt, code.as_ref(), false, &request(app))
        .await
}

fn named(name: &str) -> SignInName<'_> {
    SignInName::InDomain {
        account: ACCOUNT,
        name,
    }
}

pub(crate) async fn token_of(app: &TestApp, name: &str) -> Secret<String> {
    ask(app, named(name), PASSWORD, None)
        .await
        .expect("a token")
        .token
}

/// Runs an operation for the bearer of a token.
async fn run<O: Operation>(
    app: &TestApp,
    token: &Secret<String>,
    operation: O,
) -> Result<O::Output, Fault> {
    let iam: &Iam = app.iam();
    let request = request(app);
    let admitted = iam.authenticate_token(token.expose(), &request).await?;
    iam.call(&operation, admitted, &request).await
}

async fn is_good(app: &TestApp, token: &Secret<String>) -> bool {
    match run(app, token, GetCallerIdentity {}).await {
        Ok(_) => true,
        Err(fault)
            if matches!(
                fault.code(),
                Code::InvalidClientTokenId | Code::ExpiredToken
            ) =>
        {
            false
        }
        Err(fault) => panic!("{fault}"),
    }
}

fn list() -> ListUsers {
    ListUsers {
        path_prefix: None,
        page: claviger_iam::operation::page::Paged {
            max_items: None,
            marker: None,
        },
    }
}

fn session() -> GetSessionToken {
    GetSessionToken {
        duration_seconds: None,
        serial_number: None,
        token_code: None,
        minimum_session_token_size: None,
    }
}

/// A virtual device in the user's hands: its seed.
async fn device(app: &TestApp, name: &str) -> String {
    let root = app.root();
    let made = root
        .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
        .await
        .ok();
    let seed = data_encoding::BASE64
        .decode(made.text("Base32StringSeed").as_bytes())
        .expect("base64");
    let seed = String::from_utf8(seed).expect("ASCII");
    let (first, second) = (
        totp(&seed, app.now().plus_seconds(-30)),
        totp(&seed, app.now()),
    );
    let enable = [
        ("UserName", name),
        ("SerialNumber", &made.text("SerialNumber")),
        ("AuthenticationCode1", &first),
        ("AuthenticationCode2", &second),
    ];
    root.call("EnableMFADevice", &enable).await.ok();
    seed
}

on_both_engines! {
    async fn a_password_opens_a_token_that_may_do_what_policies_say(app) {
        person(&app, "alice", ALL).await;
        person(&app, "bob", NONE).await;
        let (alice, bob) = (token_of(&app, "ALICE").await, token_of(&app, "bob").await);
        let told = run(&app, &alice, GetCallerIdentity {}).await.expect("an answer");
        assert_eq!(told.arn.as_str(), "arn:aws:iam::123456789012:user/alice");
        assert_eq!(run(&app, &alice, list()).await.expect("users").users.len(), 2);
        let fault = run(&app, &bob, list()).await.err().expect("refused");
        assert_eq!(fault.code(), Code::AccessDenied);
    }

    async fn nothing_else_opens_one_and_all_of_it_is_answered_alike(app) {
        person(&app, "alice", ALL).await;
        app.user("nopass").await;
        let disable = [("UserName", "alice"), ("Enabled", "false")];
        for (name, password) in [("alice", "Wrong-Horse-1"), ("nobody", PASSWORD), ("nopass", PASSWORD)] {
            let refused = ask(&app, named(name), password, None).await;
            assert!(matches!(refused, Err(Refusal::Wrong)), "{name}");
        }
        let elsewhere = SignInName::InDomain { account: "999999999999", name: "alice" };
        assert!(matches!(ask(&app, elsewhere, PASSWORD, None).await, Err(Refusal::Wrong)));
        app.root().call("SetUserAccess", &disable).await.ok();
        assert!(matches!(ask(&app, named("alice"), PASSWORD, None).await, Err(Refusal::Wrong)));
    }

    async fn tries_are_counted_with_those_at_the_console(app) {
        person(&app, "alice", ALL).await;
        let mut refusals = Vec::new();
        for _ in 0..6 {
            refusals.push(ask(&app, named("alice"), "Wrong-Horse-1", None).await.err());
            refusals.push(crate::signin::by_name(&app, "alice", "Wrong-Horse-1").await.err());
        }
        assert!(matches!(refusals.last(), Some(Some(Refusal::TooMany))), "{refusals:?}");
        assert!(matches!(ask(&app, named("alice"), PASSWORD, None).await, Err(Refusal::TooMany)));
    }

    async fn root_answers_to_the_name_of_the_account_while_no_user_bears_it(app) {
        let arn = async |name: &str, password: &str| -> Result<String, Refusal> {
            let token = ask(&app, named(name), password, None).await?.token;
            Ok(run(&app, &token, GetCallerIdentity {}).await.expect("an answer").arn.as_str().to_owned())
        };
        let root = "arn:aws:iam::123456789012:root";
        assert_eq!(arn(ACCOUNT, ROOT_PASSWORD).await.expect("root"), root);
        app.root().call("CreateAccountAlias", &[("AccountAlias", "acme")]).await.ok();
        assert_eq!(arn("acme", ROOT_PASSWORD).await.expect("root"), root);
        assert!(matches!(arn(ACCOUNT, ROOT_PASSWORD).await, Err(Refusal::Wrong)));
        // Not by the e-mail address: that is the console's.
        assert!(matches!(arn(ROOT_EMAIL, ROOT_PASSWORD).await, Err(Refusal::Wrong)));
        person(&app, "acme", NONE).await;
        assert!(matches!(arn("acme", ROOT_PASSWORD).await, Err(Refusal::Wrong)));
        assert_eq!(arn("acme", PASSWORD).await.expect("the user"), "arn:aws:iam::123456789012:user/acme");
    }

    async fn a_code_proves_the_second_factor_once_and_a_token_without_one_does_not(app) {
        let needs_mfa = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;
        person(&app, "alice", needs_mfa).await;
        let seed = device(&app, "alice").await;
        app.clock().advance(60);
        let plain = token_of(&app, "alice").await;
        assert!(run(&app, &plain, list()).await.is_err());
        let code = totp(&seed, app.now());
        let proved = ask(&app, named("alice"), PASSWORD, Some(&code)).await.expect("a token").token;
        run(&app, &proved, list()).await.expect("allowed");
        let again = ask(&app, named("alice"), PASSWORD, Some(&code)).await;
        assert!(matches!(again, Err(Refusal::Wrong)), "a code is good once (AC-35)");
        assert!(matches!(ask(&app, named("alice"), PASSWORD, Some("000000")).await, Err(Refusal::Wrong)));
        // Where a second factor is demanded, a password alone opens nothing.
        app.root().call("SetUserMFADemand", &[("UserName", "alice"), ("DemandMFA", "true")]).await.ok();
        let refused = ask(&app, named("alice"), PASSWORD, None).await;
        assert!(matches!(refused, Err(Refusal::Fault(_))), "{:?}", refused.err());
    }

    async fn api_login_protection_asks_for_a_code_and_login_protection_alone_does_not(app) {
        person(&app, "alice", ALL).await;
        let seed = device(&app, "alice").await;
        app.clock().advance(60);
        let root = app.root();
        let protect = async |api: &str| {
            let method = [("UserName", "alice"), ("Method", "vmfa"), ("ApiProtection", api)];
            root.call("SetLoginProtection", &method).await.ok();
        };
        protect("false").await;
        token_of(&app, "alice").await;
        protect("true").await;
        let refused = ask(&app, named("alice"), PASSWORD, None).await;
        assert!(matches!(refused, Err(Refusal::Fault(_))), "{:?}", refused.err());
        assert!(matches!(ask(&app, named("alice"), "Wrong-Horse-1", None).await, Err(Refusal::Wrong)));
        ask(&app, named("alice"), PASSWORD, Some(&totp(&seed, app.now()))).await.expect("a token");
    }

    async fn a_token_leads_not_past_login_protection_to_a_factor_of_a_thiefs_own(app) {
        use claviger_iam::operation::access_keys::CreateAccessKey;
        use claviger_iam::operation::contacts::RequestContactCode;
        use claviger_iam::operation::mfa_devices::EnableMFADevice;
        crate::login_protection::reachable(&app, "alice", "Email", "alice@example.com").await;
        let root = app.root();
        let free = token_of(&app, "alice").await;
        root.call("SetLoginProtection", &[("UserName", "alice"), ("Method", "email")]).await.ok();
        let stolen = token_of(&app, "alice").await;
        let refused = |fault: Option<Fault>| {
            let fault = fault.expect("refused");
            assert_eq!(fault.code(), Code::AccessDenied);
            assert!(fault.message().is_some_and(|text| text.contains("Login protection")), "{fault}");
        };
        for token in [&free, &stolen] {
            let bind = EnableMFADevice {
                user_name: Scalar::parse("alice").expect("a name"),
                serial_number: Scalar::parse("arn:aws:iam::123456789012:mfa/thief").expect("a serial number"),
                authentication_code1: Secret::new(Scalar::parse("123456").expect("a code")),
                authentication_code2: Secret::new(Scalar::parse("654321").expect("a code")),
            };
            refused(run(&app, token, bind).await.err());
            let address = RequestContactCode {
                email: Some(Scalar::parse("thief@example.com").expect("an address")),
                mobile: None,
            };
            refused(run(&app, token, address).await.err());
            refused(run(&app, token, CreateAccessKey { user_name: None }).await.err());
            refused(run(&app, token, session()).await.err());
            // What is not about the own credentials goes on.
            run(&app, token, list()).await.expect("users");
        }
        root.call("SetLoginProtection", &[("UserName", "alice"), ("Method", "none")]).await.ok();
        run(&app, &stolen, CreateAccessKey { user_name: None }).await.expect("a key");
    }

    async fn a_token_that_a_password_alone_has_opened_ends_with_the_first_device(app) {
        person(&app, "alice", ALL).await;
        let before = token_of(&app, "alice").await;
        app.clock().advance(60);
        let seed = device(&app, "alice").await;
        assert!(!is_good(&app, &before).await);
        app.clock().advance(60);
        let plain = token_of(&app, "alice").await;
        let proved = ask(&app, named("alice"), PASSWORD, Some(&totp(&seed, app.now()))).await.expect("a token").token;
        assert!(is_good(&app, &plain).await && is_good(&app, &proved).await);
    }

    async fn tries_by_one_name_tell_nothing_of_another(app) {
        let root = app.root();
        root.call("CreateAccountAlias", &[("AccountAlias", "acme")]).await.ok();
        for _ in 0..12 {
            let console = SignInName::Root { email: ROOT_EMAIL };
            drop(crate::signin::attempt(&app, console, "Wrong-Horse-1", SOURCE_IP, None).await);
        }
        // Were the tries one, this would tell whose address that is.
        assert!(matches!(ask(&app, named("acme"), "Wrong-Horse-1", None).await, Err(Refusal::Wrong)));
        ask(&app, named("acme"), ROOT_PASSWORD, None).await.expect("a token");
    }

    async fn a_token_ends_with_the_password_the_user_and_its_day(app) {
        let alice = person(&app, "alice", ALL).await;
        let root = app.root();
        let day = token_of(&app, "alice").await;
        app.clock().advance(86_399);
        assert!(is_good(&app, &day).await);
        app.clock().advance(1);
        assert!(!is_good(&app, &day).await);

        let before = token_of(&app, "alice").await;
        let change = [("OldPassword", PASSWORD), ("NewPassword", "Battery-Staple-2")];
        alice.call("ChangePassword", &change).await.ok();
        assert!(!is_good(&app, &before).await, "another password");
        let then = ask(&app, named("alice"), "Battery-Staple-2", None).await.expect("a token").token;
        root.call("SetUserAccess", &[("UserName", "alice"), ("AccessMode", "console")]).await.ok();
        assert!(!is_good(&app, &then).await, "closed to tokens");
        let told = ask(&app, named("alice"), "Battery-Staple-2", None).await;
        assert!(matches!(told, Err(Refusal::Fault(fault)) if fault.shut().is_some()));
        root.call("SetUserAccess", &[("UserName", "alice"), ("AccessMode", "programmatic")]).await.ok();
        let last = ask(&app, named("alice"), "Battery-Staple-2", None).await.expect("a token").token;
        root.call("SetUserAccess", &[("UserName", "alice"), ("Enabled", "false")]).await.ok();
        assert!(!is_good(&app, &last).await);
    }

    async fn one_token_is_revoked_and_the_others_stay(app) {
        person(&app, "alice", NONE).await;
        let admin = app.user_with("admin", ALL).await;
        let (first, second) = (token_of(&app, "alice").await, token_of(&app, "alice").await);
        let reissued = run(&app, &first, ReissueToken { project: Some(true) }).await.expect("a token").token;
        run(&app, &first, RevokeOwnToken {}).await.expect("ended");
        assert!(!is_good(&app, &first).await && is_good(&app, &second).await && is_good(&app, &reissued).await);
        let subject = |token: &Secret<String>| Secret::new(Scalar::parse(token.expose()).expect("a token"));
        let fault = run(&app, &second, RevokeToken { subject_token: subject(&reissued) }).await.err().expect("refused");
        assert_eq!(fault.code(), Code::AccessDenied);
        let told = admin.call("ValidateToken", &[("SubjectToken", second.expose())]).await.ok();
        assert_eq!(told.text("Arn"), "arn:aws:iam::123456789012:user/alice");
        admin.call("RevokeToken", &[("SubjectToken", second.expose())]).await.ok();
        assert!(!is_good(&app, &second).await && is_good(&app, &reissued).await);
        for operation in ["ValidateToken", "RevokeToken"] {
            admin.call(operation, &[("SubjectToken", second.expose())]).await.refused("NoSuchEntity");
        }
    }

    async fn a_reissued_token_ends_when_the_first_would_have(app) {
        person(&app, "alice", ALL).await;
        let first = token_of(&app, "alice").await;
        app.clock().advance(80_000);
        let second = run(&app, &first, ReissueToken { project: None }).await.expect("a token");
        app.clock().advance(6_399);
        assert!(is_good(&app, &second.token).await);
        app.clock().advance(1);
        assert!(!is_good(&app, &second.token).await);
        // Whoever signs requests has nothing to be reissued.
        let signing: Actor = app.user_with("signing", ALL).await;
        signing.call("ReissueToken", &[]).await.refused("AccessDenied");
    }

    async fn ac_37_no_token_is_taken_for_another_kind(app) {
        let alice = person(&app, "alice", ALL).await;
        let token = token_of(&app, "alice").await;
        let temporary = alice.sts("GetSessionToken", &[]).await.ok().text("SessionToken");
        let console = crate::signin::opened(crate::signin::by_name(&app, "alice", PASSWORD).await);
        for other in [temporary.as_str(), console.token.expose(), "", "AAAA", &token.expose()[1..]] {
            let refused = app.iam().authenticate_token(other, &request(&app)).await;
            assert_eq!(refused.err().expect("no token").code(), Code::InvalidClientTokenId);
        }
        // What a token issues are temporary credentials, which end with the token's day.
        app.clock().advance(80_000);
        let issued = run(&app, &token, session()).await.expect("credentials").credentials;
        assert_eq!(issued.expiration, app.now().plus_seconds(6_400));
    }

    async fn tokens_stand_in_no_event(app) {
        let admin = app.user_with("admin", ALL).await;
        person(&app, "alice", ALL).await;
        let token = token_of(&app, "alice").await;
        admin.call("RevokeToken", &[("SubjectToken", token.expose())]).await.ok();
        let events = app.root().lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("IssueToken") && events.contains("RevokeToken"), "{events}");
        assert!(!events.contains(token.expose()));
    }
}
