//! Access keys that give way to others in stages, that expire, and that are good from some networks alone.

use claviger_iam::operation;
use claviger_iam::operation::access_keys::UpdateAccessKeyBounds;
use claviger_it::{Actor, Reply, TestApp, on_both_engines};
use claviger_model::{Code, Scalar};
use serde_json::json;

use crate::signin::{PASSWORD, at, by_name, opened, person, run};

const OWN_KEYS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
const GONE: &str = "The security token included in the request is invalid.";
const HOUR: i64 = 3_600;
const ALICE: (&str, &str) = ("UserName", "alice");
/// Where actors are, unless it is said otherwise.
const HOME: &str = "203.0.113.0/24";
const ELSEWHERE: &str = "198.51.100.9";

/// Whoever holds the key that the answer tells.
fn holder(app: &TestApp, made: &Reply) -> Actor {
    app.actor(
        &made.text("AccessKeyId"),
        &made.text("SecretAccessKey"),
        None,
    )
}

async fn opt_for(app: &TestApp, max: &str) {
    let max = [("MaxAccessKeysPerUser", max)];
    app.root().call("PutAccessKeySettings", &max).await.ok();
}

/// Rotates alice's key with so many hours of grace.
async fn rotate(app: &TestApp, key: &Actor, hours: &str) -> Reply {
    let rotation = [
        ALICE,
        ("AccessKeyId", key.access_key_id()),
        ("GracePeriodHours", hours),
    ];
    app.root().call("RotateAccessKey", &rotation).await
}

/// Bounds alice's key to these networks.
async fn bind(app: &TestApp, key: &Actor, networks: &[&str]) -> Reply {
    let mut parameters = vec![
        ("UserName".to_owned(), "alice"),
        ("AccessKeyId".to_owned(), key.access_key_id()),
    ];
    for (number, network) in (1..).zip(networks) {
        parameters.push((format!("SourceNetworks.member.{number}"), *network));
    }
    if networks.is_empty() {
        parameters.push(("RemoveSourceNetworks".to_owned(), "true"));
    }
    let borrowed: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    app.root().call("UpdateAccessKeyBounds", &borrowed).await
}

/// Asks three times, so that whatever is kept between requests is kept by then.
async fn is_good(key: &Actor) {
    for _ in 0..3 {
        key.sts("GetCallerIdentity", &[]).await.ok();
    }
}

async fn is_gone(key: &Actor) {
    for _ in 0..2 {
        let said = key.sts("GetCallerIdentity", &[]).await;
        assert_eq!(said.refused("InvalidClientTokenId"), GONE);
    }
}

async fn is_outside(key: &Actor) {
    for _ in 0..2 {
        let said = key
            .sts("GetCallerIdentity", &[])
            .await
            .refused("AccessDenied");
        assert!(said.contains("source networks"), "{said}");
    }
}

async fn stages(app: &TestApp) -> Vec<String> {
    let listed = app.root().call("ListAccessKeyDetails", &[ALICE]).await;
    listed.ok().all("Stage")
}

async fn statuses(app: &TestApp) -> Vec<String> {
    let listed = app.root().call("ListAccessKeys", &[ALICE]).await;
    listed.ok().all("Status")
}

