//! FIDO security keys and passkeys, with a true client of another author.

mod phone;

use claviger_iam::context::{Door, RequestFacts};
use claviger_iam::entity::mfa_device::Who;
use claviger_iam::webauthn::Purpose;
use claviger_iam::webauthn::{CeremonyError, Refusal, SecurityKeyProof};
use claviger_it::{
    ACCOUNT, Actor, ROOT_EMAIL, Reply, SOURCE_IP, Setup, TestApp, on_both_engines, totp,
};
use claviger_model::{AccountId, Scalar, UniqueId};
use phone::Phone;

/// Who may register keys for oneself.
pub(crate) const OWN_KEYS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:EnableMFADevice","iam:DeactivateMFADevice","iam:ListMFADevices","iam:GetMFADevice"],"Resource":"arn:aws:iam::*:user/${aws:username}"}}"#;

/// What the front door would tell of a request at this instant.
pub(crate) fn request(app: &TestApp) -> RequestFacts {
    RequestFacts {
        id: "00000000-0000-4000-8000-000000000001".into(),
        source_ip: SOURCE_IP,
        user_agent: Some(String::from("a browser")),
        referer: None,
        secure_transport: true,
        region: "us-east-1".into(),
        door: Door::Aws,
        now: app.now(),
    }
}

pub(crate) fn account() -> AccountId {
    AccountId::parse(ACCOUNT).expect("twelve digits")
}

/// A user, as challenges are issued to one.
pub(crate) async fn who(app: &TestApp, user: &str) -> Who {
    let told = app.root().call("GetUser", &[("UserName", user)]).await.ok();
    Who::User(UniqueId::parse(&told.text("UserId")).expect("a unique id"))
}

/// The options of a registration.
pub(crate) async fn begin(actor: &Actor, user: &str) -> String {
    let begun = actor
        .call("BeginSecurityKeyRegistration", &[("UserName", user)])
        .await
        .ok();
    begun.text("CreationOptions")
}

pub(crate) async fn finish(actor: &Actor, user: &str, name: &str, answer: &str) -> Reply {
    actor
        .call(
            "FinishSecurityKeyRegistration",
            &[
                ("UserName", user),
                ("SecurityKeyName", name),
                ("RegistrationResponse", answer),
            ],
        )
        .await
}

/// Registers a telephone, and answers its serial number.
async fn register(actor: &Actor, user: &str, name: &str, phone: &mut Phone) -> String {
    let answer = phone.create(&begin(actor, user).await).await.expect("made");
    let made = finish(actor, user, name, &answer).await.ok();
    made.text("SerialNumber")
}

pub(crate) async fn begin_assertion(app: &TestApp, who: Option<&Who>) -> String {
    let begun = app
        .iam()
        .begin_assertion(account(), who, Purpose::SignIn, &request(app))
        .await;
    begun.expect("it begins").options
}

pub(crate) async fn finish_assertion(
    app: &TestApp,
    who: Option<&Who>,
    answer: &str,
) -> Result<SecurityKeyProof, Refusal> {
    let finished = app
        .iam()
        .finish_assertion(account(), who, Purpose::SignIn, answer, &request(app))
        .await;
    finished.map_err(|error| match error {
        CeremonyError::Refused(refusal) => refusal,
        CeremonyError::Fault(fault) => panic!("{fault:?}"),
    })
}

/// Registers devices of software at once, and answers how many were.
async fn crowd_of_keys(app: &TestApp, user: &str, answers: Vec<String>) -> usize {
    let crowd: Vec<_> = answers
        .into_iter()
        .map(|answer| {
            let (root, user) = (app.root(), user.to_owned());
            tokio::spawn(async move { finish(&root, &user, "key", &answer).await })
        })
        .collect();
    let mut registered = 0;
    for one in crowd {
        registered += usize::from(one.await.expect("no panic").status == 200);
    }
    registered
}

