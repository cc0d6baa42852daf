//! What holds for every operation there is, whichever family it is of: read from the tables, so that a new operation is
//! held to it without a line here.

use claviger_iam::operation::{self, Entry};
use claviger_iam::spec::{Grant, Service};
use claviger_it::{Actor, Reply, on_both_engines};
use claviger_shape::{Field, Type};

/// Values that satisfy the rules of every required member, by its name.
fn sample(entry: &Entry, name: &str) -> &'static str {
    const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;
    match (entry.spec.name, name) {
        (_, "AssumeRolePolicyDocument") | ("UpdateAssumeRolePolicy", "PolicyDocument") => TRUST,
        ("PutUserPermissionsBoundary" | "PutRolePermissionsBoundary", "PermissionsBoundary") => {
            "arn:aws:iam::aws:policy/ReadOnlyAccess"
        }
        (_, "PolicyDocument" | "PolicyInputList.member.1") => POLICY,
        (_, "UserName") => "target",
        (_, "GroupName") => "group",
        (_, "RoleName") => "role",
        (_, "PolicyName") => "policy",
        (_, "PolicyArn") => "arn:aws:iam::123456789012:policy/policy",
        (_, "PolicySourceArn") => "arn:aws:iam::123456789012:user/target",
        (_, "VersionId") => "v2",
        (_, "AccessKeyId") => "AKIAIOSFODNN7EXAMPLE",
        (_, "Status") => "Inactive",
        (_, "MaxAccessKeysPerUser") => "3",
        (_, "CertificateId") => "NONEXISTENTCERTID12345678901",
        (_, "CertificateBody") => include_str!("../credentials/leaf.pem"),
        (_, "ServerCertificateName") => "web",
        (_, "PrivateKey") => include_str!("../credentials/leaf.key"),
        (_, "SSHPublicKeyId") => "APKAIOSFODNN7EXAMPLE",
        (_, "SSHPublicKeyBody") => include_str!("../credentials/rsa.pub"),
        (_, "Encoding") => "SSH",
        (_, "Password" | "OldPassword" | "NewPassword") => "Correct-Horse-7",
        (_, "SerialNumber") => "arn:aws:iam::123456789012:mfa/device",
        (_, "VirtualMFADeviceName") => "device",
        (_, "AuthenticationCode" | "AuthenticationCode1") => "123456",
        (_, "AuthenticationCode2") => "654321",
        (_, "SecurityKeyName") => "key",
        (_, "RegistrationResponse") => "{}",
        (_, "ServiceName") => "codecommit.amazonaws.com",
        (_, "ServiceSpecificCredentialId") => "ACCAIOSFODNN7EXAMPLES",
        (_, "Format") => "CSV",
        (_, "HostName") => "web-1.example.com",
        (_, "Content") => "serial number,secret key\nGAHT12345678,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        (_, "RecoveryCode") => "00000-00000-00000-00000-00000",
        (_, "ActionName") => "s3:GetObject",
        (_, "SessionId") => "6f1c2b1e-0d5a-4b8e-9a53-2f0e4f6a7c11",
        (_, "DemandMFA") => "true",
        (_, "Channel") => "email",
        (_, "Method") => "none",
        (_, "Ticket") => "AAAA",
        (_, "Code") => "000000",
        (_, "SubjectToken") => "AAAA",
        (_, "AccountAlias") => "an-alias",
        (_, "PolicyType") => "IDENTITY_POLICY",
        (_, "Description") => "what it is for",
        (_, "Tags.member.1.Key" | "TagKeys.member.1") => "team",
        (_, "Tags.member.1.Value") => "blue",
        (_, "ActionNames.member.1") => "s3:GetObject",
        (_, "RoleArn") => "arn:aws:iam::123456789012:role/role",
        (_, "RoleSessionName") => "session",
        (operation, name) => panic!("no sample for {name} of {operation}: add one"),
    }
}

/// The parameters that a request of this operation needs at the least.
pub(crate) fn required(entry: &Entry) -> Vec<(String, &'static str)> {
    let mut parameters = Vec::new();
    for field in entry.input.iter().filter(|field| field.required) {
        add(entry, field.name.wire, field, &mut parameters);
    }
    parameters
}