on_both_engines! {
    async fn more_networks_than_a_key_may_have_are_refused_however_they_come_and_change_nothing(app) {
        let key = person(&app, "alice", ALLOW).await;
        bind(&app, &key, &[HOME]).await.ok();
        let networks: Vec<String> = (0..21).map(|number| format!("192.0.2.{number}/32")).collect();
        let some = |count: usize| networks.iter().take(count).map(String::as_str).collect::<Vec<_>>();
        let kept = || async {
            let told = app.root().call("ListAccessKeyDetails", &[ALICE]).await.ok();
            told.body.split("<ResponseMetadata>").next().map(str::to_owned)
        };
        let before = kept().await;
        assert!(before.as_ref().is_some_and(|before| before.contains(HOME)));
        let said = bind(&app, &key, &some(21)).await.refused("ValidationError");
        assert!(said.contains("less than or equal to 20"), "{said}");

        // A page puts the operation together itself, and is held to the same.
        let session = opened(by_name(&app, "alice", PASSWORD).await);
        let alice = at(&app, &session.token).await.expect("a session");
        let bounds = |count| UpdateAccessKeyBounds {
            user_name: None,
            access_key_id: Scalar::parse(key.access_key_id()).expect("an ID"),
            remove_expiration_date: None,
            remove_source_networks: None,
            expiration_date: None,
            source_networks: some(count).into_iter().map(|one| Scalar::parse(one).expect("a network")).collect(),
        };
        let fault = run(&app, &alice, bounds(21)).await.err().expect("too many");
        assert_eq!(fault.code(), Code::ValidationError);
        assert!(fault.message().is_some_and(|said| said.contains("less than or equal to 20")), "{fault:?}");
        assert_eq!(kept().await, before);
        run(&app, &alice, bounds(20)).await.expect("as many as a key may have");
        assert_ne!(kept().await, before);
    }

    async fn whoever_may_not_make_keys_or_touch_them_rotates_and_bounds_none(app) {
        const ALL_BUT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Deny","Action":"iam:DENIED","Resource":"*"}]}"#;
        app.root().call("CreateUser", &[("UserName", "bob")]).await.ok();
        let bobs = app.root().call("CreateAccessKey", &[("UserName", "bob")]).await.ok().text("AccessKeyId");
        for (user, denied) in [("mallory", "CreateAccessKey"), ("marvin", "UpdateAccessKey")] {
            let actor = app.user_with(user, &ALL_BUT.replace("DENIED", denied)).await;
            let own = [("AccessKeyId", actor.access_key_id())];
            for parameters in [&own[..], &[("UserName", "bob"), ("AccessKeyId", &bobs), ("GracePeriodHours", "0")]] {
                let said = actor.call("RotateAccessKey", parameters).await.refused("AccessDenied");
                assert!(said.contains(denied), "{said}");
            }
        }
        let marvin = app.user_with("martha", &ALL_BUT.replace("DENIED", "UpdateAccessKey")).await;
        marvin.call("UpdateAccessKeyBounds", &[("AccessKeyId", marvin.access_key_id())]).await.refused("AccessDenied");
    }

    async fn a_key_with_bounds_rotates_itself_and_no_sibling_without_any(app) {
        let root = app.root();
        root.call("PutAccessKeySettings", &[("MaxAccessKeysPerUser", "5")]).await.ok();
        let bound = app.user_with("carol", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#).await;
        let free = root.call("CreateAccessKey", &[("UserName", "carol")]).await.ok().text("AccessKeyId");
        let own = ("AccessKeyId", bound.access_key_id());
        root.call("UpdateAccessKeyBounds", &[("UserName", "carol"), own, ("SourceNetworks.member.1", "203.0.113.0/24")]).await.ok();
        bound.call("RotateAccessKey", &[("AccessKeyId", &free)]).await.refused("AccessDenied");
        bound.call("RotateAccessKey", &[("UserName", "carol"), ("AccessKeyId", &free)]).await.refused("AccessDenied");
        bound.call("RotateAccessKey", &[own]).await.ok();
    }

    async fn both_keys_are_good_until_the_grace_period_is_over(app) {
        let old = app.user("alice").await;
        is_good(&old).await;
        app.clock().advance(10);
        let rotated = rotate(&app, &old, "48").await.ok();
        let new = holder(&app, &rotated);
        assert_eq!(rotated.text("UserName"), "alice");
        assert_eq!(rotated.text("SecretAccessKey").len(), 40);
        assert_eq!(rotated.all("AccessKeyId"), [new.access_key_id(), old.access_key_id()]);
        assert_eq!(rotated.text("ExpirationDate"), "2026-01-04T03:04:15Z");
        assert_ne!(new.access_key_id(), old.access_key_id());
        is_good(&old).await;
        is_good(&new).await;
        assert_eq!(stages(&app).await, ["Retiring", "Active"]);
        assert_eq!(statuses(&app).await, ["Active", "Active"]);

        app.clock().advance(48 * HOUR - 1);
        is_good(&old).await;
        app.clock().advance(1);
        is_gone(&old).await;
        is_good(&new).await;
        assert_eq!(stages(&app).await, ["Expired", "Active"]);
        assert_eq!(statuses(&app).await, ["Expired", "Active"]);
    }

    async fn a_key_rotated_without_grace_is_refused_at_the_next_request(app) {
        let old = app.user("alice").await;
        is_good(&old).await;
        let new = holder(&app, &rotate(&app, &old, "0").await.ok());
        is_gone(&old).await;
        is_good(&new).await;
        assert_eq!(stages(&app).await, ["Expired", "Active"]);
    }

    async fn the_grace_period_is_a_day_unless_it_is_said_otherwise(app) {
        let old = app.user("alice").await;
        for (hours, code) in [("-1", "ValidationError"), ("2161", "ValidationError"), ("x", "MalformedInput")] {
            rotate(&app, &old, hours).await.refused(code);
        }
        let rotation = [ALICE, ("AccessKeyId", old.access_key_id())];
        let rotated = app.root().call("RotateAccessKey", &rotation).await.ok();
        assert_eq!(rotated.text("ExpirationDate"), "2026-01-03T03:04:05Z");
    }

    async fn an_expired_key_is_refused_as_an_inactive_one_and_comes_back_by_no_operation(app) {
        let old = app.user("alice").await;
        is_good(&old).await;
        rotate(&app, &old, "1").await.ok();
        app.clock().advance(HOUR);
        is_gone(&old).await;
        let key = ("AccessKeyId", old.access_key_id());
        let expired = format!("The Access Key with id {} has expired. Delete it and create another.", old.access_key_id());
        for status in ["Active", "Inactive"] {
            let said = app.root().call("UpdateAccessKey", &[ALICE, key, ("Status", status)]).await.refused("InvalidInput");
            assert_eq!(said, expired);
        }
        let later = ("ExpirationDate", "2027-01-01T00:00:00Z");
        assert_eq!(app.root().call("UpdateAccessKeyBounds", &[ALICE, key, later]).await.refused("InvalidInput"), expired);
        opt_for(&app, "3").await;
        rotate(&app, &old, "1").await.refused("InvalidInput");
        is_gone(&old).await;
        app.root().call("DeleteAccessKey", &[ALICE, key]).await.ok();
        is_gone(&old).await;
        assert_eq!(stages(&app).await, ["Active"]);
    }

    async fn an_expiry_can_be_set_put_off_and_lifted_before_it_comes(app) {
        let alice = app.user("alice").await;
        let root = app.root();
        let key = ("AccessKeyId", alice.access_key_id());
        let expire = |at: &'static str| {
            let (root, id) = (root.clone(), alice.access_key_id().to_owned());
            async move { root.call("UpdateAccessKeyBounds", &[ALICE, ("AccessKeyId", &id), ("ExpirationDate", at)]).await }
        };
        for past in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.9Z", "2020-01-01T00:00:00Z"] {
            expire(past).await.refused("InvalidInput");
        }
        expire("tomorrow").await.refused("MalformedInput");
        expire("2026-01-02T04:00:00Z").await.ok();
        assert_eq!(stages(&app).await, ["Active"]);
        expire("2026-01-02T05:00:00Z").await.ok();
        app.clock().advance(HOUR);
        is_good(&alice).await;
        let lift = ("RemoveExpirationDate", "true");
        root.call("UpdateAccessKeyBounds", &[ALICE, key, lift]).await.ok();
        app.clock().advance(HOUR);
        is_good(&alice).await;
        // Another date moves the end of a retiring key, and none calls it off.
        rotate(&app, &alice, "1").await.ok();
        expire("2026-01-02T06:00:00Z").await.ok();
        assert_eq!(stages(&app).await, ["Retiring", "Active"]);
        root.call("UpdateAccessKeyBounds", &[ALICE, key, lift]).await.ok();
        assert_eq!(stages(&app).await, ["Active", "Active"]);
        app.clock().advance(2 * HOUR);
        is_good(&alice).await;
    }

    async fn what_a_change_of_bounds_does_not_mention_stays(app) {
        let alice = app.user("alice").await;
        let root = app.root();
        let key = [ALICE, ("AccessKeyId", alice.access_key_id())];
        let networks = ("SourceNetworks.member.1", HOME);
        let date = ("ExpirationDate", "2026-01-02T05:00:00Z");
        let told = async || {
            let listed = root.call("ListAccessKeyDetails", &[ALICE]).await.ok();
            (listed.find("ExpirationDate").is_some(), listed.body.contains(HOME))
        };
        for (change, now) in [
            (date, (true, false)),
            (networks, (true, true)),
            (("RemoveExpirationDate", "true"), (false, true)),
            (date, (true, true)),
            (("RemoveSourceNetworks", "true"), (true, false)),
            (networks, (true, true)),
        ] {
            root.call("UpdateAccessKeyBounds", &[&key[..], &[change]].concat()).await.ok();
            assert_eq!(told().await, now, "{change:?}");
        }
        // What says nothing, or that nothing is to be removed, changes nothing.
        for nothing in [&[][..], &[("RemoveExpirationDate", "false"), ("RemoveSourceNetworks", "false")]] {
            root.call("UpdateAccessKeyBounds", &[&key[..], nothing].concat()).await.refused("InvalidInput");
        }
        for both in [[date, ("RemoveExpirationDate", "true")], [networks, ("RemoveSourceNetworks", "true")]] {
            root.call("UpdateAccessKeyBounds", &[&key[..], &both].concat()).await.refused("InvalidInput");
        }
        assert_eq!(told().await, (true, true));
        is_outside(&alice.at(ELSEWHERE)).await;
    }

    async fn a_new_key_has_as_much_time_as_the_old_one_unless_it_is_said_otherwise(app) {
        let first = app.user("alice").await;
        let root = app.root();
        opt_for(&app, "5").await;
        let expiry = [ALICE, ("AccessKeyId", first.access_key_id()), ("ExpirationDate", "2026-01-03T03:04:05Z")];
        root.call("UpdateAccessKeyBounds", &expiry).await.ok();
        app.clock().advance(HOUR);
        let rotated = rotate(&app, &first, "1").await.ok();
        assert_eq!(rotated.text("AccessKeyExpirationDate"), "2026-01-03T04:04:05Z");
        let second = holder(&app, &rotated);
        let asked = [ALICE, ("AccessKeyId", second.access_key_id()), ("AccessKeyExpirationDate", "2026-01-02T05:04:05.9Z")];
        let past = [asked[0], asked[1], ("AccessKeyExpirationDate", "2026-01-02T04:04:05Z")];
        root.call("RotateAccessKey", &past).await.refused("InvalidInput");
        assert_eq!(stages(&app).await, ["Retiring", "Active"]);
        let rotated = root.call("RotateAccessKey", &asked).await.ok();
        assert_eq!(rotated.text("AccessKeyExpirationDate"), "2026-01-02T05:04:05Z");
        let third = holder(&app, &rotated);
        is_good(&third).await;
        app.clock().advance(HOUR);
        is_gone(&third).await;
        is_good(&second).await;
        // A key that never expires is followed by one that does not either.
        let free = holder(&app, &root.call("CreateAccessKey", &[ALICE]).await.ok());
        assert_eq!(rotate(&app, &free, "1").await.ok().find("AccessKeyExpirationDate"), None);
    }

    async fn rotation_never_puts_an_expiry_off(app) {
        let old = app.user("alice").await;
        let bounds = [ALICE, ("AccessKeyId", old.access_key_id()), ("ExpirationDate", "2026-01-02T04:00:00Z")];
        app.root().call("UpdateAccessKeyBounds", &bounds).await.ok();
        assert_eq!(rotate(&app, &old, "2160").await.ok().text("ExpirationDate"), "2026-01-02T04:00:00Z");
    }

    async fn a_refused_rotation_leaves_all_as_it_was(app) {
        let alice = app.user("alice").await;
        let second = holder(&app, &app.root().call("CreateAccessKey", &[ALICE]).await.ok());
        assert_eq!(rotate(&app, &alice, "1").await.refused("LimitExceeded"), "Cannot exceed quota for AccessKeysPerUser: 2");
        opt_for(&app, "4").await;
        app.root().call("UpdateAccessKey", &[ALICE, ("AccessKeyId", second.access_key_id()), ("Status", "Inactive")]).await.ok();
        rotate(&app, &second, "1").await.refused("InvalidInput");
        let unknown = app.actor("AKIAIOSFODNN7EXAMPLE", "x", None);
        rotate(&app, &unknown, "1").await.refused("NoSuchEntity");
        // Another's key is not there either.
        let bob = app.user("bob").await;
        rotate(&app, &bob, "1").await.refused("NoSuchEntity");
        assert_eq!(bind(&app, &bob, &[HOME]).await.refused("NoSuchEntity"), format!("The Access Key with id {} cannot be found.", bob.access_key_id()));
        assert_eq!(stages(&app).await, ["Active", "Inactive"]);
        rotate(&app, &alice, "1").await.ok();
        let said = rotate(&app, &alice, "1").await.refused("InvalidInput");
        assert!(said.ends_with("is retiring already and cannot be rotated."), "{said}");
        app.clock().advance(2 * HOUR);
        is_gone(&alice).await;
    }

    async fn an_account_may_opt_for_up_to_five_keys_a_user(app) {
        let root = app.root();
        let told = |root: Actor| async move {
            let summary = root.call("GetAccountSummary", &[]).await.ok().body;
            let (_, rest) = summary.split_once("AccessKeysPerUserQuota</key><value>").expect("the quota");
            let quota = rest.split('<').next().expect("a number").to_owned();
            assert_eq!(root.call("GetAccessKeySettings", &[]).await.ok().text("MaxAccessKeysPerUser"), quota);
            quota
        };
        assert_eq!(told(root.clone()).await, "2");
        for (bad, code) in [("0", "ValidationError"), ("1", "ValidationError"), ("6", "ValidationError"), ("two", "MalformedInput")] {
            root.call("PutAccessKeySettings", &[("MaxAccessKeysPerUser", bad)]).await.refused(code);
        }
        opt_for(&app, "5").await;
        assert_eq!(told(root.clone()).await, "5");
        let other = app.another_account("210987654321").await;
        assert_eq!(told(other).await, "2", "every account for itself");

        root.call("CreateUser", &[ALICE]).await.ok();
        for parameters in [&[ALICE][..], &[]] {
            let before = root.call("ListAccessKeys", parameters).await.ok().all("AccessKeyId").len();
            for _ in before..5 {
                root.call("CreateAccessKey", parameters).await.ok();
            }
            assert_eq!(root.call("CreateAccessKey", parameters).await.refused("LimitExceeded"), "Cannot exceed quota for AccessKeysPerUser: 5");
        }
        // What is beyond a lower limit stays, and is good.
        opt_for(&app, "2").await;
        assert_eq!(told(root.clone()).await, "2");
        let keys = root.call("ListAccessKeys", &[ALICE]).await.ok().all("AccessKeyId");
        assert_eq!(keys.len(), 5);
        for (left, id) in (0..5).rev().zip(&keys) {
            let refused = root.call("CreateAccessKey", &[ALICE]).await;
            assert_eq!(refused.refused("LimitExceeded"), "Cannot exceed quota for AccessKeysPerUser: 2");
            root.call("DeleteAccessKey", &[ALICE, ("AccessKeyId", id)]).await.ok();
            if left < 2 {
                break;
            }
        }
        root.call("CreateAccessKey", &[ALICE]).await.ok();
        root.call("CreateAccessKey", &[ALICE]).await.refused("LimitExceeded");
    }

    async fn ac_44_a_limit_of_five_holds_under_a_crowd_that_creates_and_rotates(app) {
        let old = app.user("alice").await;
        opt_for(&app, "5").await;
        let id = old.access_key_id().to_owned();
        let crowd: Vec<_> = (0..200)
            .map(|turn| {
                let (root, id) = (app.root(), id.clone());
                tokio::spawn(async move {
                    match turn % 2 {
                        0 => root.call("CreateAccessKey", &[ALICE]).await,
                        _ => root.call("RotateAccessKey", &[ALICE, ("AccessKeyId", &id)]).await,
                    }
                })
            })
            .collect();
        let (mut made, mut rotated) = (0, 0);
        for one in crowd {
            let reply = one.await.expect("no panic");
            match reply.find("Code").as_deref() {
                None => {
                    made += 1;
                    rotated += reply.all("RetiringAccessKey").len();
                }
                Some("LimitExceeded" | "InvalidInput") => {}
                Some(_) => panic!("{}", reply.body),
            }
        }
        assert_eq!(made, 4);
        assert!(rotated <= 1, "a key retires once, but {rotated} did it");
        let stages = stages(&app).await;
        assert_eq!(stages.len(), 5);
        assert_eq!(stages.iter().filter(|stage| *stage == "Retiring").count(), rotated);
    }

    async fn ac_44_no_key_is_made_past_a_limit_that_is_lowered_meanwhile(app) {
        let root = app.root();
        root.call("CreateUser", &[ALICE]).await.ok();
        opt_for(&app, "5").await;
        let crowd: Vec<_> = (0..60)
            .map(|turn| {
                let root = root.clone();
                tokio::spawn(async move {
                    match turn {
                        7 => root.call("PutAccessKeySettings", &[("MaxAccessKeysPerUser", "3")]).await,
                        _ => root.call("CreateAccessKey", &[ALICE]).await,
                    }
                })
            })
            .collect();
        let mut refusals = Vec::new();
        for one in crowd {
            let reply = one.await.expect("no panic");
            if reply.status != 200 {
                refusals.push(reply.refused("LimitExceeded"));
            }
        }
        let kept = root.call("ListAccessKeys", &[ALICE]).await.ok().all("AccessKeyId").len();
        assert_eq!(kept + refusals.len(), 59);
        assert!((3..=5).contains(&kept), "{kept}");
        assert!(root.call("CreateAccessKey", &[ALICE]).await.refused("LimitExceeded").ends_with(": 3"));
        // Each key that was made is in the trail, and no other.
        let commits: Vec<String> = {
            let mut names = Vec::new();
            let mut asked = json!({"MaxResults": 50});
            loop {
                let page = root.lookup_events(&asked).await;
                names.extend(page["Events"].as_array().expect("events").iter().map(|event| event["EventName"].as_str().expect("a name").to_owned()));
                match page.get("NextToken") {
                    Some(token) => asked["NextToken"] = token.clone(),
                    None => break names,
                }
            }
        };
        assert_eq!(commits.iter().filter(|name| *name == "CreateAccessKey").count(), kept);
    }

    async fn a_key_is_refused_from_outside_its_networks_whatever_is_asked(app) {
        let alice = app.user_with("alice", ALLOW).await;
        is_good(&alice).await;
        bind(&app, &alice, &[HOME, "2001:db8:1::/48"]).await.ok();
        is_good(&alice).await;
        is_good(&alice.at("2001:db8:1::7")).await;
        is_good(&alice.at("::ffff:203.0.113.9")).await;
        for outside in [ELSEWHERE, "2001:db8:2::7", "::ffff:198.51.100.9"] {
            is_outside(&alice.at(outside)).await;
        }
        let said = alice.at("::ffff:198.51.100.9").call("ListUsers", &[]).await.refused("AccessDenied");
        assert_eq!(
            said,
            format!(
                "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: iam:ListUsers from 198.51.100.9 with access key {} \
                 because the address is in none of the key's source networks. Make the request from one of them, or have them changed with \
                 UpdateAccessKeyBounds.",
                alice.access_key_id()
            )
        );
        let stranger = alice.at(ELSEWHERE);
        for entry in operation::all() {
            let reply = crate::every_operation::run_with(&stranger, entry, &crate::every_operation::required(entry)).await;
            assert_eq!(crate::every_operation::code(&reply).as_deref(), Some("AccessDenied"), "{}: {}", entry.spec.name, reply.body);
            assert!(reply.body.contains("source networks"), "{}: {}", entry.spec.name, reply.body);
        }
        // Nobody without the secret learns that there are networks.
        let guess = app.actor(alice.access_key_id(), "a wrong secret", None).at(ELSEWHERE);
        guess.sts("GetCallerIdentity", &[]).await.refused("SignatureDoesNotMatch");

        bind(&app, &alice, &["198.51.100.0/24"]).await.ok();
        is_outside(&alice).await;
        is_good(&stranger).await;
        bind(&app, &alice, &[]).await.ok();
        is_good(&alice).await;
        is_good(&stranger).await;
    }

    async fn a_request_from_outside_is_audited_as_every_denial(app) {
        let alice = app.user("alice").await;
        bind(&app, &alice, &[HOME]).await.ok();
        app.clock().advance(5);
        alice.at(ELSEWHERE).sts("GetCallerIdentity", &[]).await.refused("AccessDenied");
        app.iam().flush().await;
        let found = app.root().lookup_events(&json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "GetCallerIdentity"}]})).await;
        let [event] = found["Events"].as_array().expect("events").as_slice() else {
            panic!("{found}");
        };
        let record: serde_json::Value = serde_json::from_str(event["CloudTrailEvent"].as_str().expect("text")).expect("JSON");
        assert_eq!(record["errorCode"], "AccessDenied");
        assert_eq!(record["sourceIPAddress"], ELSEWHERE);
        assert_eq!(record["userIdentity"]["accessKeyId"], alice.access_key_id());
        assert_eq!(record["userIdentity"]["userName"], "alice");
    }

    async fn a_new_key_has_the_networks_of_the_one_it_follows(app) {
        let old = app.user("alice").await;
        bind(&app, &old, &[HOME]).await.ok();
        let new = holder(&app, &rotate(&app, &old, "1").await.ok());
        is_good(&new).await;
        is_good(&old).await;
        is_outside(&new.at(ELSEWHERE)).await;
        is_outside(&old.at(ELSEWHERE)).await;
        let listed = app.root().call("ListAccessKeyDetails", &[ALICE]).await.ok();
        assert_eq!(listed.body.matches(&format!("<member>{HOME}</member>")).count(), 2);
        assert_eq!(listed.all("ExpirationDate").len(), 1, "only the old one expires");
        app.clock().advance(HOUR);
        is_gone(&old).await;
        is_good(&new).await;
    }

    async fn what_is_no_network_and_a_twenty_first_are_refused(app) {
        let alice = app.user("alice").await;
        for bad in ["", "anywhere", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "2001:db8::1/32"] {
            let said = bind(&app, &alice, &[bad]).await.refused("ValidationError");
            assert!(said.contains("It must be an IPv4 or IPv6 network") || bad.is_empty(), "{bad}: {said}");
        }
        let many: Vec<String> = (0..21).map(|n| format!("10.{n}.0.0/16")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        bind(&app, &alice, &many).await.refused("ValidationError");
        is_good(&alice).await;
        assert!(app.root().call("ListAccessKeyDetails", &[ALICE]).await.ok().find("ExpirationDate").is_none());
        bind(&app, &alice, &many[..20]).await.ok();
        is_outside(&alice).await;
    }

    async fn a_session_has_the_networks_of_its_key_as_they_are_at_each_request(app) {
        let alice = app.user("alice").await;
        let before = alice.with_credentials_of(&alice.sts("GetSessionToken", &[]).await.ok());
        bind(&app, &alice, &[HOME]).await.ok();
        let session = alice.with_credentials_of(&alice.sts("GetSessionToken", &[]).await.ok());
        for session in [&before, &session] {
            is_good(session).await;
            is_outside(&session.at(ELSEWHERE)).await;
        }
        bind(&app, &alice, &["198.51.100.0/24"]).await.ok();
        is_outside(&session).await;
        is_good(&session.at(ELSEWHERE)).await;
        bind(&app, &alice, &[]).await.ok();
        is_good(&session).await;
    }

    async fn a_session_never_outlives_the_expiry_of_its_key(app) {
        let alice = app.user("alice").await;
        let early = alice.with_credentials_of(&alice.sts("GetSessionToken", &[]).await.ok());
        is_good(&early).await;
        let new = holder(&app, &rotate(&app, &alice, "1").await.ok());
        let reply = alice.sts("GetSessionToken", &[("DurationSeconds", "129600")]).await.ok();
        assert_eq!(reply.text("Expiration"), "2026-01-02T04:04:05Z");
        let late = alice.with_credentials_of(&reply);
        is_good(&late).await;
        let of_new = new.with_credentials_of(&new.sts("GetSessionToken", &[]).await.ok());
        app.clock().advance(HOUR - 1);
        is_good(&early).await;
        is_good(&late).await;
        app.clock().advance(1);
        for ended in [&early, &late] {
            for _ in 0..2 {
                ended.sts("GetCallerIdentity", &[]).await.refused("ExpiredToken");
            }
        }
        is_gone(&alice).await;
        is_good(&of_new).await;
        // Deleting the key does not bring them back, and takes nothing from the sessions of the other.
        app.root().call("DeleteAccessKey", &[ALICE, ("AccessKeyId", alice.access_key_id())]).await.ok();
        is_gone(&early).await;
        is_good(&of_new).await;
        is_good(&new).await;
    }

    async fn a_session_goes_with_its_bounded_key_and_stays_without_an_unbounded_one(app) {
        let alice = app.user("alice").await;
        let second = holder(&app, &app.root().call("CreateAccessKey", &[ALICE]).await.ok());
        let of_first = alice.with_credentials_of(&alice.sts("GetSessionToken", &[]).await.ok());
        let of_second = second.with_credentials_of(&second.sts("GetSessionToken", &[]).await.ok());
        is_good(&of_first).await;
        app.root().call("DeleteAccessKey", &[ALICE, ("AccessKeyId", alice.access_key_id())]).await.ok();
        is_good(&of_first).await;
        bind(&app, &second, &[HOME]).await.ok();
        is_good(&of_second).await;
        app.root().call("DeleteAccessKey", &[ALICE, ("AccessKeyId", second.access_key_id())]).await.ok();
        is_gone(&of_second).await;
        is_gone(&of_second.at(ELSEWHERE)).await;
    }

    async fn a_session_of_a_role_does_not_have_the_networks_of_who_assumed_it(app) {
        let alice = app.user_with("alice", ALLOW).await;
        bind(&app, &alice, &[HOME]).await.ok();
        let role = app.root().call("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)]).await.ok().text("Arn");
        let asked = [("RoleArn", role.as_str()), ("RoleSessionName", "shift")];
        let own = alice.with_credentials_of(&alice.sts("GetSessionToken", &[]).await.ok());
        for actor in [&alice, &own] {
            actor.at(ELSEWHERE).sts("AssumeRole", &asked).await.refused("AccessDenied");
            let session = actor.with_credentials_of(&actor.sts("AssumeRole", &asked).await.ok());
            is_good(&session).await;
            is_good(&session.at(ELSEWHERE)).await;
        }
    }

    async fn a_session_from_before_keys_had_bounds_still_opens(app) {
        let alice = app.user("alice").await;
        bind(&app, &alice, &[HOME]).await.ok();
        let user = app.root().call("GetUser", &[ALICE]).await.ok().text("UserId");
        let (id, secret) = ("ASIAQNZGKIQY56JQ7WML", "an old secret");
        let sealed = json!({
            "secret": secret,
            "session": {
                "access_key_id": id,
                "principal": {"user": {"account": "123456789012", "id": user}},
                "epoch": 0,
                "issued": app.now().micros(),
                "expires": app.now().plus_seconds(HOUR).micros(),
                "mfa": null, "policy": null, "policy_arns": [], "tags": [], "transitive": [], "source_identity": null,
            },
        });
        let ring = app.iam().store().ring("session_tokens").await.expect("the keys of tokens");
        let token = data_encoding::BASE64.encode(&ring.seal(b"claviger session token 1", sealed.to_string().as_bytes()));
        let session = app.actor(id, secret, Some(&token));
        assert_eq!(session.sts("GetCallerIdentity", &[]).await.ok().text("Arn"), "arn:aws:iam::123456789012:user/alice");
    }

    async fn a_policy_on_own_access_keys_covers_rotation_and_bounds_and_not_the_settings(app) {
        let alice = app.user_with("alice", OWN_KEYS).await;
        let bob = app.user("bob").await;
        let new = holder(&app, &alice.call("RotateAccessKey", &[("AccessKeyId", alice.access_key_id())]).await.ok());
        let own = ("AccessKeyId", new.access_key_id());
        new.call("UpdateAccessKeyBounds", &[own, ("SourceNetworks.member.1", HOME)]).await.ok();
        assert_eq!(new.call("ListAccessKeyDetails", &[]).await.ok().all("Stage"), ["Retiring", "Active"]);
        let of_bob = [("UserName", "bob"), ("AccessKeyId", bob.access_key_id())];
        for name in ["RotateAccessKey", "UpdateAccessKeyBounds", "ListAccessKeyDetails"] {
            let said = new.call(name, &of_bob).await.refused("AccessDenied");
            // Who may list keys may see what is known of them.
            let action = name.trim_end_matches("Details").replace("ListAccessKey", "ListAccessKeys");
            assert!(said.contains(&format!("iam:{action} on resource: user bob")), "{said}");
            bob.call(name, &of_bob).await.refused("AccessDenied");
        }
        new.call("PutAccessKeySettings", &[("MaxAccessKeysPerUser", "5")]).await.refused("AccessDenied");
        new.call("GetAccessKeySettings", &[]).await.refused("AccessDenied");
    }

    async fn root_rotates_and_bounds_its_own_keys(app) {
        let root = app.root();
        let first = ("AccessKeyId", root.access_key_id());
        let rotated = root.call("RotateAccessKey", &[first, ("GracePeriodHours", "1")]).await.ok();
        assert_eq!(rotated.find("UserName"), None);
        let new = holder(&app, &rotated);
        assert_eq!(new.sts("GetCallerIdentity", &[]).await.ok().text("Arn"), "arn:aws:iam::123456789012:root");
        new.call("UpdateAccessKeyBounds", &[("AccessKeyId", new.access_key_id()), ("SourceNetworks.member.1", HOME)]).await.ok();
        is_good(&new).await;
        is_outside(&new.at(ELSEWHERE)).await;
        let session = new.with_credentials_of(&new.sts("GetSessionToken", &[]).await.ok());
        is_good(&session).await;
        is_outside(&session.at(ELSEWHERE)).await;
        app.clock().advance(HOUR);
        is_gone(&root).await;
        assert_eq!(new.call("ListAccessKeyDetails", &[]).await.ok().all("Stage"), ["Expired", "Active"]);
        new.call("DeleteAccessKey", &[first]).await.ok();
        is_good(&new).await;
    }

    async fn details_tell_of_each_key_page_by_page(app) {
        let alice = app.user("alice").await;
        app.clock().advance(1);
        let rotated = rotate(&app, &alice, "1").await.ok();
        app.clock().advance(1);
        alice.sts("GetCallerIdentity", &[]).await.ok();
        let first = app.root().call("ListAccessKeyDetails", &[ALICE, ("MaxItems", "1")]).await.ok();
        assert_eq!(first.all("AccessKeyId"), [alice.access_key_id()]);
        for (name, value) in [
            ("UserName", "alice"), ("Status", "Active"), ("Stage", "Retiring"), ("CreateDate", "2026-01-02T03:04:05Z"),
            ("RetiringDate", "2026-01-02T03:04:06Z"), ("ExpirationDate", "2026-01-02T04:04:06Z"), ("ServiceName", "sts"),
            ("Region", "us-east-1"), ("LastUsedDate", "2026-01-02T03:04:07Z"), ("IsTruncated", "true"),
        ] {
            assert_eq!(first.text(name), value, "{name}");
        }
        let rest = app.root().call("ListAccessKeyDetails", &[ALICE, ("Marker", &first.text("Marker"))]).await.ok();
        assert_eq!(rest.all("AccessKeyId"), [rotated.text("AccessKeyId")]);
        assert_eq!((rest.text("Stage"), rest.text("ServiceName"), rest.text("IsTruncated")), ("Active".to_owned(), "N/A".to_owned(), "false".to_owned()));
        assert_eq!((rest.find("ExpirationDate"), rest.find("RetiringDate"), rest.find("LastUsedDate")), (None, None, None));
        // A marker is of its own list.
        app.root().call("ListAccessKeys", &[ALICE, ("Marker", &first.text("Marker"))]).await.refused("ValidationError");
        for listed in [&first, &rest] {
            assert!(listed.find("SecretAccessKey").is_none());
        }
    }

    async fn ac_45_the_secret_of_a_rotated_key_shows_in_no_event_and_in_no_notice(app) {
        let old = app.user("alice").await;
        let secret = rotate(&app, &old, "1").await.ok().text("SecretAccessKey");
        let events = app.root().lookup_events(&json!({})).await.to_string();
        assert!(events.contains("RotateAccessKey") && events.contains("gracePeriodHours"), "{events}");
        assert!(!events.contains(&secret));
        let due = app.iam().store().due(app.now(), 60, 100).await.expect("messages");
        assert!(due.iter().any(|one| one.message.body["operation"] == "RotateAccessKey"));
        assert!(due.iter().all(|one| !one.message.body.to_string().contains(&secret)));
    }

    async fn the_bounds_of_a_key_survive_a_restart(app) {
        let alice = app.user("alice").await;
        bind(&app, &alice, &[HOME]).await.ok();
        let old = holder(&app, &app.root().call("CreateAccessKey", &[ALICE]).await.ok());
        opt_for(&app, "4").await;
        let new = holder(&app, &rotate(&app, &old, "1").await.ok());
        app.stop().await;
        let app = app.start_again().await;
        is_good(&app.welcome(&alice)).await;
        is_outside(&app.welcome(&alice.at(ELSEWHERE))).await;
        is_good(&app.welcome(&new)).await;
        app.clock().advance(HOUR);
        is_gone(&app.welcome(&old)).await;
        app.root().call("CreateAccessKey", &[ALICE]).await.ok();
        app.root().call("CreateAccessKey", &[ALICE]).await.refused("LimitExceeded");
    }

    async fn an_expired_key_is_not_active_in_the_credential_report(app) {
        let old = app.user("alice").await;
        rotate(&app, &old, "1").await.ok();
        let active = |app: TestApp| async move {
            let root = app.root();
            root.call("GenerateCredentialReport", &[]).await.ok();
            let report = root.call("GetCredentialReport", &[]).await.ok().text("Content");
            let report = String::from_utf8(data_encoding::BASE64.decode(report.as_bytes()).expect("base64")).expect("text");
            let line = report.lines().find(|line| line.starts_with("alice,")).expect("alice's line").to_owned();
            assert_eq!(line.split(',').count(), 22, "{line}");
            [8, 13].iter().filter(|at| line.split(',').nth(**at) == Some("true")).count()
        };
        assert_eq!(active(app.clone()).await, 2);
        app.clock().advance(HOUR);
        assert_eq!(active(app.clone()).await, 1);
    }
}