on_both_engines! {
    async fn a_passkey_is_registered_listed_used_and_taken_away(app) {
        let root = app.root();
        let alice = app.user_with("alice", OWN_KEYS).await;
        let mut phone = Phone::new(false);
        let options = begin(&alice, "alice").await;
        let told: serde_json::Value = serde_json::from_str(&options).expect("JSON");
        assert_eq!(told["rp"], serde_json::json!({"name": "Claviger", "id": "iam.example.com"}));
        assert_eq!((told["user"]["name"].as_str(), told["attestation"].as_str()), (Some("alice"), Some("none")));
        assert_eq!(told["authenticatorSelection"]["userVerification"], "preferred");
        assert_eq!(told["timeout"], 300_000);
        let answer = phone.create(&options).await.expect("made");
        let made = finish(&alice, "alice", "My_phone", &answer).await.ok();
        let serial = made.text("SerialNumber");
        let suffix = serial.strip_prefix("arn:aws:iam::123456789012:u2f/user/alice/My_phone-").expect("AWS's form");
        assert_eq!(suffix.len(), 26);
        assert_eq!((made.text("UserName"), made.text("UserVerified")), ("alice".into(), "true".into()));

        let held = root.call("ListMFADevices", &[("UserName", "alice")]).await.ok();
        assert_eq!(held.all("SerialNumber"), [serial.as_str()]);
        assert_eq!(held.text("EnableDate"), "2026-01-02T03:04:05Z");
        let got = root.call("GetMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial)]).await.ok();
        assert_eq!((got.text("SerialNumber"), got.find("Certifications")), (serial.clone(), None));
        assert!(root.call("ListVirtualMFADevices", &[]).await.ok().all("SerialNumber").is_empty());
        let summary = root.call("GetAccountSummary", &[]).await.ok().body;
        for (name, count) in [("MFADevices", 1), ("MFADevicesInUse", 1), ("AccountMFAEnabled", 0)] {
            assert!(summary.contains(&format!("<key>{name}</key><value>{count}</value>")), "{summary}");
        }

        root.call("GenerateCredentialReport", &[]).await.ok();
        let report = root.call("GetCredentialReport", &[]).await.ok().text("Content");
        let report = String::from_utf8(data_encoding::BASE64.decode(report.as_bytes()).expect("base64")).expect("text");
        let columns = |user: &str| -> Vec<String> {
            let line = report.lines().find(|line| line.split(',').next() == Some(user)).expect("a line");
            line.split(',').map(str::to_owned).collect()
        };
        assert_eq!((columns("alice")[7].as_str(), columns("<root_account>")[7].as_str()), ("true", "false"));

        app.clock().advance(60);
        let who = who(&app, "alice").await;
        let answer = phone.get(&begin_assertion(&app, Some(&who)).await).await.expect("signed");
        let proof = finish_assertion(&app, Some(&who), &answer).await.expect("proved");
        assert_eq!((proof.who(), proof.serial().as_str(), proof.at()), (&who, serial.as_str(), app.now()));
        assert_eq!((proof.user_verified(), proof.purpose(), proof.account()), (true, Purpose::SignIn, account()));
        let listed = root.call("ListSecurityKeys", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.text("LastUsedDate"), "2026-01-02T03:05:05Z");
        assert_eq!(listed.find("CounterRegressedDate"), None);

        // It shows no codes, so STS cannot be asked with it, and a session says nothing of it.
        let session = [("SerialNumber", serial.as_str()), ("TokenCode", "123456")];
        let said = alice.sts("GetSessionToken", &session).await.refused("AccessDenied");
        assert!(said.starts_with("MultiFactorAuthentication failed, unable to validate MFA code."), "{said}");
        // Whoever has a device must prove it to take it away; an administrator need not.
        alice.call("DeactivateMFADevice", &[("SerialNumber", &serial)]).await.refused("AccessDenied");
        root.call("DeactivateMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial.to_uppercase())]).await.ok();
        assert!(root.call("ListSecurityKeys", &[("UserName", "alice")]).await.ok().all("SerialNumber").is_empty());
        root.call("DeactivateMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial)]).await.refused("NoSuchEntity");
        let begun = app.iam().begin_assertion(account(), Some(&who), Purpose::SignIn, &request(&app)).await;
        assert!(matches!(begun, Err(CeremonyError::Refused(Refusal::NoSecurityKey))));
        root.call("DeleteUserPolicy", &[("UserName", "alice"), ("PolicyName", "test")]).await.ok();
        let key = alice.access_key_id().to_owned();
        root.call("DeleteAccessKey", &[("UserName", "alice"), ("AccessKeyId", &key)]).await.ok();
        root.call("DeleteUser", &[("UserName", "alice")]).await.ok();
    }

    async fn root_registers_a_key_of_its_own(app) {
        let root = app.root();
        let options = root.call("BeginSecurityKeyRegistration", &[]).await.ok().text("CreationOptions");
        let told: serde_json::Value = serde_json::from_str(&options).expect("JSON");
        assert_eq!(told["user"]["name"], ROOT_EMAIL);
        let mut phone = Phone::new(true);
        let answer = phone.create(&options).await.expect("made");
        let made = root.call("FinishSecurityKeyRegistration", &[("SecurityKeyName", "safe"), ("RegistrationResponse", &answer)]).await.ok();
        let serial = made.text("SerialNumber");
        assert!(serial.starts_with("arn:aws:iam::123456789012:u2f/root-account/safe-"), "{serial}");
        assert_eq!(made.find("UserName"), None);
        let summary = root.call("GetAccountSummary", &[]).await.ok().body;
        assert!(summary.contains("<key>AccountMFAEnabled</key><value>1</value>"), "{summary}");
        for _ in 0..2 {
            let answer = phone.get(&begin_assertion(&app, Some(&Who::Root)).await).await.expect("signed");
            let proof = finish_assertion(&app, Some(&Who::Root), &answer).await.expect("proved");
            assert_eq!(proof.who(), &Who::Root);
        }
        // A long-term key proves no second factor, and root's own device needs one.
        root.call("DeactivateMFADevice", &[("SerialNumber", &serial)]).await.refused("AccessDenied");
    }

    async fn a_passkey_signs_in_whom_nobody_named(app) {
        let root = app.root();
        for user in ["alice", "bob"] {
            root.call("CreateUser", &[("UserName", user)]).await.ok();
        }
        let (mut hers, mut his) = (Phone::new(false), Phone::new(false));
        register(&root, "alice", "phone", &mut hers).await;
        register(&root, "bob", "phone", &mut his).await;
        let options = begin_assertion(&app, None).await;
        let told: serde_json::Value = serde_json::from_str(&options).expect("JSON");
        assert_eq!((told["allowCredentials"].clone(), told["userVerification"].as_str()), (serde_json::json!([]), Some("required")));
        let answer = his.get(&options).await.expect("signed");
        let proof = finish_assertion(&app, None, &answer).await.expect("proved");
        assert_eq!((proof.who(), proof.user_verified()), (&who(&app, "bob").await, true));
        // A user who is renamed keeps the passkey and its serial number.
        root.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alison")]).await.ok();
        let answer = hers.get(&begin_assertion(&app, None).await).await.expect("signed");
        let proof = finish_assertion(&app, None, &answer).await.expect("proved");
        assert_eq!(proof.who(), &who(&app, "alison").await);
        assert!(proof.serial().as_str().contains(":u2f/user/alice/"));
    }

    async fn what_allows_it_is_the_action_of_aws_with_its_condition_keys(app) {
        let policy = |step: &str| format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iam:EnableMFADevice","Resource":"*","Condition":{{"StringEquals":{{"iam:RegisterSecurityKey":"{step}"}}}}}}}}"#);
        let creator = app.user_with("creator", &policy("Create")).await;
        let activator = app.user_with("activator", &policy("Activate")).await;
        let said = activator.call("BeginSecurityKeyRegistration", &[]).await.refused("AccessDenied");
        assert!(said.contains("is not authorized to perform: iam:EnableMFADevice on resource: user activator"), "{said}");
        let mut phone = Phone::new(false);
        let answer = phone.create(&begin(&creator, "creator").await).await.expect("made");
        finish(&creator, "creator", "phone", &answer).await.refused("AccessDenied");
        finish(&activator, "creator", "phone", &answer).await.ok();
        // The codes of other devices set no such key.
        let made = app.root().call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "v")]).await.ok();
        let codes = [("UserName", "creator"), ("SerialNumber", &made.text("SerialNumber")), ("AuthenticationCode1", "000000"), ("AuthenticationCode2", "000001")];
        creator.call("EnableMFADevice", &codes).await.refused("AccessDenied");
    }

    async fn keys_and_devices_that_show_codes_share_one_limit_and_a_crowd_gets_no_more(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "v")]).await.ok();
        let seed = String::from_utf8(data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64")).expect("ASCII");
        let codes = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        root.call("EnableMFADevice", &[("UserName", "alice"), ("SerialNumber", &made.text("SerialNumber")), ("AuthenticationCode1", &codes.0), ("AuthenticationCode2", &codes.1)]).await.ok();
        register(&root, "alice", "first", &mut Phone::new(false)).await;
        let mut answers = Vec::new();
        for _ in 0..8 {
            answers.push(Phone::new(false).create(&begin(&root, "alice").await).await.expect("made"));
        }
        assert_eq!(crowd_of_keys(&app, "alice", answers).await, 6);
        assert_eq!(root.call("ListMFADevices", &[("UserName", "alice")]).await.ok().all("SerialNumber").len(), 8);
        assert_eq!(root.call("ListSecurityKeys", &[("UserName", "alice")]).await.ok().all("SerialNumber").len(), 7);
        root.call("BeginSecurityKeyRegistration", &[("UserName", "alice")]).await.refused("LimitExceeded");
    }

    async fn a_recovery_code_takes_a_lost_key_away(app) {
        let policy = OWN_KEYS.replace(r#""iam:EnableMFADevice""#, r#""iam:EnableMFADevice","iam:CreateRecoveryCodes","iam:RecoverMFADevice""#);
        let alice = app.user_with("alice", &policy).await;
        let serial = register(&alice, "alice", "phone", &mut Phone::new(false)).await;
        // Codes are made with another device in hand, and outlive it.
        let root = app.root();
        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "app")]).await.ok();
        let seed = String::from_utf8(data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64")).expect("ASCII");
        let code = |steps: i64| totp(&seed, app.now().plus_seconds(30 * steps));
        let serial_of_app = made.text("SerialNumber");
        let device = ("SerialNumber", serial_of_app.as_str());
        let held = [("UserName", "alice"), device];
        root.call("EnableMFADevice", &[held[0], device, ("AuthenticationCode1", &code(-2)), ("AuthenticationCode2", &code(-1))]).await.ok();
        let session = alice.sts("GetSessionToken", &[device, ("TokenCode", &code(0))]).await.ok();
        let codes = alice.with_credentials_of(&session).call("CreateRecoveryCodes", &[]).await.ok().all("member");
        root.call("DeactivateMFADevice", &held).await.ok();
        alice.call("RecoverMFADevice", &[("SerialNumber", &serial), ("RecoveryCode", &codes[0])]).await.ok();
        assert!(alice.call("ListSecurityKeys", &[]).await.ok().all("SerialNumber").is_empty());
        // It is gone, so that the same authenticator can be registered anew.
        register(&alice, "alice", "phone", &mut Phone::new(false)).await;
    }

    async fn a_server_without_a_name_has_no_security_keys(app with Setup { address: "https://192.0.2.7", ..Setup::default() }) {
        let said = app.root().call("BeginSecurityKeyRegistration", &[]).await.refused("ValidationError");
        assert!(said.starts_with("Security keys cannot be used here: the server's public address"), "{said}");
        let begun = app.iam().begin_assertion(account(), None, Purpose::SignIn, &request(&app)).await;
        assert!(matches!(begun, Err(CeremonyError::Fault(fault)) if fault.code() == claviger_model::Code::ValidationError));
    }

    async fn a_client_does_not_register_twice_what_it_is_told_to_exclude(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let mut phone = Phone::new(false);
        register(&root, "alice", "phone", &mut phone).await;
        let refused = phone.create(&begin(&root, "alice").await).await;
        assert!(refused.is_err(), "the client knows that it is registered");
    }
}