fn add(entry: &Entry, name: &str, field: &Field, parameters: &mut Vec<(String, &'static str)>) {
    match &field.holds {
        Type::Scalar { .. } => parameters.push((name.to_owned(), sample(entry, name))),
        Type::List { element, .. } => match element {
            Type::Structure { fields, .. } => {
                for inner in fields.iter().filter(|inner| inner.required) {
                    add(
                        entry,
                        &format!("{name}.member.1.{}", inner.name.wire),
                        inner,
                        parameters,
                    );
                }
            }
            _ => {
                let name = format!("{name}.member.1");
                let value = sample(entry, &name);
                parameters.push((name, value));
            }
        },
        Type::Map { .. } | Type::Structure { .. } => {
            panic!("add a sample for {name} of {}", entry.spec.name)
        }
    }
}

/// The code of the fault, whichever format the answer has.
pub(crate) fn code(reply: &Reply) -> Option<String> {
    reply.find("Code").or_else(|| {
        serde_json::from_str::<serde_json::Value>(&reply.body)
            .ok()?
            .get("__type")?
            .as_str()
            .map(str::to_owned)
    })
}

async fn run(actor: &Actor, entry: &Entry) -> Reply {
    run_with(actor, entry, &required(entry)).await
}

/// Runs an operation with these parameters; one of the JSON protocol, with none.
pub(crate) async fn run_with(actor: &Actor, entry: &Entry, parameters: &[(String, &str)]) -> Reply {
    let borrowed: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    match entry.spec.service {
        Service::Iam => actor.call(entry.spec.name, &borrowed).await,
        Service::Sts => actor.sts(entry.spec.name, &borrowed).await,
        Service::Host | Service::SignIn => panic!("no request names {}", entry.spec.name),
        Service::CloudTrail => {
            let target = format!(
                "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{}",
                entry.spec.name
            );
            let headers = [
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", target.as_str()),
            ];
            actor.post("cloudtrail", String::from("{}"), &headers).await
        }
    }
}

on_both_engines! {
    async fn ac_13_every_operation_is_refused_without_credentials(app) {
        for entry in operation::all() {
            let reply = run(&app.anonymous(), entry).await;
            assert_eq!(code(&reply).as_deref(), Some("MissingAuthenticationToken"), "{}: {}", entry.spec.name, reply.body);
        }
    }

    async fn ac_13_every_operation_is_refused_without_permission(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "target")]).await.ok();
        let nobody = app.user("nobody").await;
        let before = root.call("GetAccountAuthorizationDetails", &[]).await.ok().body;
        for entry in operation::all() {
            let reply = run(&nobody, entry).await;
            match entry.spec.grant {
                Grant::Policy => {
                    assert_eq!(code(&reply).as_deref(), Some("AccessDenied"), "{}: {}", entry.spec.name, reply.body);
                }
                // Whoever signs a request has no token.
                _ if matches!(entry.spec.name, "ReissueToken" | "RevokeOwnToken") => {
                    assert_eq!(code(&reply).as_deref(), Some("AccessDenied"), "{}: {}", entry.spec.name, reply.body);
                }
                Grant::Everyone | Grant::UnlessDenied => assert_eq!(reply.status, 200, "{}: {}", entry.spec.name, reply.body),
            }
        }
        let after = root.call("GetAccountAuthorizationDetails", &[]).await.ok().body;
        let strip = |text: &str| text.split("<ResponseMetadata>").next().map(str::to_owned);
        assert_eq!(strip(&before), strip(&after), "a refused request changed something");
    }

    async fn an_explicit_deny_refuses_every_operation_that_policies_govern(app) {
        app.root().call("CreateUser", &[("UserName", "target")]).await.ok();
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
        let denied = app.user_with("denied", policy).await;
        for entry in operation::all().filter(|entry| entry.spec.grant != Grant::Everyone) {
            let reply = run(&denied, entry).await;
            assert_eq!(code(&reply).as_deref(), Some("AccessDenied"), "{}: {}", entry.spec.name, reply.body);
        }
    }
}
