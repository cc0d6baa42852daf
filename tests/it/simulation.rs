//! The simulator, and that it never differs from enforcement.

use claviger_it::{Actor, Reply, TestApp, on_both_engines};
use claviger_model::{Arn, Scalar};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand_core::Rng as _;

const ALICE: &str = "arn:aws:iam::123456789012:user/alice";

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

async fn decision(root: &Actor, source: &str, action: &str, resource: &str) -> String {
    let parameters = [
        ("PolicySourceArn", source),
        ("ActionNames.member.1", action),
        ("ResourceArns.member.1", resource),
    ];
    root.call("SimulatePrincipalPolicy", &parameters)
        .await
        .ok()
        .text("EvalDecision")
}

on_both_engines! {
    async fn a_custom_policy_is_simulated(app) {
        let root = app.root();
        let reply = root
            .call(
                "SimulateCustomPolicy",
                &[
                    ("PolicyInputList.member.1", &policy(r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::home/${aws:username}/*"}"#)),
                    ("ActionNames.member.1", "s3:GetObject"),
                    ("ActionNames.member.2", "s3:PutObject"),
                    ("ResourceArns.member.1", "arn:aws:s3:::home/alice/x"),
                    ("ContextEntries.member.1.ContextKeyName", "aws:username"),
                    ("ContextEntries.member.1.ContextKeyValues.member.1", "alice"),
                    ("ContextEntries.member.1.ContextKeyType", "string"),
                ],
            )
            .await
            .ok();
        assert_eq!(reply.all("EvalDecision"), ["allowed", "implicitDeny"]);
        assert_eq!(reply.all("EvalResourceDecision"), ["allowed", "implicitDeny"]);
        assert_eq!(reply.text("SourcePolicyId"), "PolicyInputList.1");
        assert_eq!(reply.text("IsTruncated"), "false");
    }

    async fn a_principal_has_its_own_its_groups_and_its_boundary(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")]).await.ok();
        root.call("CreateGroup", &[("GroupName", "devs")]).await.ok();
        root.call("AddUserToGroup", &[("GroupName", "devs"), ("UserName", "alice")]).await.ok();
        let own = policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}/*"}"#);
        root.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "own"), ("PolicyDocument", &own)]).await.ok();
        let shared = policy(r#"{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#);
        root.call("PutGroupPolicy", &[("GroupName", "devs"), ("PolicyName", "shared"), ("PolicyDocument", &shared)]).await.ok();
        assert_eq!(decision(&root, ALICE, "s3:GetObject", "arn:aws:s3:::blue/x").await, "allowed");
        assert_eq!(decision(&root, ALICE, "s3:GetObject", "arn:aws:s3:::red/x").await, "implicitDeny");
        let denied = root
            .call("SimulatePrincipalPolicy", &[("PolicySourceArn", ALICE), ("ActionNames.member.1", "s3:DeleteObject")])
            .await
            .ok();
        assert_eq!(denied.text("EvalDecision"), "explicitDeny");
        assert_eq!(denied.text("SourcePolicyId"), "group_devs_shared");
        assert_eq!(denied.text("SourcePolicyType"), "group");
        assert_eq!(denied.find("ResourceSpecificResults"), None);
        let group = "arn:aws:iam::123456789012:group/devs";
        assert_eq!(decision(&root, group, "s3:DeleteObject", "*").await, "explicitDeny");
        assert_eq!(decision(&root, group, "s3:GetObject", "*").await, "implicitDeny");

        let narrow = policy(r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#);
        let bound = root.call("CreatePolicy", &[("PolicyName", "bound"), ("PolicyDocument", &narrow)]).await.ok().text("Arn");
        root.call("PutUserPermissionsBoundary", &[("UserName", "alice"), ("PermissionsBoundary", &bound)]).await.ok();
        let reply = root
            .call(
                "SimulatePrincipalPolicy",
                &[("PolicySourceArn", ALICE), ("ActionNames.member.1", "s3:PutObject"), ("ResourceArns.member.1", "arn:aws:s3:::blue/x")],
            )
            .await
            .ok();
        assert_eq!(reply.text("EvalDecision"), "implicitDeny");
        assert_eq!(reply.text("AllowedByPermissionsBoundary"), "false");
        let without = root
            .call(
                "SimulatePrincipalPolicy",
                &[
                    ("PolicySourceArn", ALICE),
                    ("ActionNames.member.1", "s3:PutObject"),
                    ("ResourceArns.member.1", "arn:aws:s3:::blue/x"),
                    ("PolicyExclusionList.member.1.PolicyType", "permission-boundary"),
                    ("PolicyExclusionList.member.1.PolicyArn", &bound),
                ],
            )
            .await
            .ok();
        assert_eq!(without.text("EvalDecision"), "allowed");
        assert_eq!(without.text("SourcePolicyId"), "user_alice_own");
    }

    async fn what_is_no_source_is_refused(app) {
        let root = app.root();
        let simulate = |source: &'static str| {
            let root = root.clone();
            async move { root.call("SimulatePrincipalPolicy", &[("PolicySourceArn", source), ("ActionNames.member.1", "s3:GetObject")]).await }
        };
        assert_eq!(
            simulate("arn:aws:sts::123456789012:assumed-role/r/s").await.refused("InvalidInput"),
            "Invalid Entity Arn: arn:aws:sts::123456789012:assumed-role/r/s does not clearly define entity type and name."
        );
        assert_eq!(simulate(ALICE).await.refused("NoSuchEntity"), "The user with name alice cannot be found.");
        root.call("CreateUser", &[("UserName", "alice"), ("Path", "/eng/")]).await.ok();
        assert_eq!(simulate(ALICE).await.refused("NoSuchEntity"), "The user with name alice cannot be found.");
        simulate("arn:aws:iam::123456789012:user/eng/alice").await.ok();
        simulate("arn:aws:iam::210987654321:user/alice").await.refused("AccessDenied");
        root.call("SimulatePrincipalPolicy", &[("PolicySourceArn", ALICE)]).await.refused("ValidationError");
        root.call("SimulateCustomPolicy", &[("PolicyInputList.member.1", "{"), ("ActionNames.member.1", "s3:GetObject")]).await.refused("InvalidInput");
        let bob = app.user("bob").await;
        assert_eq!(
            bob.call("SimulatePrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam::123456789012:user/eng/alice"), ("ActionNames.member.1", "s3:GetObject")]).await.refused("AccessDenied"),
            "User: arn:aws:iam::123456789012:user/bob is not authorized to perform: iam:SimulatePrincipalPolicy on resource: user alice because no identity-based policy allows the iam:SimulatePrincipalPolicy action"
        );
    }

    async fn results_come_in_pages(app) {
        let root = app.root();
        let allow = policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
        let mut asked: Vec<(String, String)> = vec![("PolicyInputList.member.1".into(), allow)];
        for n in 1..=5 {
            asked.push((format!("ActionNames.member.{n}"), format!("s3:Action{n}")));
        }
        asked.push(("MaxItems".into(), "2".into()));
        let mut seen = Vec::new();
        let mut marker = None;
        loop {
            let mut all = asked.clone();
            all.extend(marker.take().map(|marker| (String::from("Marker"), marker)));
            let borrowed: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let page = root.call("SimulateCustomPolicy", &borrowed).await.ok();
            seen.extend(page.all("EvalActionName"));
            if page.text("IsTruncated") == "false" {
                break;
            }
            marker = Some(page.text("Marker"));
        }
        assert_eq!(seen, ["s3:Action1", "s3:Action2", "s3:Action3", "s3:Action4", "s3:Action5"]);
    }

    async fn the_keys_that_policies_ask_for_are_listed_once(app) {
        let root = app.root();
        let own = policy(
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#,
        );
        let custom = root.call("GetContextKeysForCustomPolicy", &[("PolicyInputList.member.1", &own)]).await.ok();
        assert_eq!(custom.all("member"), ["aws:username", "aws:SecureTransport"]);
        app.user_with("alice", &own).await;
        let more = policy(r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"AWS:securetransport":"false","aws:MultiFactorAuthPresent":"false"}}}"#);
        let both = root
            .call("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", ALICE), ("PolicyInputList.member.1", &more)])
            .await
            .ok();
        assert_eq!(both.all("member"), ["aws:username", "aws:SecureTransport", "aws:MultiFactorAuthPresent"]);
        root.call("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam::123456789012:user/nobody")]).await.refused("NoSuchEntity");
    }

    async fn what_the_account_grants_every_user_is_simulated_too(app) {
        let root = app.root();
        app.user("alice").await;
        assert_eq!(decision(&root, ALICE, "iam:ChangePassword", ALICE).await, "implicitDeny");
        root.call("UpdateAccountPasswordPolicy", &[("AllowUsersToChangePassword", "true")]).await.ok();
        assert_eq!(decision(&root, ALICE, "iam:ChangePassword", ALICE).await, "allowed");
        assert_eq!(decision(&root, ALICE, "iam:GetAccountPasswordPolicy", "*").await, "allowed");
        assert_eq!(decision(&root, ALICE, "iam:ChangePassword", "arn:aws:iam::123456789012:user/bob").await, "implicitDeny");
        assert_eq!(decision(&root, ALICE, "iam:CreateAccessKey", ALICE).await, "implicitDeny");
    }
}

/// A request of a read operation, with what it is authorized on.
struct Read {
    service: &'static str,
    operation: &'static str,
    parameters: Vec<(&'static str, String)>,
    resource: String,
    tags: Vec<(&'static str, &'static str)>,
}

const CUSTOM: &str = "arn:aws:iam::123456789012:policy/custom";
const DEVICE: &str = "arn:aws:iam::123456789012:mfa/phone";
const BLUE: [(&str, &str); 1] = [("team", "blue")];

/// One request of every read operation.
fn reads(key_of_target: &str) -> Vec<Read> {
    let user = "arn:aws:iam::123456789012:user/eng/target";
    let group = "arn:aws:iam::123456789012:group/devs";
    let role = "arn:aws:iam::123456789012:role/r";
    let allow = policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let read = |operation,
                parameters: &[(&'static str, &str)],
                resource: &str,
                tags: &[(&'static str, &'static str)]| Read {
        service: "iam",
        operation,
        parameters: parameters
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
        resource: resource.to_owned(),
        tags: tags.to_vec(),
    };
    let of_user = [("UserName", "target")];
    let of_group = [("GroupName", "devs")];
    let of_role = [("RoleName", "r")];
    let certificate = "arn:aws:iam::123456789012:server-certificate/web";
    let of_certificate = [("ServerCertificateName", "web")];
    let mut all = vec![
        read("GetUser", &of_user, user, &BLUE),
        read("ListUsers", &[], "arn:aws:iam::123456789012:user/", &[]),
        read("ListGroupsForUser", &of_user, user, &BLUE),
        read("ListUserTags", &of_user, user, &BLUE),
        read("ListUserPolicies", &of_user, user, &BLUE),
        read("ListAttachedUserPolicies", &of_user, user, &BLUE),
        read(
            "GetUserPolicy",
            &[("UserName", "target"), ("PolicyName", "p")],
            user,
            &BLUE,
        ),
        read("GetLoginProfile", &of_user, user, &BLUE),
        read("ListAccessKeys", &of_user, user, &BLUE),
        read("GetAccessKeySettings", &[], "*", &[]),
        read("ListConsoleSessions", &of_user, user, &BLUE),
        read("GetMFADemand", &of_user, user, &BLUE),
        read("GetContacts", &of_user, user, &BLUE),
        read("GetLoginProtection", &of_user, user, &BLUE),
        read("ListLoginProtections", &[], "*", &[]),
        read("GetCallerDetails", &[], "*", &[]),
        read("ValidateToken", &[("SubjectToken", "AAAA")], "*", &[]),
        read("GetSignInSettings", &[], "*", &[]),
        read(
            "ExplainOwnAccess",
            &[("ActionName", "s3:GetObject")],
            "*",
            &[],
        ),
        read(
            "CheckPolicyDocument",
            &[
                ("PolicyDocument", &allow),
                ("PolicyType", "IDENTITY_POLICY"),
            ],
            "*",
            &[],
        ),
        read("ListSigningCertificates", &of_user, user, &BLUE),
        read(
            "GetAccessKeyLastUsed",
            &[("AccessKeyId", key_of_target)],
            user,
            &BLUE,
        ),
        read("ListMFADevices", &of_user, user, &BLUE),
        read("GetRecoveryCodes", &of_user, user, &BLUE),
        read(
            "GetMFADevice",
            &[("UserName", "target"), ("SerialNumber", DEVICE)],
            user,
            &BLUE,
        ),
        read("ListSSHPublicKeys", &of_user, user, &BLUE),
        read("ListServiceSpecificCredentials", &of_user, user, &BLUE),
        read(
            "GetSSHPublicKey",
            &[
                ("UserName", "target"),
                ("SSHPublicKeyId", "APKAIOSFODNN7EXAMPLE"),
                ("Encoding", "SSH"),
            ],
            user,
            &BLUE,
        ),
        read(
            "ListHostSSHPublicKeys",
            &[("HostName", "web-1"), ("UserName", "nobody")],
            "arn:aws:ssh::123456789012:host/web-1",
            &[],
        ),
        read("GetGroup", &of_group, group, &[]),
        read("ListGroups", &[], "arn:aws:iam::123456789012:group/", &[]),
        read("ListGroupPolicies", &of_group, group, &[]),
        read("ListAttachedGroupPolicies", &of_group, group, &[]),
        read(
            "GetGroupPolicy",
            &[("GroupName", "devs"), ("PolicyName", "p")],
            group,
            &[],
        ),
        read("GetRole", &of_role, role, &BLUE),
        read("ListRoles", &[], "arn:aws:iam::123456789012:role/", &[]),
        read("ListRoleTags", &of_role, role, &BLUE),
        read("ListRolePolicies", &of_role, role, &BLUE),
        read("ListAttachedRolePolicies", &of_role, role, &BLUE),
        read(
            "GetRolePolicy",
            &[("RoleName", "r"), ("PolicyName", "p")],
            role,
            &BLUE,
        ),
        read("GetPolicy", &[("PolicyArn", CUSTOM)], CUSTOM, &BLUE),
        read(
            "GetPolicyVersion",
            &[("PolicyArn", CUSTOM), ("VersionId", "v1")],
            CUSTOM,
            &BLUE,
        ),
        read(
            "ListPolicyVersions",
            &[("PolicyArn", CUSTOM)],
            CUSTOM,
            &BLUE,
        ),
        read("ListPolicyTags", &[("PolicyArn", CUSTOM)], CUSTOM, &BLUE),
        read(
            "ListEntitiesForPolicy",
            &[("PolicyArn", CUSTOM)],
            CUSTOM,
            &BLUE,
        ),
        read("ListPolicies", &[], "*", &[]),
        read(
            "ListMFADeviceTags",
            &[("SerialNumber", DEVICE)],
            DEVICE,
            &BLUE,
        ),
        read("ListVirtualMFADevices", &[], "*", &[]),
        read("ListHardwareMFADevices", &[], "*", &[]),
        read("GetAccountSecurityKeyPolicy", &[], "*", &[]),
        read("ListServerCertificates", &[], "*", &[]),
        read("GetServerCertificate", &of_certificate, certificate, &BLUE),
        read(
            "ListServerCertificateTags",
            &of_certificate,
            certificate,
            &BLUE,
        ),
        read("GetAccountPasswordPolicy", &[], "*", &[]),
        read("ListAccountAliases", &[], "*", &[]),
        read("GetAccountSummary", &[], "*", &[]),
        read("GenerateCredentialReport", &[], "*", &[]),
        read("GetCredentialReport", &[], "*", &[]),
        read("GetCredentialReportAsJSON", &[], "*", &[]),
        read(
            "VerifyServiceSpecificCredential",
            &[
                ("ServiceName", "codecommit.amazonaws.com"),
                ("ServiceUserName", "nobody-at-123456789012"),
                ("ServicePassword", "wrong"),
            ],
            "*",
            &[],
        ),
        read("GetAccountAuthorizationDetails", &[], "*", &[]),
        read(
            "SimulateCustomPolicy",
            &[
                ("PolicyInputList.member.1", &allow),
                ("ActionNames.member.1", "s3:GetObject"),
            ],
            "*",
            &[],
        ),
        read(
            "SimulatePrincipalPolicy",
            &[
                ("PolicySourceArn", user),
                ("ActionNames.member.1", "s3:GetObject"),
            ],
            user,
            &BLUE,
        ),
        read(
            "GetContextKeysForCustomPolicy",
            &[("PolicyInputList.member.1", &allow)],
            "*",
            &[],
        ),
        read(
            "GetContextKeysForPrincipalPolicy",
            &[("PolicySourceArn", user)],
            user,
            &BLUE,
        ),
    ];
    for operation in ["GetCallerIdentity", "GetSessionToken"] {
        all.push(Read {
            service: "sts",
            ..read(operation, &[], "*", &[])
        });
    }
    all.push(Read {
        service: "sts",
        ..read(
            "GetAccessKeyInfo",
            &[("AccessKeyId", key_of_target)],
            "*",
            &[],
        )
    });
    all.push(Read {
        service: "cloudtrail",
        ..read("LookupEvents", &[], "*", &[])
    });
    all
}

/// Whether enforcement lets the request through.
async fn enforced(actor: &Actor, read: &Read) -> bool {
    let parameters: Vec<(&str, &str)> = read
        .parameters
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let reply: Reply = match read.service {
        "iam" => actor.call(read.operation, &parameters).await,
        "sts" => actor.sts(read.operation, &parameters).await,
        _ => {
            let answer = actor.lookup_events(&serde_json::json!({})).await;
            return answer.get("Events").is_some();
        }
    };
    match reply.find("Code").as_deref() {
        Some("AccessDenied") => false,
        None | Some("NoSuchEntity") => true,
        // Said of the secret, once the caller may ask.
        Some("InvalidCredential" | "Throttling")
            if read.operation == "VerifyServiceSpecificCredential" =>
        {
            true
        }
        Some(other) => panic!("{}: {other}: {}", read.operation, reply.body),
    }
}

/// What the simulator says, given the context that the true request has.
async fn simulated(app: &TestApp, source: &str, read: &Read) -> Reply {
    let now = app.now();
    let mut entries: Vec<(String, &str, String)> = vec![
        ("aws:CurrentTime".into(), "date", now.to_string()),
        ("aws:EpochTime".into(), "numeric", now.seconds().to_string()),
        ("aws:SecureTransport".into(), "boolean", "true".into()),
        (
            "aws:SourceIp".into(),
            "ip",
            claviger_it::SOURCE_IP.to_string(),
        ),
        ("aws:RequestedRegion".into(), "string", "us-east-1".into()),
        ("aws:ViaAWSService".into(), "boolean", "false".into()),
        (
            "aws:PrincipalIsAWSService".into(),
            "boolean",
            "false".into(),
        ),
    ];
    if read.resource != "*" {
        entries.push((
            "aws:ResourceAccount".into(),
            "string",
            claviger_it::ACCOUNT.into(),
        ));
    }
    for (key, value) in &read.tags {
        entries.push((format!("aws:ResourceTag/{key}"), "string", (*value).into()));
        entries.push((format!("iam:ResourceTag/{key}"), "string", (*value).into()));
    }
    let mut parameters: Vec<(String, String)> = vec![
        ("PolicySourceArn".into(), source.into()),
        (
            "ActionNames.member.1".into(),
            format!("{}:{}", read.service, read.operation),
        ),
        ("ResourceArns.member.1".into(), read.resource.clone()),
    ];
    for (place, (key, kind, value)) in (1..).zip(entries) {
        let entry = format!("ContextEntries.member.{place}");
        parameters.push((format!("{entry}.ContextKeyName"), key));
        parameters.push((format!("{entry}.ContextKeyType"), kind.to_owned()));
        parameters.push((format!("{entry}.ContextKeyValues.member.1"), value));
    }
    let borrowed: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    app.root()
        .call("SimulatePrincipalPolicy", &borrowed)
        .await
        .ok()
}

/// Makes up policies that speak of what the requests are about.
struct Author(TestRng);

impl Author {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let place = self.below(u32::try_from(from.len()).expect("few"));
        from[usize::try_from(place).expect("small")]
    }

    fn list(&mut self, from: &[&str]) -> String {
        let count = 1 + self.below(3);
        let picked: Vec<String> = (0..count)
            .map(|_| format!("\"{}\"", self.pick(from)))
            .collect();
        format!("[{}]", picked.join(","))
    }

    fn condition(&mut self) -> String {
        let one = self.pick(&[
            r#""StringEquals":{"aws:ResourceTag/team":"blue"}"#,
            r#""StringNotEquals":{"iam:ResourceTag/Team":"blue"}"#,
            r#""StringEqualsIfExists":{"aws:ResourceTag/team":"red"}"#,
            r#""StringLike":{"aws:username":"pro*"}"#,
            r#""StringEquals":{"aws:PrincipalTag/role":"${aws:ResourceTag/team}"}"#,
            r#""StringEquals":{"aws:PrincipalTag/role":["tester","blue"]}"#,
            r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#,
            r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#,
            r#""Null":{"aws:MultiFactorAuthAge":"true"}"#,
            r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
            r#""NotIpAddress":{"aws:SourceIp":["203.0.113.7","2001:db8::/32"]}"#,
            r#""DateLessThan":{"aws:CurrentTime":"2026-01-03T00:00:00Z"}"#,
            r#""DateGreaterThan":{"aws:EpochTime":"1767400000"}"#,
            r#""NumericGreaterThan":{"aws:EpochTime":"1000"}"#,
            r#""Bool":{"aws:SecureTransport":true}"#,
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/probe"}"#,
            r#""StringEquals":{"aws:PrincipalType":"User","aws:PrincipalAccount":"123456789012"}"#,
            r#""StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}"#,
            r#""ForAllValues:StringEquals":{"aws:TagKeys":["team"]}"#,
            r#""ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}"#,
            r#""StringLike":{"aws:userid":"AIDA*"}"#,
            r#""StringEquals":{"aws:RequestedRegion":"us-east-1"}"#,
        ]);
        format!(r#","Condition":{{{one}}}"#)
    }

    fn statement(&mut self) -> String {
        const ACTIONS: &[&str] = &[
            "iam:*",
            "iam:Get*",
            "iam:List*",
            "iam:*User*",
            "iam:*polic*",
            "iam:GetUser",
            "iam:ListRoles",
            "iam:Simulate*",
            "iam:*MFA*",
            "sts:*",
            "sts:GetSessionToken",
            "cloudtrail:LookupEvents",
            "*",
            "iam:Get?ser",
            "s3:*",
            "iam:*Account*",
        ];
        const RESOURCES: &[&str] = &[
            "*",
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::123456789012:user/eng/target",
            "arn:aws:iam::*:user/eng/${aws:ResourceTag/name, 'target'}",
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::*:group/dev?",
            "arn:aws:iam::*:policy/custom",
            "arn:aws:iam::*:mfa/*",
            "arn:aws:iam::*:user/${aws:username}",
            "arn:aws:iam::210987654321:*",
            "arn:aws:s3:::*",
            "arn:aws:iam::*:*",
        ];
        let effect = self.pick(&["Allow", "Allow", "Allow", "Deny"]);
        let action = self.pick(&["Action", "Action", "Action", "NotAction"]);
        let actions = self.list(ACTIONS);
        let resource = self.pick(&["Resource", "Resource", "Resource", "NotResource"]);
        let resources = self.list(RESOURCES);
        let condition = if self.below(2) == 0 {
            self.condition()
        } else {
            String::new()
        };
        format!(
            r#"{{"Effect":"{effect}","{action}":{actions},"{resource}":{resources}{condition}}}"#
        )
    }

    fn policy(&mut self) -> String {
        let count = 1 + self.below(3);
        let statements: Vec<String> = (0..count).map(|_| self.statement()).collect();
        policy(&statements.join(","))
    }
}

/// Sets up whom and what the requests are about, and answers the probe and an access key of the target.
async fn stage(app: &TestApp) -> (Actor, String) {
    let root = app.root();
    let probe = app.user("probe").await;
    root.call(
        "TagUser",
        &[
            ("UserName", "probe"),
            ("Tags.member.1.Key", "role"),
            ("Tags.member.1.Value", "tester"),
        ],
    )
    .await
    .ok();
    let tagged = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "blue"),
    ];
    root.call(
        "CreateUser",
        &[
            ("UserName", "target"),
            ("Path", "/eng/"),
            tagged[0],
            tagged[1],
        ],
    )
    .await
    .ok();
    let key = root
        .call("CreateAccessKey", &[("UserName", "target")])
        .await
        .ok()
        .text("AccessKeyId");
    root.call(
        "CreateLoginProfile",
        &[("UserName", "target"), ("Password", "Abcdef1!")],
    )
    .await
    .ok();
    root.call("CreateGroup", &[("GroupName", "devs")])
        .await
        .ok();
    root.call(
        "AddUserToGroup",
        &[("GroupName", "devs"), ("UserName", "probe")],
    )
    .await
    .ok();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;
    root.call(
        "CreateRole",
        &[
            ("RoleName", "r"),
            ("AssumeRolePolicyDocument", trust),
            tagged[0],
            tagged[1],
        ],
    )
    .await
    .ok();
    let nothing = policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    root.call(
        "CreatePolicy",
        &[
            ("PolicyName", "custom"),
            ("PolicyDocument", &nothing),
            tagged[0],
            tagged[1],
        ],
    )
    .await
    .ok();
    root.call(
        "CreatePolicy",
        &[("PolicyName", "bound"), ("PolicyDocument", &nothing)],
    )
    .await
    .ok();
    root.call(
        "CreateVirtualMFADevice",
        &[("VirtualMFADeviceName", "phone"), tagged[0], tagged[1]],
    )
    .await
    .ok();
    root.call(
        "UploadServerCertificate",
        &[
            ("ServerCertificateName", "web"),
            ("CertificateBody", include_str!("../credentials/leaf.pem")),
            ("PrivateKey", include_str!("../credentials/leaf.key")),
            tagged[0],
            tagged[1],
        ],
    )
    .await
    .ok();
    (probe, key)
}

#[test]
fn every_read_operation_has_its_request() {
    let asked: Vec<String> = reads("AKIAIOSFODNN7EXAMPLE")
        .iter()
        .map(|read| read.operation.to_owned())
        .collect();
    for entry in claviger_iam::operation::all().filter(|entry| entry.spec.access.is_read_only()) {
        // What another's action allows, the simulator knows by that action.
        if entry.spec.governed_by.is_some() {
            continue;
        }
        assert!(
            asked.iter().any(|name| name == entry.spec.name),
            "{} is not asked",
            entry.spec.name
        );
    }
    assert!(Arn::parse(DEVICE).is_ok());
}

/// Random policies: in the user, in a group, as a boundary. What the simulator says of each read operation must be what
/// the true signed request then meets. `CLAVIGER_SIMULATOR_ROUNDS` sets how many.
async fn ac_29_the_simulator_and_enforcement_never_differ(app: TestApp, rounds: u32) {
    let (probe, key) = stage(&app).await;
    let root = app.root();
    let reads = reads(&key);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[29; 32]);
    let mut author = Author(TestRunner::new_with_rng(Config::default(), rng).new_rng());
    let source = "arn:aws:iam::123456789012:user/probe";
    let (mut allowed, mut explicit, mut implicit) = (0u32, 0u32, 0u32);
    for round in 0..rounds {
        let own = author.policy();
        root.call(
            "PutUserPolicy",
            &[
                ("UserName", "probe"),
                ("PolicyName", "own"),
                ("PolicyDocument", &own),
            ],
        )
        .await
        .ok();
        let shared = author.policy();
        root.call(
            "PutGroupPolicy",
            &[
                ("GroupName", "devs"),
                ("PolicyName", "shared"),
                ("PolicyDocument", &shared),
            ],
        )
        .await
        .ok();
        let bound = author.policy();
        if round % 3 == 0 {
            let arn = "arn:aws:iam::123456789012:policy/bound";
            let made = root
                .call(
                    "CreatePolicyVersion",
                    &[
                        ("PolicyArn", arn),
                        ("PolicyDocument", &bound),
                        ("SetAsDefault", "true"),
                    ],
                )
                .await
                .ok();
            let version: u32 = made
                .text("VersionId")
                .trim_start_matches('v')
                .parse()
                .expect("a number");
            root.call(
                "DeletePolicyVersion",
                &[
                    ("PolicyArn", arn),
                    ("VersionId", &format!("v{}", version - 1)),
                ],
            )
            .await
            .ok();
            root.call(
                "PutUserPermissionsBoundary",
                &[("UserName", "probe"), ("PermissionsBoundary", arn)],
            )
            .await
            .ok();
        } else if round % 3 == 1 {
            root.call("DeleteUserPermissionsBoundary", &[("UserName", "probe")])
                .await
                .ok();
        }
        let grant = if round % 4 == 0 { "true" } else { "false" };
        root.call(
            "UpdateAccountPasswordPolicy",
            &[("AllowUsersToChangePassword", grant)],
        )
        .await
        .ok();
        for read in &reads {
            let said = simulated(&app, source, read).await;
            let decision = said.text("EvalDecision");
            match decision.as_str() {
                "allowed" => allowed += 1,
                "explicitDeny" => explicit += 1,
                _ => implicit += 1,
            }
            assert_eq!(
                decision == "allowed",
                enforced(&probe, read).await,
                "{}:{} on {}\nown {own}\nshared {shared}\nboundary {bound} (round {round})\n{}",
                read.service,
                read.operation,
                read.resource,
                said.body
            );
        }
    }
    println!(
        "simulated and enforced alike: {allowed} allowed, {explicit} explicitly denied, {implicit} implicitly denied"
    );
    assert!(allowed > 0 && explicit > 0 && implicit > 0);
}

fn rounds(default: u32) -> u32 {
    std::env::var("CLAVIGER_SIMULATOR_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_29_the_simulator_and_enforcement_never_differ_on_sqlite() {
    Box::pin(ac_29_the_simulator_and_enforcement_never_differ(
        TestApp::sqlite().await,
        rounds(60),
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_29_the_simulator_and_enforcement_never_differ_on_postgres() {
    Box::pin(ac_29_the_simulator_and_enforcement_never_differ(
        TestApp::postgres().await,
        rounds(10),
    ))
    .await;
}
