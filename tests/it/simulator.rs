//! AC-29: what the simulator says and what the server does never differ.

use claviger_iam::operation;
use claviger_iam::spec::{Access, Grant, Service};
use claviger_it::{Actor, TestApp, on_both_engines};

/// Random policies a run. Every one is asked about every read operation.
fn rounds() -> usize {
    std::env::var("CLAVIGER_TEST_SIMULATOR_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(25)
}

/// A small generator of chance, so that a failure names the seed it came from.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).expect("small")).expect("small")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

/// A read operation with its parameters, and the resource that it is authorized on.
struct Read {
    name: &'static str,
    parameters: Vec<(&'static str, &'static str)>,
    resource: String,
}

const USER: &str = "arn:aws:iam::123456789012:user/eng/target";
const GROUP: &str = "arn:aws:iam::123456789012:group/group";
const ROLE: &str = "arn:aws:iam::123456789012:role/role";
const POLICY: &str = "arn:aws:iam::123456789012:policy/policy";
const DEVICE: &str = "arn:aws:iam::123456789012:mfa/device";

/// Every read operation of IAM. One that is missing here makes the test fail.
fn reads(key: &'static str) -> Vec<Read> {
    let mut reads = Vec::new();
    for entry in operation::all() {
        let spec = &entry.spec;
        let readable = matches!(spec.access, Access::Read | Access::List);
        if spec.service != Service::Iam || !readable || spec.grant != Grant::Policy {
            continue;
        }
        let (parameters, resource): (Vec<(&'static str, &'static str)>, &str) = match spec.name {
            "GetUser"
            | "GetLoginProfile"
            | "ListAccessKeys"
            | "ListMFADevices"
            | "ListGroupsForUser"
            | "ListUserPolicies"
            | "ListUserTags"
            | "ListAttachedUserPolicies" => (vec![("UserName", "target")], USER),
            "GetUserPolicy" => (vec![("UserName", "target"), ("PolicyName", "inline")], USER),
            "GetGroup" | "ListGroupPolicies" | "ListAttachedGroupPolicies" => {
                (vec![("GroupName", "group")], GROUP)
            }
            "GetGroupPolicy" => (
                vec![("GroupName", "group"), ("PolicyName", "inline")],
                GROUP,
            ),
            "GetRole" | "ListRolePolicies" | "ListRoleTags" | "ListAttachedRolePolicies" => {
                (vec![("RoleName", "role")], ROLE)
            }
            "GetRolePolicy" => (vec![("RoleName", "role"), ("PolicyName", "inline")], ROLE),
            "GetPolicy" | "ListPolicyVersions" | "ListPolicyTags" | "ListEntitiesForPolicy" => {
                (vec![("PolicyArn", POLICY)], POLICY)
            }
            "GetPolicyVersion" => (vec![("PolicyArn", POLICY), ("VersionId", "v1")], POLICY),
            "ListMFADeviceTags" => (vec![("SerialNumber", DEVICE)], DEVICE),
            "GetMFADevice" => (vec![("SerialNumber", DEVICE), ("UserName", "target")], USER),
            "ListUsers" => (vec![], "arn:aws:iam::123456789012:user/"),
            "ListGroups" => (vec![], "arn:aws:iam::123456789012:group/"),
            "ListRoles" => (vec![], "arn:aws:iam::123456789012:role/"),
            "GetAccessKeyLastUsed" => (vec![("AccessKeyId", key)], USER),
            "SimulatePrincipalPolicy" => (
                vec![
                    ("PolicySourceArn", USER),
                    ("ActionNames.member.1", "s3:GetObject"),
                ],
                USER,
            ),
            "GetContextKeysForPrincipalPolicy" => (vec![("PolicySourceArn", USER)], USER),
            "SimulateCustomPolicy" => (
                vec![
                    ("PolicyInputList.member.1", EMPTY),
                    ("ActionNames.member.1", "s3:GetObject"),
                ],
                "*",
            ),
            "GetContextKeysForCustomPolicy" => (vec![("PolicyInputList.member.1", EMPTY)], "*"),
            "ListVirtualMFADevices" => (vec![], "*"),
            "ListPolicies"
            | "ListAccountAliases"
            | "GetAccountSummary"
            | "GetAccountPasswordPolicy"
            | "GetAccountAuthorizationDetails" => (vec![], "*"),
            other => panic!("the read operation {other} is not asked about: add it"),
        };
        reads.push(Read {
            name: spec.name,
            parameters,
            resource: resource.to_owned(),
        });
    }
    reads
}

const EMPTY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:b","Resource":"*"}]}"#;

/// The device must be the target's for `GetMFADevice` to find it; whether it does is not what is compared.
async fn furnish(app: &TestApp) -> String {
    let root = app.root();
    for (action, parameters) in [
        (
            "CreateUser",
            vec![
                ("UserName", "target"),
                ("Path", "/eng/"),
                ("Tags.member.1.Key", "team"),
                ("Tags.member.1.Value", "blue"),
            ],
        ),
        ("CreateGroup", vec![("GroupName", "group")]),
        (
            "CreatePolicy",
            vec![("PolicyName", "policy"), ("PolicyDocument", EMPTY)],
        ),
        (
            "CreateRole",
            vec![
                ("RoleName", "role"),
                (
                    "AssumeRolePolicyDocument",
                    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#,
                ),
            ],
        ),
        (
            "CreateVirtualMFADevice",
            vec![("VirtualMFADeviceName", "device")],
        ),
        (
            "CreateLoginProfile",
            vec![("UserName", "target"), ("Password", "Correct-Horse-7")],
        ),
        (
            "UpdateAccountPasswordPolicy",
            vec![("MinimumPasswordLength", "8")],
        ),
        (
            "PutUserPolicy",
            vec![
                ("UserName", "target"),
                ("PolicyName", "inline"),
                ("PolicyDocument", EMPTY),
            ],
        ),
        (
            "PutGroupPolicy",
            vec![
                ("GroupName", "group"),
                ("PolicyName", "inline"),
                ("PolicyDocument", EMPTY),
            ],
        ),
        (
            "PutRolePolicy",
            vec![
                ("RoleName", "role"),
                ("PolicyName", "inline"),
                ("PolicyDocument", EMPTY),
            ],
        ),
    ] {
        root.call(action, &parameters).await.ok();
    }
    root.call("CreateAccessKey", &[("UserName", "target")])
        .await
        .ok()
        .text("AccessKeyId")
}

fn policy(dice: &mut Dice) -> String {
    let statements: Vec<serde_json::Value> = (0..=dice.roll(4))
        .map(|_| {
            let effect = if dice.roll(3) == 0 { "Deny" } else { "Allow" };
            let action_key = if dice.roll(6) == 0 {
                "NotAction"
            } else {
                "Action"
            };
            let resource_key = if dice.roll(6) == 0 {
                "NotResource"
            } else {
                "Resource"
            };
            let actions: Vec<&str> = (0..=dice.roll(2))
                .map(|_| {
                    dice.pick(&[
                        "iam:*",
                        "iam:Get*",
                        "iam:List*",
                        "IAM:get?ser",
                        "iam:GetUser",
                        "iam:ListUsers",
                        "iam:*Policy*",
                        "iam:GetAccount*",
                        "*",
                        "s3:*",
                        "iam:Simulate*",
                    ])
                })
                .collect();
            let resources: Vec<&str> = (0..=dice.roll(2))
                .map(|_| {
                    dice.pick(&[
                        "*",
                        "arn:aws:iam::123456789012:user/*",
                        "arn:aws:iam::*:user/eng/*",
                        "arn:aws:iam::123456789012:user/",
                        "arn:aws:iam::123456789012:user/${aws:username}",
                        "arn:aws:iam::*:mfa/*",
                        "arn:aws:iam::123456789012:policy/pol*",
                        "arn:aws:iam::123456789012:group/group",
                        "arn:aws:iam::123456789012:role/*",
                        "arn:aws:iam::123456789012:user/eng/${aws:PrincipalTag/alias}",
                    ])
                })
                .collect();
            let mut statement = serde_json::json!({ "Effect": effect });
            statement[action_key] = serde_json::json!(actions);
            statement[resource_key] = serde_json::json!(resources);
            if dice.roll(2) == 0 {
                statement["Condition"] = condition(dice);
            }
            statement
        })
        .collect();
    serde_json::json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn condition(dice: &mut Dice) -> serde_json::Value {
    let conditions = [
        serde_json::json!({ "StringEquals": { "aws:username": "asker" } }),
        serde_json::json!({ "StringNotEquals": { "aws:PrincipalTag/alias": "target" } }),
        serde_json::json!({ "StringLike": { "aws:PrincipalTag/Alias": "t*" } }),
        serde_json::json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } }),
        serde_json::json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "true" } }),
        serde_json::json!({ "Null": { "aws:TokenIssueTime": "true" } }),
        serde_json::json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } }),
        serde_json::json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.7" } }),
        serde_json::json!({ "DateGreaterThan": { "aws:CurrentTime": "2026-01-01T00:00:00Z" } }),
        serde_json::json!({ "NumericLessThan": { "aws:EpochTime": "1" } }),
        serde_json::json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::123456789012:user/*" } }),
        serde_json::json!({ "StringEquals": { "aws:PrincipalType": "User", "aws:PrincipalAccount": "123456789012" } }),
        serde_json::json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } }),
        serde_json::json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["team"] } }),
        serde_json::json!({ "StringEquals": { "aws:RequestedRegion": "us-east-1" } }),
        serde_json::json!({ "Bool": { "aws:SecureTransport": true } }),
        serde_json::json!({ "StringEquals": { "aws:ResourceTag/team": "blue" } }),
        serde_json::json!({ "StringEquals": { "aws:ResourceAccount": "123456789012" } }),
    ];
    conditions[dice.roll(conditions.len())].clone()
}

/// Asks the simulator as an administrator, with what the live request will carry.
async fn simulated(root: &Actor, app: &TestApp, read: &Read) -> String {
    let action = format!("iam:{}", read.name);
    let now = app.now();
    let epoch = now.seconds().to_string();
    let time = now.to_string();
    let mut context = vec![
        ("aws:SourceIp", "203.0.113.7", "ip"),
        ("aws:CurrentTime", time.as_str(), "date"),
        ("aws:EpochTime", epoch.as_str(), "numeric"),
        ("aws:SecureTransport", "true", "boolean"),
        ("aws:RequestedRegion", "us-east-1", "string"),
        ("aws:ViaAWSService", "false", "boolean"),
    ];
    if read.resource != "*" {
        context.push(("aws:ResourceAccount", "123456789012", "string"));
    }
    if read.resource == USER {
        context.push(("aws:ResourceTag/team", "blue", "string"));
    }
    let mut parameters: Vec<(String, String)> = vec![
        (
            "PolicySourceArn".into(),
            "arn:aws:iam::123456789012:user/asker".into(),
        ),
        ("ActionNames.member.1".into(), action),
        ("ResourceArns.member.1".into(), read.resource.clone()),
    ];
    for (place, (key, value, kind)) in (1..).zip(context) {
        let prefix = format!("ContextEntries.member.{place}");
        parameters.push((format!("{prefix}.ContextKeyName"), key.into()));
        parameters.push((format!("{prefix}.ContextKeyValues.member.1"), value.into()));
        parameters.push((format!("{prefix}.ContextKeyType"), kind.into()));
    }
    let borrowed: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    root.call("SimulatePrincipalPolicy", &borrowed)
        .await
        .ok()
        .text("EvalDecision")
}

on_both_engines! {
    async fn ac_29_the_simulator_says_what_the_server_does(app) {
        let root = app.root();
        let key: &'static str = furnish(&app).await.leak();
        let asker = app.user("asker").await;
        root.call("TagUser", &[("UserName", "asker"), ("Tags.member.1.Key", "Alias"), ("Tags.member.1.Value", "target")]).await.ok();
        let reads = reads(key);
        let mut seen = std::collections::BTreeMap::<String, usize>::new();
        for seed in 0..rounds() {
            let mut dice = Dice(u64::try_from(seed).expect("small"));
            let own = policy(&mut dice);
            root.call("PutUserPolicy", &[("UserName", "asker"), ("PolicyName", "own"), ("PolicyDocument", &own)]).await.ok();
            if dice.roll(3) == 0 {
                let boundary = policy(&mut dice);
                let name = format!("boundary{seed}");
                root.call("CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", &boundary)]).await.ok();
                let arn = format!("arn:aws:iam::123456789012:policy/{name}");
                root.call("PutUserPermissionsBoundary", &[("UserName", "asker"), ("PermissionsBoundary", &arn)]).await.ok();
            } else if seed > 0 {
                let _ = root.call("DeleteUserPermissionsBoundary", &[("UserName", "asker")]).await;
            }
            for read in &reads {
                let said = simulated(&root, &app, read).await;
                let did = asker.call(read.name, &read.parameters).await;
                let denied = did.find("Code").as_deref() == Some("AccessDenied");
                assert_eq!(said != "allowed", denied, "seed {seed}, {}: the simulator said {said}, the server answered {}: policy {own}", read.name, did.body);
                // The refusal of this one tells nothing more, so as not to tell whether the key exists.
                if denied && read.name != "GetAccessKeyLastUsed" {
                    let explicit = did.text("Message").contains("explicit deny");
                    assert_eq!(said == "explicitDeny", explicit, "seed {seed}, {}: {said} and {}", read.name, did.body);
                }
                *seen.entry(said).or_default() += 1;
            }
        }
        for decision in ["allowed", "implicitDeny", "explicitDeny"] {
            assert!(seen.get(decision).copied().unwrap_or(0) > 0, "{seen:?}");
        }
    }
}
