//! Every fault that an operation declares is answered, in the words that are recorded from AWS where they are. The
//! scenarios stand in the files beside [`notation`], which says how to read them.

mod credentials;
mod notation;
mod overtaken;
mod stage;

use std::collections::BTreeSet;

use claviger_iam::operation::{self, Entry};
use claviger_iam::spec::unraised::ARN_IS_VALIDATED;
use claviger_it::{Actor, on_both_engines};
use claviger_model::Code;

use crate::every_operation::{code, required, run_with};
use notation::Scenario;
use stage::narrow;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("declared_faults/", $name)))),+]
    };
}

const FILES: &[(&str, &str)] = files!(
    "users_and_groups.txt",
    "roles.txt",
    "managed_policies.txt",
    "policy_documents.txt",
    "policies_of_entities.txt",
    "tags.txt",
    "passwords_and_keys.txt",
    "service_specific_credentials.txt",
    "mfa_devices.txt",
    "server_certificates.txt",
    "signing_certificates.txt",
    "ssh_public_keys.txt",
    "hardware_mfa_devices.txt",
    "recovery_codes.txt",
    "security_keys.txt",
    "host_logins.txt",
    "root_user.txt",
    "account.txt",
    "credential_reports.txt",
    "sessions.txt",
    "console_sessions.txt",
    "contacts.txt",
    "user_access.txt",
    "tokens.txt",
    "login_protection.txt",
    "password_resets.txt",
);

fn scenarios() -> Vec<Scenario> {
    FILES
        .iter()
        .flat_map(|(name, text)| notation::read(name, text))
        .collect()
}

type Pairs = BTreeSet<(&'static str, Code)>;

/// What operations declare, but for what the store's failure brings about, which is provoked in one way for all.
fn declared() -> Pairs {
    operation::all()
        .flat_map(|entry| {
            entry
                .spec
                .faults
                .iter()
                .map(|code| (entry.spec.name, *code))
        })
        .filter(|(_, code)| *code != Code::ServiceFailure)
        .collect()
}

#[test]
fn every_declared_fault_has_a_scenario_and_every_scenario_a_declared_or_common_fault() {
    let scenarios = scenarios();
    let played: Pairs = scenarios
        .iter()
        .map(|scenario| (scenario.operation, scenario.code))
        .collect();
    let missing: Vec<_> = declared().difference(&played).copied().collect();
    assert!(missing.is_empty(), "without a scenario: {missing:#?}");
    for scenario in &scenarios {
        let mut named = operation::all().filter(|entry| entry.spec.name == scenario.operation);
        assert!(
            named.any(|entry| entry.spec.may_answer(scenario.code)),
            "{}: {} does not declare {}",
            scenario.place,
            scenario.operation,
            scenario.code
        );
    }
}

#[test]
fn what_aws_was_seen_to_answer_is_played_in_its_words() {
    let scenarios = scenarios();
    let recorded: Vec<&Scenario> = scenarios.iter().filter(|one| one.recorded).collect();
    for scenario in &recorded {
        assert!(scenario.message.is_some(), "{}", scenario.place);
    }
    // One is taken out only where AWS was seen to answer otherwise.
    assert_eq!(recorded.len(), 199);
}

/// Makes something of everything, under the names that [`required`] gives.
async fn furnish(root: &Actor) {
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
    const POLICY: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    for (operation, parameters) in [
        ("CreateUser", &[("UserName", "target")][..]),
        ("CreateGroup", &[("GroupName", "group")]),
        (
            "CreateRole",
            &[("RoleName", "role"), ("AssumeRolePolicyDocument", TRUST)],
        ),
        (
            "CreatePolicy",
            &[("PolicyName", "policy"), ("PolicyDocument", POLICY)],
        ),
        (
            "CreateVirtualMFADevice",
            &[("VirtualMFADeviceName", "device")],
        ),
        ("GenerateCredentialReport", &[]),
        (
            "UploadServerCertificate",
            &[
                ("ServerCertificateName", "web"),
                ("CertificateBody", include_str!("../credentials/leaf.pem")),
                ("PrivateKey", include_str!("../credentials/leaf.key")),
            ],
        ),
    ] {
        root.call(operation, parameters).await.ok();
    }
}

const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// The least parameters of an operation, and the user where the caller would be meant without one.
fn parameters(entry: &Entry) -> Vec<(String, &'static str)> {
    let mut parameters = required(entry);
    let takes_user = entry
        .input
        .iter()
        .any(|field| field.name.wire == "UserName");
    if takes_user && parameters.iter().all(|(name, _)| name != "UserName") {
        parameters.push((String::from("UserName"), "target"));
    }
    parameters
}

on_both_engines! {
    async fn every_declared_fault_is_answered_and_nothing_is_changed(app with narrow()) {
        let mut wrong = Vec::new();
        for (number, scenario) in (1..).zip(&scenarios()) {
            if let Err(why) = stage::play(&app, number, scenario).await {
                wrong.push(format!("{}: {} of {}: {why}", scenario.place, scenario.code, scenario.operation));
            }
        }
        assert!(wrong.is_empty(), "{} scenarios:\n{}", wrong.len(), wrong.join("\n"));
    }

    async fn what_is_no_resource_name_of_a_policy_is_a_validation_error_as_is_said_of_every_operation(app) {
        furnish(&app.root()).await;
        for entry in operation::all().filter(|entry| entry.spec.unraised.contains(&ARN_IS_VALIDATED)) {
            let mut parameters = parameters(entry);
            let arn = parameters.iter_mut().find(|(name, _)| name == "PolicyArn").expect("an ARN");
            arn.1 = "longpolicynamebutnoarn";
            let said = run_with(&app.root(), entry, &parameters).await.refused("ValidationError");
            assert_eq!(said, "ARN longpolicynamebutnoarn is not valid.", "{}", entry.spec.name);
        }
    }

    async fn a_store_that_cannot_be_read_fails_every_operation_that_declares_it(app) {
        furnish(&app.root()).await;
        let caller = app.user_with("caller", ALLOW).await;
        let id = app.root().call("GetUser", &[("UserName", "caller")]).await.ok().text("UserId");
        app.stop().await;
        app.database().spoil(&id).await.expect("the records are spoiled");
        let app = app.start_again().await;
        let caller = app.welcome(&caller);
        caller.sts("GetCallerIdentity", &[]).await.ok();
        for entry in operation::all().filter(|entry| entry.spec.faults.contains(&Code::ServiceFailure)) {
            let reply = run_with(&caller, entry, &parameters(entry)).await;
            assert_eq!(code(&reply).as_deref(), Some("ServiceFailure"), "{}: {}", entry.spec.name, reply.body);
            assert_eq!(reply.status, 500);
            assert!(!reply.body.contains("spoiled"), "what is stored is none of the caller's business: {}", reply.body);
        }
    }

    async fn a_store_that_is_away_makes_every_operation_unavailable(app) {
        let caller = app.root();
        app.stop().await;
        for entry in operation::all() {
            let reply = run_with(&caller, entry, &parameters(entry)).await;
            assert_eq!(code(&reply).as_deref(), Some("ServiceUnavailable"), "{}: {}", entry.spec.name, reply.body);
            assert_eq!(reply.status, 503);
        }
    }
}
