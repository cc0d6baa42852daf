//! Temporary credentials: sessions of users and of roles.

use claviger_it::{Actor, Reply, TestApp, on_both_engines, totp};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A trust policy for one principal, with the conditions that follow the action.
fn trust(principal: &str, actions: &str, rest: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":{actions}{rest}}}}}"#
    )
}

async fn role(app: &TestApp, name: &str, trust: &str) {
    let root = app.root();
    root.call(
        "CreateRole",
        &[("RoleName", name), ("AssumeRolePolicyDocument", trust)],
    )
    .await
    .ok();
    root.call(
        "AttachRolePolicy",
        &[("RoleName", name), ("PolicyArn", ADMINISTRATOR)],
    )
    .await
    .ok();
}

/// A role that trusts alice, and alice.
async fn trusted(app: &TestApp) -> Actor {
    let alice = app.user("alice").await;
    let document = trust(
        "arn:aws:iam::123456789012:user/alice",
        r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#,
        "",
    );
    role(app, "r", &document).await;
    alice
}

async fn assume(actor: &Actor, role: &str, more: &[(&str, &str)]) -> Reply {
    let mut parameters = vec![("RoleArn", role), ("RoleSessionName", "session")];
    parameters.extend_from_slice(more);
    actor.sts("AssumeRole", &parameters).await
}

fn refusal(caller: &str, action: &str, role: &str) -> String {
    format!("User: {caller} is not authorized to perform: {action} on resource: {role}")
}

/// Gives the caller a device, and answers serial number and seed.
async fn device(app: &TestApp, admin: &Actor, user: Option<&str>) -> (String, String) {
    let name = user.unwrap_or("root");
    let made = admin
        .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
        .await
        .ok();
    let serial = made.text("SerialNumber");
    let seed = data_encoding::BASE64
        .decode(made.text("Base32StringSeed").as_bytes())
        .expect("base64");
    let seed = String::from_utf8(seed).expect("Base32");
    let (first, second) = (
        totp(&seed, app.now().plus_seconds(-60)),
        totp(&seed, app.now().plus_seconds(-30)),
    );
    let parameters = [
        ("UserName", name),
        ("SerialNumber", serial.as_str()),
        ("AuthenticationCode1", first.as_str()),
        ("AuthenticationCode2", second.as_str()),
    ];
    admin.call("EnableMFADevice", &parameters).await.ok();
    (serial, seed)
}

