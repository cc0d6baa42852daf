//! Acting as a role at the console: by AssumeRole's own rules, for as long as both the role and the person's session last.

use claviger_iam::entity::index::ROLES_BY_NAME;
use claviger_iam::entity::{ConsoleSession, Role};
use claviger_iam::operation::access_keys::ListAccessKeys;
use claviger_iam::operation::login_profiles::UpdateLoginProfile;
use claviger_iam::operation::own_access::{AccessDecision, ExplainOwnAccess};
use claviger_iam::signin::{Colour, SwitchTo};
use claviger_model::AccountId;
use claviger_store::Scope;

use super::*;

const OTHERS: &str = "999999999999";
/// Nothing but taking on roles.
const ASSUME: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#;
const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:List*","Resource":"*"}}"#;

fn trust(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole","Condition":{condition}}}}}"#
    )
}

/// A role of the account of `owner` that trusts these and may do what the policy says.
async fn role(owner: &Actor, name: &str, trust: &str, policy: &str) {
    let named = [("RoleName", name), ("AssumeRolePolicyDocument", trust)];
    owner.call("CreateRole", &named).await.ok();
    let policy = [
        ("RoleName", name),
        ("PolicyName", "may"),
        ("PolicyDocument", policy),
    ];
    owner.call("PutRolePolicy", &policy).await.ok();
}

async fn switch(
    app: &TestApp,
    token: &ConsoleToken,
    account: &str,
    role: &str,
) -> Result<ConsoleToken, Refusal> {
    let at = at(app, token).await?;
    let to = SwitchTo {
        account,
        role,
        name: None,
        colour: Colour::Red,
    };
    app.iam().switch_role(&at, &to, &request(app, HERE)).await
}

fn denied<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> String {
    match outcome {
        Err(Refusal::Fault(fault)) if fault.code() == Code::AccessDenied => {
            fault.message().expect("a message").to_owned()
        }
        other => panic!("not denied: {other:?}"),
    }
}

fn refused<T>(outcome: Result<T, Fault>) -> String {
    let fault = outcome.err().expect("it is refused");
    format!("{} {}", fault.code(), fault.message().unwrap_or_default())
}

/// Signed in as alice.
async fn alice(app: &TestApp) -> ConsoleToken {
    opened(by_name(app, "alice", PASSWORD).await).token
}

async fn arn(app: &TestApp, token: &ConsoleToken) -> String {
    let at = at(app, token).await.expect("a session");
    at.principal().arn.as_str().to_owned()
}

/// Changes the record of a session, as whoever can write to the database could.
async fn tamper(app: &TestApp, token: &ConsoleToken, change: impl FnOnce(&mut ConsoleSession)) {
    let id = at(app, token)
        .await
        .expect("a session")
        .session()
        .id
        .clone();
    let scope = Scope::Account(AccountId::parse(ACCOUNT).expect("an account"));
    let mut unit = app.iam().store().unit(&[scope]).await.expect("a unit");
    let held = unit.get::<ConsoleSession>(scope, &id).await.expect("read");
    let mut session = ConsoleSession::clone(&held.expect("a session"));
    change(&mut session);
    unit.put(session);
    unit.label("Tamper", app.now());
    unit.commit().await.expect("written");
}

fn own_key(user: Option<&str>) -> CreateAccessKey {
    CreateAccessKey {
        user_name: user.map(|user| Scalar::parse(user).expect("a name")),
    }
}