on_both_engines! {
    async fn everybody_may_ask_who_they_are(app) {
        let root = app.root().sts("GetCallerIdentity", &[]).await.ok();
        assert_eq!(root.text("UserId"), "123456789012");
        assert_eq!(root.text("Arn"), "arn:aws:iam::123456789012:root");
        let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
        let denied = app.user_with("denied", deny).await;
        let own = denied.sts("GetCallerIdentity", &[]).await.ok();
        assert_eq!(own.text("Arn"), "arn:aws:iam::123456789012:user/denied");
        assert_eq!(own.text("Account"), "123456789012");
        assert!(own.text("UserId").starts_with("AIDA"));
        denied.sts("GetSessionToken", &[]).await.refused("AccessDenied");
    }

    async fn the_account_of_a_key_is_written_into_its_id(app) {
        let root = app.root();
        let id = root.access_key_id().to_owned();
        assert_eq!(root.sts("GetAccessKeyInfo", &[("AccessKeyId", &id)]).await.ok().text("Account"), "123456789012");
        assert_eq!(root.sts("GetAccessKeyInfo", &[("AccessKeyId", "ASIAQNZGKIQY56JQ7WML")]).await.ok().text("Account"), "029608264753");
        app.user("nobody").await.sts("GetAccessKeyInfo", &[("AccessKeyId", &id)]).await.refused("AccessDenied");
        root.sts("GetAccessKeyInfo", &[("AccessKeyId", "short")]).await.refused("ValidationError");
    }

    async fn a_session_of_a_user_acts_as_the_user_within_its_limits(app) {
        let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let alice = app.user_with("alice", allow).await;
        let reply = alice.sts("GetSessionToken", &[]).await.ok();
        assert!(reply.text("AccessKeyId").starts_with("ASIA"));
        assert_eq!(reply.text("Expiration"), "2026-01-02T15:04:05Z");
        let session = alice.with_credentials_of(&reply);
        assert_eq!(session.sts("GetCallerIdentity", &[]).await.ok().text("Arn"), "arn:aws:iam::123456789012:user/alice");
        // Without a second factor: no IAM; of STS, AssumeRole and GetCallerIdentity alone.
        session.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
        assert_eq!(session.sts("GetSessionToken", &[]).await.refused("AccessDenied"), "Cannot call GetSessionToken with session credentials");
        session.sts("GetAccessKeyInfo", &[("AccessKeyId", "ASIAQNZGKIQY56JQ7WML")]).await.refused("AccessDenied");

        let short = alice.with_credentials_of(&alice.sts("GetSessionToken", &[("DurationSeconds", "900")]).await.ok());
        app.clock().advance(901);
        short.sts("GetCallerIdentity", &[]).await.refused("ExpiredToken");
        session.sts("GetCallerIdentity", &[]).await.ok();
        for bad in ["899", "129601"] {
            alice.sts("GetSessionToken", &[("DurationSeconds", bad)]).await.refused("ValidationError");
        }
        let root = app.root().sts("GetSessionToken", &[("DurationSeconds", "129600")]).await.ok();
        assert_eq!(root.text("Expiration"), "2026-01-02T04:19:06Z", "root's last an hour at the most");
        let sized = alice.sts("GetSessionToken", &[("MinimumSessionTokenSize", "4096")]).await.ok();
        assert!(sized.text("SessionToken").len() >= 4_096);
        assert_eq!(sized.text("SessionTokenSize"), sized.text("SessionToken").len().to_string());
        alice.with_credentials_of(&sized).sts("GetCallerIdentity", &[]).await.ok();
        // AC-21: the user gone, the session gone.
        app.root().call("DeleteUserPolicy", &[("UserName", "alice"), ("PolicyName", "test")]).await.ok();
        app.root().call("DeleteAccessKey", &[("UserName", "alice"), ("AccessKeyId", alice.access_key_id())]).await.ok();
        app.root().call("DeleteUser", &[("UserName", "alice")]).await.ok();
        session.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
    }

    async fn ac_34_a_code_opens_one_session_and_none_more(app) {
        let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}"#;
        let alice = app.user_with("alice", allow).await;
        let (serial, seed) = device(&app, &app.root(), Some("alice")).await;
        let with = |code: &str| vec![("SerialNumber".to_owned(), serial.clone()), ("TokenCode".to_owned(), code.to_owned())];
        let token = |parameters: Vec<(String, String)>| {
            let alice = alice.clone();
            async move {
                let borrowed: Vec<(&str, &str)> = parameters.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                alice.sts("GetSessionToken", &borrowed).await
            }
        };
        let wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
        let unable = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
        let both = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
        assert_eq!(alice.sts("GetSessionToken", &[("SerialNumber", &serial)]).await.refused("AccessDenied"), both);
        assert_eq!(alice.sts("GetSessionToken", &[("TokenCode", "123456")]).await.refused("AccessDenied"), both);
        token(with("12345a")).await.refused("ValidationError");
        alice.call("ListUsers", &[]).await.refused("AccessDenied");

        // The codes that the device was enabled with are used up.
        assert_eq!(token(with(&totp(&seed, app.now().plus_seconds(-30)))).await.refused("AccessDenied"), wrong);
        let code = totp(&seed, app.now());
        let (one, two) = tokio::join!(token(with(&code)), token(with(&code)));
        let (good, bad) = if one.status == 200 { (one, two) } else { (two, one) };
        assert_eq!(bad.refused("AccessDenied"), wrong);
        let session = alice.with_credentials_of(&good.ok());
        session.call("ListUsers", &[]).await.ok();
        assert_eq!(token(with(&code)).await.refused("AccessDenied"), wrong);

        assert_eq!(
            alice.sts("GetSessionToken", &[("SerialNumber", "arn:aws:iam::123456789012:mfa/none"), ("TokenCode", &code)]).await.refused("AccessDenied"),
            unable
        );
        let bob = app.user("bob").await;
        assert_eq!(bob.sts("GetSessionToken", &[("SerialNumber", &serial), ("TokenCode", &code)]).await.refused("AccessDenied"), unable);

        // AC-35: nine tries in three minutes, then not even the right code.
        app.clock().advance(300);
        for _ in 0..9 {
            let real = totp(&seed, app.now());
            let guess = if real == "000000" { "000001" } else { "000000" };
            assert_eq!(token(with(guess)).await.refused("AccessDenied"), wrong);
        }
        assert_eq!(token(with(&totp(&seed, app.now()))).await.refused("AccessDenied"), unable);
        app.clock().advance(300);
        token(with(&totp(&seed, app.now()))).await.ok();
    }

    async fn a_role_is_assumed_by_whom_it_trusts(app) {
        let alice = trusted(&app).await;
        let reply = assume(&alice, ROLE, &[]).await.ok();
        assert_eq!(reply.text("Arn"), "arn:aws:sts::123456789012:assumed-role/r/session");
        assert!(reply.text("AssumedRoleId").starts_with("AROA") && reply.text("AssumedRoleId").ends_with(":session"));
        assert_eq!(reply.text("Expiration"), "2026-01-02T04:04:05Z");
        assert!(reply.find("PackedPolicySize").is_none() && reply.find("SourceIdentity").is_none());
        let session = alice.with_credentials_of(&reply);
        let identity = session.sts("GetCallerIdentity", &[]).await.ok();
        assert_eq!(identity.text("Arn"), "arn:aws:sts::123456789012:assumed-role/r/session");
        assert_eq!(identity.text("UserId"), reply.text("AssumedRoleId"));
        session.call("ListUsers", &[]).await.ok();
        assert_eq!(
            session.call("GetUser", &[]).await.refused("ValidationError"),
            "Must specify userName when calling with non-User credentials"
        );
        session.sts("GetSessionToken", &[]).await.refused("AccessDenied");
        let used = app.root().call("GetRole", &[("RoleName", "r")]).await.ok();
        assert_eq!(used.text("LastUsedDate"), "2026-01-02T03:04:05Z");
        assert_eq!(used.text("Region"), "us-east-1");

        // Forbidden and missing look the same (AC-26).
        let bob = app.user_with("bob", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).await;
        let caller = "arn:aws:iam::123456789012:user/bob";
        for arn in [
            ROLE,
            "arn:aws:iam::123456789012:role/missing",
            "arn:aws:iam::123456789012:role/R",
            "arn:aws:iam::999999999999:role/r",
            "arn:aws:iam::123456789012:user/alice",
            "arn:aws:iam::123456789012:role/path/r",
        ] {
            assert_eq!(assume(&bob, arn, &[]).await.refused("AccessDenied"), refusal(caller, "sts:AssumeRole", arn));
        }
        assert_eq!(assume(&app.root(), ROLE, &[]).await.refused("AccessDenied"), "Roles may not be assumed by root accounts.");
        for bad in ["arn:a:a::aaaaaaaaaa:", "nothing-valid-in-here", "arn::b:::something/test-role"] {
            assert_eq!(assume(&alice, bad, &[]).await.refused("ValidationError"), format!("{bad} is invalid"));
        }
        assert_eq!(
            alice.sts("AssumeRole", &[("RoleArn", ROLE), ("RoleSessionName", "Session1:2")]).await.refused("ValidationError"),
            r"1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
        );
        assume(&alice, ROLE, &[("ProvidedContexts.member.1.ContextAssertion", "assertion")]).await.refused("InvalidParameterValue");

        // AC-21: what is taken from the role is taken from its sessions; the role gone, they are gone.
        app.root().call("DetachRolePolicy", &[("RoleName", "r"), ("PolicyArn", ADMINISTRATOR)]).await.ok();
        session.call("ListUsers", &[]).await.refused("AccessDenied");
        app.root().call("DeleteRole", &[("RoleName", "r")]).await.ok();
        session.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
    }

    async fn trust_in_an_account_needs_a_permission_too(app) {
        role(&app, "r", &trust("123456789012", r#""sts:AssumeRole""#, "")).await;
        let none = app.user("none").await;
        assume(&none, ROLE, &[]).await.refused("AccessDenied");
        let allowed = app.user_with("allowed", &format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{ROLE}"}}}}"#)).await;
        assume(&allowed, ROLE, &[]).await.ok();
        // Across accounts both sides must say yes, whoever is named.
        let other = app.another_account("210987654321").await;
        other.call("CreateUser", &[("UserName", "eve")]).await.ok();
        let key = other.call("CreateAccessKey", &[("UserName", "eve")]).await.ok();
        let eve = app.actor(&key.text("AccessKeyId"), &key.text("SecretAccessKey"), None);
        role(&app, "cross", &trust("arn:aws:iam::210987654321:user/eve", r#""sts:AssumeRole""#, "")).await;
        let cross = "arn:aws:iam::123456789012:role/cross";
        assume(&eve, cross, &[]).await.refused("AccessDenied");
        other.call("AttachUserPolicy", &[("UserName", "eve"), ("PolicyArn", ADMINISTRATOR)]).await.ok();
        let reply = assume(&eve, cross, &[]).await.ok();
        assert_eq!(eve.with_credentials_of(&reply).call("ListRoles", &[]).await.ok().all("RoleName"), ["cross", "r"]);
        assume(&eve, ROLE, &[]).await.refused("AccessDenied");
    }

    async fn an_external_id_and_a_second_factor_can_be_demanded(app) {
        let alice = app.user("alice").await;
        let who = "arn:aws:iam::123456789012:user/alice";
        role(&app, "ext", &trust(who, r#""sts:AssumeRole""#, r#","Condition":{"StringEquals":{"sts:ExternalId":"agreed"}}"#)).await;
        let ext = "arn:aws:iam::123456789012:role/ext";
        for bad in [&[][..], &[("ExternalId", "other")], &[("ExternalId", "Agreed")]] {
            assert_eq!(assume(&alice, ext, bad).await.refused("AccessDenied"), refusal(who, "sts:AssumeRole", ext));
        }
        assume(&alice, ext, &[("ExternalId", "agreed")]).await.ok();

        let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}"#;
        role(&app, "mfa", &trust(who, r#""sts:AssumeRole""#, mfa)).await;
        let arn = "arn:aws:iam::123456789012:role/mfa";
        let (serial, seed) = device(&app, &app.root(), Some("alice")).await;
        assume(&alice, arn, &[]).await.refused("AccessDenied");
        let code = totp(&seed, app.now());
        let with = [("SerialNumber", serial.as_str()), ("TokenCode", code.as_str())];
        let reply = assume(&alice, arn, &with).await.ok();
        assume(&alice, arn, &with).await.refused("AccessDenied");
        // The session of a role carries no second factor, and cannot prove one.
        let session = alice.with_credentials_of(&reply);
        assert!(assume(&session, ext, &with).await.refused("AccessDenied").contains("unable to validate"));
        // The caller's session carries it.
        app.clock().advance(30);
        let code = totp(&seed, app.now());
        let token = alice.sts("GetSessionToken", &[("SerialNumber", &serial), ("TokenCode", &code)]).await.ok();
        let proved = alice.with_credentials_of(&token);
        assume(&proved, arn, &[]).await.ok();
        app.clock().advance(60);
        assume(&proved, arn, &[]).await.refused("AccessDenied");
    }

    async fn ac_22_a_chain_of_roles_ends_with_its_first_hour(app) {
        let alice = trusted(&app).await;
        app.root().call("UpdateRole", &[("RoleName", "r"), ("MaxSessionDuration", "7200")]).await.ok();
        role(&app, "next", &trust("arn:aws:iam::123456789012:role/r", r#""sts:AssumeRole""#, "")).await;
        app.root().call("UpdateRole", &[("RoleName", "next"), ("MaxSessionDuration", "43200")]).await.ok();
        let next = "arn:aws:iam::123456789012:role/next";
        assert_eq!(
            assume(&alice, ROLE, &[("DurationSeconds", "7201")]).await.refused("ValidationError"),
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        );
        let first = alice.with_credentials_of(&assume(&alice, ROLE, &[("DurationSeconds", "7200")]).await.ok());
        assert_eq!(
            assume(&first, next, &[("DurationSeconds", "3601")]).await.refused("ValidationError"),
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        );
        assert_eq!(assume(&first, next, &[]).await.ok().text("Expiration"), "2026-01-02T04:04:05Z");
        let short = alice.with_credentials_of(&assume(&alice, ROLE, &[("DurationSeconds", "900")]).await.ok());
        app.clock().advance(600);
        let chained = assume(&short, next, &[("DurationSeconds", "3600")]).await.ok();
        assert_eq!(chained.text("Expiration"), "2026-01-02T03:19:05Z", "never beyond the end of the session that asked");
    }

    async fn session_policies_narrow_a_session(app) {
        let alice = trusted(&app).await;
        let groups = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListGroups","Resource":"*"}}"#;
        let narrow = assume(&alice, ROLE, &[("Policy", groups)]).await.ok();
        let size: i32 = narrow.text("PackedPolicySize").parse().expect("a number");
        assert!((1..=100).contains(&size));
        let session = alice.with_credentials_of(&narrow);
        session.call("ListGroups", &[]).await.ok();
        let message = session.call("ListUsers", &[]).await.refused("AccessDenied");
        assert!(message.ends_with("because no session policy allows the iam:ListUsers action"), "{message}");
        let read_only = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
        let both = assume(&alice, ROLE, &[("Policy", groups), ("PolicyArns.member.1.arn", read_only)]).await.ok();
        let session = alice.with_credentials_of(&both);
        session.call("ListUsers", &[]).await.ok();
        session.call("CreateUser", &[("UserName", "x")]).await.refused("AccessDenied");

        assert_eq!(assume(&alice, ROLE, &[("Policy", "{}")]).await.refused("MalformedPolicyDocument"), "Syntax errors in policy.");
        let large = groups.replace("\"*\"", &format!("\"{}*\"", "x".repeat(2_048)));
        assert_eq!(
            assume(&alice, ROLE, &[("Policy", &large)]).await.refused("PackedPolicyTooLarge"),
            "Packed policy consumes 105% of allotted space, please use smaller policy."
        );
        let gone = "arn:aws:iam::123456789012:policy/gone";
        assume(&alice, ROLE, &[("PolicyArns.member.1.arn", gone)]).await.refused("MalformedPolicyDocument");
        let arns: Vec<String> = (1..=11).map(|n| format!("PolicyArns.member.{n}.arn")).collect();
        let many: Vec<(&str, &str)> = arns.iter().map(|name| (name.as_str(), read_only)).collect();
        assume(&alice, ROLE, &many).await.refused("ValidationError");
    }

    async fn session_tags_are_principal_tags_and_the_transitive_ones_go_on(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        let who = "arn:aws:iam::123456789012:user/alice";
        role(&app, "plain", &trust(who, r#""sts:AssumeRole""#, "")).await;
        let tag = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue")];
        let plain = "arn:aws:iam::123456789012:role/plain";
        assert_eq!(assume(&alice, plain, &tag).await.refused("AccessDenied"), refusal(who, "sts:TagSession", plain));

        let both = r#"["sts:AssumeRole","sts:TagSession"]"#;
        let by_tag = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}},
            {"Effect":"Allow","Action":"iam:ListGroups","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/stage":"live"}}}]}"#;
        for (name, principal) in [("first", who), ("second", "arn:aws:iam::123456789012:role/first")] {
            root.call("CreateRole", &[
                ("RoleName", name), ("AssumeRolePolicyDocument", &trust(principal, both, "")),
                ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "red"),
            ]).await.ok();
            root.call("PutRolePolicy", &[("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", by_tag)]).await.ok();
        }
        let (first, second) = ("arn:aws:iam::123456789012:role/first", "arn:aws:iam::123456789012:role/second");
        let untagged = alice.with_credentials_of(&assume(&alice, first, &[]).await.ok());
        untagged.call("ListUsers", &[]).await.refused("AccessDenied");
        let tags = [
            tag[0], tag[1], ("Tags.member.2.Key", "stage"), ("Tags.member.2.Value", "live"), ("TransitiveTagKeys.member.1", "team"),
        ];
        let tagged = alice.with_credentials_of(&assume(&alice, first, &tags).await.ok());
        tagged.call("ListUsers", &[]).await.ok();
        tagged.call("ListGroups", &[]).await.ok();
        let chained = tagged.with_credentials_of(&assume(&tagged, second, &[]).await.ok());
        chained.call("ListUsers", &[]).await.ok();
        chained.call("ListGroups", &[]).await.refused("AccessDenied");
        for conflicting in [&tag[..], &[tag[0], tag[1], ("TransitiveTagKeys.member.1", "TEAM")]] {
            assert_eq!(
                assume(&tagged, second, conflicting).await.refused("InvalidParameterValue"),
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
            );
        }
        assert_eq!(
            assume(&alice, first, &[tag[0], tag[1], ("TransitiveTagKeys.member.1", "other")]).await.refused("InvalidParameterValue"),
            "The specified transitive tag key must be included in the requested tags."
        );
        assert_eq!(
            assume(&alice, first, &[tag[0], tag[1], ("Tags.member.2.Key", "TEAM"), ("Tags.member.2.Value", "x")]).await.refused("InvalidParameterValue"),
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        );
        // A trust policy can demand and limit tags.
        let limited = r#","Condition":{"StringEquals":{"aws:RequestTag/team":"blue"}}"#;
        role(&app, "limited", &trust(who, both, limited)).await;
        let arn = "arn:aws:iam::123456789012:role/limited";
        assume(&alice, arn, &tag).await.ok();
        assume(&alice, arn, &[]).await.refused("AccessDenied");
        assume(&alice, arn, &[tag[0], ("Tags.member.1.Value", "red")]).await.refused("AccessDenied");
    }

    async fn a_source_identity_is_set_once_and_stays(app) {
        let alice = trusted(&app).await;
        let who = "arn:aws:iam::123456789012:user/alice";
        let plain = "arn:aws:iam::123456789012:role/plain";
        role(&app, "plain", &trust(who, r#""sts:AssumeRole""#, "")).await;
        let identity = [("SourceIdentity", "Alice")];
        assert_eq!(assume(&alice, plain, &identity).await.refused("AccessDenied"), refusal(who, "sts:SetSourceIdentity", plain));
        let first = assume(&alice, ROLE, &identity).await.ok();
        assert_eq!(first.text("SourceIdentity"), "Alice");
        let session = alice.with_credentials_of(&first);

        let condition = r#","Condition":{"StringEquals":{"sts:SourceIdentity":"Alice"}}"#;
        role(&app, "set", &trust("arn:aws:iam::123456789012:role/r", r#"["sts:AssumeRole","sts:SetSourceIdentity"]"#, condition)).await;
        role(&app, "unset", &trust("arn:aws:iam::123456789012:role/r", r#""sts:AssumeRole""#, "")).await;
        let (set, unset) = ("arn:aws:iam::123456789012:role/set", "arn:aws:iam::123456789012:role/unset");
        assert_eq!(assume(&session, set, &[]).await.ok().text("SourceIdentity"), "Alice");
        assume(&session, set, &identity).await.ok();
        assert_eq!(
            assume(&session, set, &[("SourceIdentity", "Bob")]).await.refused("ValidationError"),
            "The source identity is already set for this assume role session"
        );
        // The role's own administrator policy allows it, but the trust policy must as well.
        app.root().call("DetachRolePolicy", &[("RoleName", "r"), ("PolicyArn", ADMINISTRATOR)]).await.ok();
        assume(&session, set, &[]).await.ok();
        assume(&session, unset, &[]).await.refused("AccessDenied");
    }
}