on_both_engines! {
    async fn a_person_acts_as_the_role_and_as_nobody_else_until_switching_back(app) {
        person(&app, "alice", ASSUME).await;
        role(&app.root(), "reader", &trust(ACCOUNT, "{}"), READ).await;
        let before = alice(&app).await;
        let itself = at(&app, &before).await.expect("a session");
        assert!(refused(run(&app, &itself, list_users()).await).starts_with("AccessDenied"));

        let token = switch(&app, &before, ACCOUNT, "reader").await.expect("switched");
        // The token from before is worth nothing, in a page that was under way as well.
        is_over(at(&app, &before).await);
        assert!(refused(run(&app, &itself, list_users()).await).starts_with("InvalidClientTokenId"));
        let reader = at(&app, &token).await.expect("a session");
        assert_eq!(reader.principal().arn.as_str(), "arn:aws:sts::123456789012:assumed-role/reader/alice");
        assert_eq!(reader.person().arn.as_str(), "arn:aws:iam::123456789012:user/alice");
        assert!(reader.user().is_none() && !reader.is_root() && reader.mfa_devices().is_empty());
        run(&app, &reader, list_users()).await.expect("the role may");
        assert!(refused(run(&app, &reader, own_key(Some("bob"))).await).contains("assumed-role/reader/alice is not authorized to perform: iam:CreateAccessKey"));
        // What may be done is told of the role too.
        let explain = ExplainOwnAccess { action_name: Scalar::parse("sts:AssumeRole").expect("an action"), resource_arn: None };
        assert_eq!(run(&app, &reader, explain).await.expect("told").decision, AccessDecision::ImplicitDeny);
        app.iam().flush().await;
        let got = app.root().call("GetRole", &[("RoleName", "reader")]).await.ok();
        assert_eq!(got.text("LastUsedDate"), app.now().to_string());

        let back = app.iam().switch_back(&reader, &request(&app, HERE)).await.expect("back");
        is_over(at(&app, &token).await);
        assert!(refused(run(&app, &reader, list_users()).await).starts_with("InvalidClientTokenId"));
        assert_eq!(arn(&app, &back).await, "arn:aws:iam::123456789012:user/alice");
        let itself = at(&app, &back).await.expect("a session");
        assert!(refused(run(&app, &itself, list_users()).await).starts_with("AccessDenied"));

        let assumed = events(&app, "AssumeRole").await;
        assert_eq!(assumed.len(), 1);
        assert_eq!(assumed[0]["userIdentity"]["userName"], "alice");
        assert_eq!(assumed[0]["requestParameters"]["roleSessionName"], "alice");
        assert_eq!(assumed[0]["sourceIPAddress"], HERE.to_string());
        for (name, key) in [("SwitchRole", "SwitchFrom"), ("ExitRole", "SwitchTo")] {
            let told = events(&app, name).await;
            assert_eq!(told.len(), 1, "{name}");
            assert_eq!(told[0]["eventType"], "AwsConsoleSignIn");
            assert_eq!(told[0]["responseElements"][name], "Success");
            assert_eq!(told[0]["userIdentity"]["type"], "AssumedRole");
            assert_eq!(told[0]["userIdentity"]["arn"], "arn:aws:sts::123456789012:assumed-role/reader/alice");
            assert_eq!(told[0]["userIdentity"]["accessKeyId"], assumed[0]["responseElements"]["credentials"]["accessKeyId"]);
            assert_eq!(told[0]["additionalEventData"][key], "arn:aws:iam::123456789012:user/alice");
        }
        let listed = &events(&app, "ConsoleLogin").await[0];
        assert_eq!(listed["userIdentity"]["userName"], "alice");
    }

    async fn a_trust_policy_that_demands_a_second_factor_sees_that_of_the_session(app) {
        person(&app, "alice", ASSUME).await;
        let proved = r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"600"}}"#;
        role(&app.root(), "careful", &trust(ACCOUNT, proved), READ).await;
        let token = alice(&app).await;
        denied(switch(&app, &token, ACCOUNT, "careful").await);
        let (serial, seed) = device(&app, "alice").await;
        let waiting = factor(by_name(&app, "alice", PASSWORD).await);
        let code = secret(&totp(&seed, app.now()));
        let token = opened(app.iam().sign_in_with_code(waiting, &serial, &code, &request(&app, HERE)).await).token;
        let role = switch(&app, &token, ACCOUNT, "careful").await.expect("switched");
        // The second factor is the person's: it goes no further.
        let at = at(&app, &role).await.expect("a session");
        let back = app.iam().switch_back(&at, &request(&app, HERE)).await.expect("back");
        app.clock().advance(600);
        denied(switch(&app, &back, ACCOUNT, "careful").await);
    }

    async fn the_source_address_and_the_name_of_the_session_are_those_of_the_request(app) {
        person(&app, "alice", ASSUME).await;
        for (name, condition, allowed) in [
            ("here", format!(r#"{{"IpAddress":{{"aws:SourceIp":"{HERE}"}}}}"#), true),
            ("elsewhere", format!(r#"{{"IpAddress":{{"aws:SourceIp":"{ELSEWHERE}"}}}}"#), false),
            ("named", String::from(r#"{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}"#), true),
            ("external", String::from(r#"{"StringEquals":{"sts:ExternalId":"a-secret"}}"#), false),
        ] {
            role(&app.root(), name, &trust(ACCOUNT, &condition), READ).await;
            let switched = switch(&app, &alice(&app).await, ACCOUNT, name).await;
            assert_eq!(switched.is_ok(), allowed, "{name}: {switched:?}");
        }
    }

    async fn ac_26_whatever_is_missing_the_answer_is_one_and_tells_nothing_of_other_accounts(app) {
        let theirs = app.another_account(OTHERS).await;
        theirs.call("CreateAccountAlias", &[("AccountAlias", "their-alias")]).await.ok();
        person(&app, "alice", ASSUME).await;
        person(&app, "bob", READ).await;
        role(&theirs, "distrusts", &trust(OTHERS, "{}"), ALL).await;
        role(&theirs, "trusts", &trust(ACCOUNT, "{}"), ALL).await;
        role(&app.root(), "distrusts", &trust(OTHERS, "{}"), ALL).await;
        let token = alice(&app).await;
        let words = |user: &str, account: &str, role: &str| format!(
            "User: arn:aws:iam::123456789012:user/{user} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{account}:role/{role}"
        );
        for account in [ACCOUNT, OTHERS, "888888888888", "their-alias", "THEIR-ALIAS", "nobodys-alias"] {
            for role in ["distrusts", "missing", "a/path/distrusts"] {
                assert_eq!(denied(switch(&app, &token, account, role).await), words("alice", account, role));
            }
        }
        let bob = opened(by_name(&app, "bob", PASSWORD).await).token;
        for role in ["trusts", "distrusts", "missing"] {
            for account in [OTHERS, "their-alias", "nobodys-alias"] {
                assert_eq!(denied(switch(&app, &bob, account, role).await), words("bob", account, role));
            }
        }
        // What is refused is told as what AssumeRole refused, and no session stands for anybody else by it.
        let told = events(&app, "AssumeRole").await;
        assert!(told.iter().all(|event| event["errorCode"] == "AccessDenied"), "{told:?}");
        assert!(events(&app, "SwitchRole").await.is_empty());
        assert_eq!(arn(&app, &token).await, "arn:aws:iam::123456789012:user/alice");
        for (account, role) in [("", "r"), ("a b", "r"), (ACCOUNT, ""), (ACCOUNT, "r\n"), (ACCOUNT, "r*"), (ACCOUNT, "a/"), (ACCOUNT, "a b"), ("arn:aws:iam::1", "r"), (&"a".repeat(64), "r"), (ACCOUNT, &"r".repeat(65))] {
            let outcome = switch(&app, &token, account, role).await;
            let is_told = matches!(&outcome, Err(Refusal::Fault(fault)) if fault.code() == Code::InvalidInput);
            assert_eq!(is_told, role != "r\n", "{account:?} {role:?}: {outcome:?}");
        }
    }

    async fn a_role_of_another_account_is_reached_by_its_alias(app) {
        let theirs = app.another_account(OTHERS).await;
        theirs.call("CreateAccountAlias", &[("AccountAlias", "their-alias")]).await.ok();
        theirs.call("CreateUser", &[("UserName", "theirs")]).await.ok();
        let alice_arn = "arn:aws:iam::123456789012:user/alice";
        person(&app, "alice", ASSUME).await;
        let trusted = trust(alice_arn, "{}");
        theirs.call("CreateRole", &[("RoleName", "deep"), ("Path", "/a/b/"), ("AssumeRolePolicyDocument", &trusted)]).await.ok();
        theirs.call("PutRolePolicy", &[("RoleName", "deep"), ("PolicyName", "may"), ("PolicyDocument", ALL)]).await.ok();
        let token = switch(&app, &alice(&app).await, " Their-Alias ", "a/b/deep").await.expect("switched");
        let deep = at(&app, &token).await.expect("a session");
        let listed = run(&app, &deep, list_users()).await.expect("allowed");
        let names: Vec<_> = listed.users.iter().filter_map(|user| user.user_name.as_deref()).collect();
        assert_eq!(names, ["theirs"]);
        run(&app, &deep, own_key(Some("theirs"))).await.expect("a change is committed in the other account");
        app.iam().switch_back(&deep, &request(&app, HERE)).await.expect("back");
        // Each account is told what concerns it.
        assert_eq!(events(&app, "AssumeRole").await.len(), 1);
        assert!(events(&app, "SwitchRole").await.is_empty());
        app.iam().flush().await;
        for (name, count) in [("SwitchRole", 1), ("ExitRole", 1), ("AssumeRole", 0), ("ConsoleLogin", 0)] {
            let wanted = serde_json::json!({ "LookupAttributes": [{ "AttributeKey": "EventName", "AttributeValue": name }] });
            let found = theirs.lookup_events(&wanted).await;
            assert_eq!(found["Events"].as_array().expect("a list").len(), count, "{name}");
        }
    }

    async fn a_role_ends_with_the_session_however_that_ends(app) {
        role(&app.root(), "admin", &trust(ACCOUNT, "{}"), ALL).await;
        let root = app.root();
        let ways: [(&str, &[(&str, &str)]); 5] = [
            ("UpdateLoginProfile", &[("Password", OTHER)]),
            ("DeleteLoginProfile", &[]),
            ("EndConsoleSessions", &[]),
            ("DeleteUser", &[]),
            ("sign out", &[]),
        ];
        for (place, (way, with)) in ways.iter().enumerate() {
            let name = format!("user-{place}");
            root.call("CreateUser", &[("UserName", &name)]).await.ok();
            root.call("CreateLoginProfile", &[("UserName", &name), ("Password", PASSWORD)]).await.ok();
            root.call("PutUserPolicy", &[("UserName", &name), ("PolicyName", "p"), ("PolicyDocument", ASSUME)]).await.ok();
            let token = opened(by_name(&app, &name, PASSWORD).await).token;
            let token = switch(&app, &token, ACCOUNT, "admin").await.expect("switched");
            let admin = at(&app, &token).await.expect("a session");
            run(&app, &admin, list_users()).await.expect("allowed");
            match *way {
                "sign out" => app.iam().sign_out(&token, &request(&app, HERE)).await.expect("out"),
                "DeleteUser" => {
                    root.call("DeleteLoginProfile", &[("UserName", &name)]).await.ok();
                    root.call("DeleteUserPolicy", &[("UserName", &name), ("PolicyName", "p")]).await.ok();
                    root.call("DeleteUser", &[("UserName", &name)]).await.ok();
                }
                way => drop(root.call(way, &[&[("UserName", name.as_str())], *with].concat()).await.ok()),
            }
            is_over(at(&app, &token).await);
            assert!(refused(run(&app, &admin, list_users()).await).starts_with("InvalidClientTokenId"), "{way}");
        }
    }

    async fn the_person_is_back_when_the_role_has_gone_or_its_time_is_over(app) {
        person(&app, "alice", ASSUME).await;
        let scope = Scope::Account(AccountId::parse(ACCOUNT).expect("an account"));
        for way in ["time", "deleted", "epoch"] {
            role(&app.root(), way, &trust(ACCOUNT, "{}"), ALL).await;
            let token = switch(&app, &alice(&app).await, ACCOUNT, way).await.expect("switched");
            let before = at(&app, &token).await.expect("a session");
            assert_eq!(before.switched().expect("a role").expires(), app.now().whole_seconds().plus_seconds(3_600));
            match way {
                "time" => {
                    app.clock().advance(3_599);
                    run(&app, &at(&app, &token).await.expect("a session"), list_users()).await.expect("allowed");
                    app.clock().advance(1);
                }
                "deleted" => {
                    app.root().call("DeleteRolePolicy", &[("RoleName", way), ("PolicyName", "may")]).await.ok();
                    app.root().call("DeleteRole", &[("RoleName", way)]).await.ok();
                }
                _ => {
                    let mut unit = app.iam().store().unit(&[scope]).await.expect("a unit");
                    let held = unit.find::<Role>(scope, &ROLES_BY_NAME, b"epoch").await.expect("read").expect("a role");
                    let mut role = Role::clone(&held);
                    role.security_epoch += 1;
                    unit.put(role);
                    unit.label("Tamper", app.now());
                    unit.commit().await.expect("written");
                }
            }
            // A page that was under way runs nothing, as nobody.
            assert!(refused(run(&app, &before, list_users()).await).starts_with("InvalidClientTokenId"), "{way}");
            let over = at(&app, &token).await.expect("the person is signed in");
            assert!(over.is_role_over() && over.switched().is_none(), "{way}");
            assert_eq!(over.principal().arn.as_str(), "arn:aws:iam::123456789012:user/alice");
            assert!(refused(run(&app, &over, list_users()).await).starts_with("InvalidClientTokenId"), "{way}: not before they know");
            app.iam().leave_role(&over, &request(&app, HERE)).await.expect("left");
            let itself = at(&app, &token).await.expect("a session");
            assert!(!itself.is_role_over());
            assert!(refused(run(&app, &itself, list_users()).await).starts_with("AccessDenied"), "{way}");
        }
        // A role that is made again under the name is another one.
        let token = switch(&app, &alice(&app).await, ACCOUNT, "time").await.expect("switched");
        app.root().call("DeleteRolePolicy", &[("RoleName", "time"), ("PolicyName", "may")]).await.ok();
        app.root().call("DeleteRole", &[("RoleName", "time")]).await.ok();
        role(&app.root(), "time", &trust(ACCOUNT, "{}"), ALL).await;
        assert!(at(&app, &token).await.expect("a session").is_role_over());
    }

    async fn a_role_lasts_as_long_as_it_allows_and_never_longer_than_the_session(app) {
        person(&app, "alice", ASSUME).await;
        role(&app.root(), "long", &trust(ACCOUNT, "{}"), READ).await;
        app.root().call("UpdateRole", &[("RoleName", "long"), ("MaxSessionDuration", "43200")]).await.ok();
        app.root().call("UpdateRole", &[("RoleName", "long"), ("MaxSessionDuration", "7200")]).await.ok();
        let first = alice(&app).await;
        let token = switch(&app, &first, ACCOUNT, "long").await.expect("switched");
        let long = at(&app, &token).await.expect("a session");
        assert_eq!(long.switched().expect("a role").expires(), app.now().whole_seconds().plus_seconds(7_200));
        app.root().call("UpdateRole", &[("RoleName", "long"), ("MaxSessionDuration", "43200")]).await.ok();
        for left in [3_600, 60] {
            let token = alice(&app).await;
            tamper(&app, &token, |session| session.expires = app.now().plus_seconds(left)).await;
            let token = switch(&app, &token, ACCOUNT, "long").await.expect("switched");
            let long = at(&app, &token).await.expect("a session");
            assert_eq!(long.switched().expect("a role").expires(), long.session().expires, "{left}");
            app.clock().advance(left);
            is_over(at(&app, &token).await);
        }
    }

    async fn ac_22_a_further_switch_begins_with_the_person(app) {
        person(&app, "alice", ASSUME).await;
        role(&app.root(), "first", &trust(ACCOUNT, "{}"), ALL).await;
        role(&app.root(), "by-first", &trust("arn:aws:iam::123456789012:role/first", "{}"), ALL).await;
        role(&app.root(), "second", &trust("arn:aws:iam::123456789012:user/alice", "{}"), ALL).await;
        let token = switch(&app, &alice(&app).await, ACCOUNT, "first").await.expect("switched");
        // The role would be trusted, and the person is not.
        assert!(denied(switch(&app, &token, ACCOUNT, "by-first").await).starts_with("User: arn:aws:iam::123456789012:user/alice "));
        assert_eq!(arn(&app, &token).await, "arn:aws:sts::123456789012:assumed-role/first/alice");
        let token = switch(&app, &token, ACCOUNT, "second").await.expect("switched");
        assert_eq!(arn(&app, &token).await, "arn:aws:sts::123456789012:assumed-role/second/alice");
        assert!(events(&app, "AssumeRole").await.iter().all(|event| event["userIdentity"]["userName"] == "alice"));
        let at = at(&app, &token).await.expect("a session");
        let back = app.iam().switch_back(&at, &request(&app, HERE)).await.expect("back");
        assert_eq!(arn(&app, &back).await, "arn:aws:iam::123456789012:user/alice");
    }

    async fn root_and_who_must_assign_a_device_first_do_not_switch(app) {
        role(&app.root(), "any", &trust("*", "{}"), ALL).await;
        let root = opened(attempt(&app, SignInName::Root { email: ROOT_EMAIL }, ROOT_PASSWORD, HERE, None).await).token;
        assert_eq!(denied(switch(&app, &root, ACCOUNT, "any").await), "Roles may not be assumed by root accounts.");
        person(&app, "alice", ALL).await;
        app.root().call("UpdateSignInSettings", &[("DemandMFA", "true")]).await.ok();
        let token = alice(&app).await;
        assert!(at(&app, &token).await.expect("a session").must_enrol());
        assert_eq!(denied(switch(&app, &token, ACCOUNT, "any").await), "The account demands a second factor. Assign an MFA device first.");
    }

    async fn ac_40_who_acts_as_a_role_changes_nothing_of_the_person(app) {
        let alices = person(&app, "alice", ALL).await;
        app.user("bob").await;
        role(&app.root(), "admin", &trust(ACCOUNT, "{}"), ALL).await;
        let token = switch(&app, &alice(&app).await, ACCOUNT, "admin").await.expect("switched");
        let admin = at(&app, &token).await.expect("a session");
        let own = "AccessDenied These are your own credentials, and you are acting as a role. Switch back to change them.";
        for name in ["alice", "ALICE"] {
            assert_eq!(refused(run(&app, &admin, own_key(Some(name))).await), own);
            let update = UpdateLoginProfile { user_name: Scalar::parse(name).expect("a name"), password: Some(Secret::new(Scalar::parse(OTHER).expect("a password"))), password_reset_required: None };
            assert_eq!(refused(run(&app, &admin, update).await), own);
        }
        // Whatever the person is called meanwhile.
        app.root().call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.ok();
        assert_eq!(refused(run(&app, &admin, own_key(Some("alicia"))).await), own);
        app.root().call("UpdateUser", &[("UserName", "alicia"), ("NewUserName", "alice")]).await.ok();
        run(&app, &admin, own_key(Some("bob"))).await.expect("others are what the role is for");
        for refusal in [
            refused(run(&app, &admin, own_key(None)).await),
            refused(run(&app, &admin, ListConsoleSessions { user_name: None }).await),
            refused(run(&app, &admin, EndConsoleSessions { user_name: None }).await),
            refused(run(&app, &admin, GetUser { user_name: None }).await),
            refused(run(&app, &admin, ListAccessKeys { user_name: None, page: list_users().page }).await),
            refused(run(&app, &admin, ChangePassword { old_password: Secret::new(Scalar::parse(PASSWORD).expect("a password")), new_password: Secret::new(Scalar::parse(OTHER).expect("a password")) }).await),
            refused(run(&app, &admin, GetSessionToken { duration_seconds: None, serial_number: None, token_code: None, minimum_session_token_size: None }).await),
        ] {
            assert!(refusal.starts_with("ValidationError") || refusal.starts_with("AccessDenied") || refusal.starts_with("InvalidUserType"), "{refusal}");
        }
        let here = request(&app, HERE);
        is_over(app.iam().confirm_with_password(&admin, &secret(PASSWORD), &here).await);
        is_over(app.iam().confirm_with_code(&admin, SERIAL, &secret("123456"), &here).await);
        is_over(app.iam().keep_after_own_change(&admin, &secret(PASSWORD), &here).await);
        is_over(app.iam().confirm_with_security_key(&admin, "{}", &here).await);
        let keys = alices.call("ListAccessKeys", &[]).await.ok();
        assert_eq!(keys.all("AccessKeyId").len(), 1, "{}", keys.body);
        opened(by_name(&app, "alice", PASSWORD).await);
    }

    async fn a_role_is_bound_to_its_session_and_nothing_else_opens_as_one(app) {
        let alices = person(&app, "alice", ASSUME).await;
        person(&app, "bob", READ).await;
        role(&app.root(), "admin", &trust(ACCOUNT, "{}"), ALL).await;
        let token = switch(&app, &alice(&app).await, ACCOUNT, "admin").await.expect("switched");
        let sealed = at(&app, &token).await.expect("a session").session().switched.clone();
        let text = sealed.clone().expect("sealed");
        assert!(!text.contains("admin") && !text.contains("ASIA"), "{text}");
        let named = [("RoleArn", "arn:aws:iam::123456789012:role/admin"), ("RoleSessionName", "alice")];
        let issued = alices.sts("AssumeRole", &named).await.ok().text("SessionToken");
        // Written into the database by somebody: another's role, credentials of STS, one's own role after the session.
        let (bob, other) = (opened(by_name(&app, "bob", PASSWORD).await).token, alice(&app).await);
        for (target, text) in [(&bob, sealed.clone()), (&other, sealed.clone()), (&other, Some(issued)), (&other, Some(String::new())), (&other, Some("QUJD".to_owned()))] {
            tamper(&app, target, |session| session.switched = text).await;
            let at = at(&app, target).await.expect("a session");
            assert!(at.is_role_over() && at.switched().is_none());
        }
        // A session that acts as somebody else than when the request came runs nothing.
        let admin = at(&app, &token).await.expect("a session");
        tamper(&app, &token, |session| session.switched = None).await;
        assert!(refused(run(&app, &admin, list_users()).await).starts_with("InvalidClientTokenId"));
    }

    async fn a_user_with_a_name_of_one_letter_switches_too(app) {
        person(&app, "a", ASSUME).await;
        role(&app.root(), "reader", &trust(ACCOUNT, "{}"), READ).await;
        let token = opened(by_name(&app, "a", PASSWORD).await).token;
        let token = switch(&app, &token, ACCOUNT, "reader").await.expect("switched");
        assert!(arn(&app, &token).await.starts_with("arn:aws:sts::123456789012:assumed-role/reader/AIDA"));
    }
}
