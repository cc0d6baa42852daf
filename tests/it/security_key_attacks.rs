//! Attacks on FIDO ceremonies. The attackers sign with keys of their own, so that each is refused for what it tries.

use claviger_iam::context::RequestFacts;
use claviger_iam::entity::mfa_device::Who;
use claviger_iam::webauthn::Purpose;
use claviger_iam::webauthn::user_handle;
use claviger_iam::webauthn::{CeremonyError, MOST_BYTES, Refusal};
use claviger_it::authenticator::{
    Answer, Attestation, BACKED_UP, BACKUP_ELIGIBLE, Cbor, ES256, ES384, PRESENT, RS256, SoftKey,
    VERIFIED,
};
use claviger_it::{Reply, TestApp, on_both_engines};
use claviger_model::{AccountId, Scalar};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use crate::security_keys::{
    account, begin, begin_assertion, finish, finish_assertion, request, who,
};

/// Checks that a registration was refused for this and that the user has got nothing.
async fn refused(app: &TestApp, user: &str, reply: &Reply, why: Refusal) {
    let said = reply.refused("InvalidAuthenticationCode");
    assert_eq!(
        said,
        format!("The response of the security key is not accepted: {why}.")
    );
    let held = app
        .root()
        .call("ListSecurityKeys", &[("UserName", user)])
        .await
        .ok();
    assert!(held.all("SerialNumber").is_empty(), "{}", held.body);
}

async fn make_user(app: &TestApp, name: &str) -> Who {
    app.root()
        .call("CreateUser", &[("UserName", name)])
        .await
        .ok();
    who(app, name).await
}

/// Registers a key of software, and answers its serial number.
async fn register(
    app: &TestApp,
    user: &str,
    key: &SoftKey,
    make: impl Fn(&mut Answer<'_>),
) -> String {
    let options = begin(&app.root(), user).await;
    let mut answer = Answer::to(&options, key);
    make(&mut answer);
    finish(&app.root(), user, "key", &answer.registration())
        .await
        .ok()
        .text("SerialNumber")
}

/// A wrong registration: what the attacker changes, and why it is refused.
type WrongAnswer = (fn(&mut Answer<'_>), Refusal);

on_both_engines! {
    async fn ac_36_a_registration_in_which_one_thing_is_wrong_is_refused_for_that(app) {
        make_user(&app, "alice").await;
        let key = SoftKey::default();
        let wrong: [WrongAnswer; 13] = [
            (|answer| answer.origin = String::from("https://iam.example.com.evil.example"), Refusal::WrongOrigin),
            (|answer| answer.origin = String::from("http://iam.example.com"), Refusal::WrongOrigin),
            (|answer| answer.origin = String::from("https://iam.example.com:8443"), Refusal::WrongOrigin),
            (|answer| answer.origin = String::from("https://sub.iam.example.com"), Refusal::WrongOrigin),
            (|answer| answer.rp_id = String::from("example.com"), Refusal::WrongRelyingParty),
            (|answer| answer.kind = Some("webauthn.get"), Refusal::WrongCeremony),
            (|answer| answer.told = json!({"crossOrigin": true}), Refusal::CrossOrigin),
            (|answer| answer.told = json!({"topOrigin": "https://evil.example"}), Refusal::CrossOrigin),
            (|answer| answer.flags = VERIFIED, Refusal::UserAbsent),
            (|answer| answer.algorithm = -8, Refusal::AlgorithmNotOffered),
            (|answer| answer.algorithm = -35, Refusal::AlgorithmNotOffered),
            (|answer| answer.flags |= BACKED_UP, Refusal::InconsistentBackup),
            (|answer| answer.challenge = BASE64URL_NOPAD.encode(&[0; 32]), Refusal::UnknownChallenge),
        ];
        for (make_wrong, why) in wrong {
            let mut answer = Answer::to(&begin(&app.root(), "alice").await, &key);
            make_wrong(&mut answer);
            let reply = finish(&app.root(), "alice", "key", &answer.registration()).await;
            refused(&app, "alice", &reply, why).await;
        }
        // Nothing else was wrong with any of them.
        register(&app, "alice", &key, |answer| answer.told = json!({"crossOrigin": false})).await;
    }

    async fn ac_36_an_assertion_in_which_one_thing_is_wrong_is_refused_for_that(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        register(&app, "alice", &key, |_| {}).await;
        let stranger = SoftKey::of_id(key.credential_id.clone());
        let unknown = SoftKey::default();
        let wrong: [WrongAnswer; 12] = [
            (|answer| answer.origin = String::from("https://evil.example"), Refusal::WrongOrigin),
            (|answer| answer.rp_id = String::from("evil.example"), Refusal::WrongRelyingParty),
            (|answer| answer.kind = Some("webauthn.create"), Refusal::WrongCeremony),
            (|answer| answer.kind = Some("payment.get"), Refusal::WrongCeremony),
            (|answer| answer.told = json!({"crossOrigin": true}), Refusal::CrossOrigin),
            (|answer| answer.told = json!({"topOrigin": "https://evil.example"}), Refusal::CrossOrigin),
            (|answer| answer.flags = VERIFIED, Refusal::UserAbsent),
            // The key was verified when it was registered, so it is from then on.
            (|answer| answer.flags = PRESENT, Refusal::UserUnverified),
            (|answer| answer.flags |= BACKUP_ELIGIBLE, Refusal::InconsistentBackup),
            (|answer| answer.flags |= BACKED_UP, Refusal::InconsistentBackup),
            (|answer| answer.user_handle = Some(BASE64URL_NOPAD.encode(&[7; 32])), Refusal::WrongUserHandle),
            (|answer| answer.challenge = BASE64URL_NOPAD.encode(&[0; 32]), Refusal::UnknownChallenge),
        ];
        for (make_wrong, why) in wrong {
            let options = begin_assertion(&app, Some(&alice)).await;
            let mut answer = Answer::to(&options, &key);
            make_wrong(&mut answer);
            assert_eq!(finish_assertion(&app, Some(&alice), &answer.assertion()).await, Err(why));
        }
        for (key, why) in [(&stranger, Refusal::WrongSignature), (&unknown, Refusal::UnknownCredential)] {
            let options = begin_assertion(&app, Some(&alice)).await;
            let answer = Answer::to(&options, key).assertion();
            assert_eq!(finish_assertion(&app, Some(&alice), &answer).await, Err(why));
        }
        // What is signed is the client's data and the authenticator's, each bit of it.
        let options = begin_assertion(&app, Some(&alice)).await;
        let good = Answer::to(&options, &key);
        let mut forged: serde_json::Value = serde_json::from_str(&good.assertion()).expect("JSON");
        let mut higher = Answer::to(&options, &key);
        higher.counter = 9;
        let other: serde_json::Value = serde_json::from_str(&higher.assertion()).expect("JSON");
        forged["response"]["authenticatorData"] = other["response"]["authenticatorData"].clone();
        assert_eq!(finish_assertion(&app, Some(&alice), &forged.to_string()).await, Err(Refusal::WrongSignature));
        assert!(finish_assertion(&app, Some(&alice), &good.assertion()).await.is_ok());
    }

    async fn ac_36_a_challenge_is_good_once_for_one_user_and_one_purpose_and_five_minutes(app) {
        let (alice, bob) = (make_user(&app, "alice").await, make_user(&app, "bob").await);
        let (hers, his) = (SoftKey::default(), SoftKey::default());
        register(&app, "alice", &hers, |_| {}).await;

        // A challenge of Alice's does not register Bob's key, nor the other way round.
        let options = begin(&app.root(), "alice").await;
        let answer = Answer::to(&options, &his).registration();
        let reply = finish(&app.root(), "bob", "key", &answer).await;
        refused(&app, "bob", &reply, Refusal::ChallengeOfAnother).await;
        // Nor is a challenge to sign in good for a registration.
        let options = begin_assertion(&app, Some(&alice)).await;
        let mut answer = Answer::to(&options, &his);
        let reply = finish(&app.root(), "bob", "key", &answer.registration()).await;
        refused(&app, "bob", &reply, Refusal::ChallengeOfAnother).await;
        answer.key = &hers;
        let good = answer.assertion();
        register(&app, "bob", &his, |_| {}).await;

        // To sign in as Bob, or to authenticate again, with what Alice was asked to sign in with.
        assert_eq!(finish_assertion(&app, Some(&bob), &good).await, Err(Refusal::ChallengeOfAnother));
        assert_eq!(finish_assertion(&app, None, &good).await, Err(Refusal::ChallengeOfAnother));
        let again = app.iam().finish_assertion(account(), Some(&alice), Purpose::Reauthentication, &good, &request(&app)).await;
        assert!(matches!(again, Err(CeremonyError::Refused(Refusal::ChallengeOfAnother))));
        // Bob's key for Alice's challenge.
        let mut swapped = Answer::to(&options, &his);
        assert_eq!(finish_assertion(&app, Some(&alice), &swapped.assertion()).await, Err(Refusal::UnknownCredential));
        // Bob's key where nobody was named, under Alice's handle, and under none.
        let options = begin_assertion(&app, None).await;
        swapped = Answer::to(&options, &his);
        assert_eq!(finish_assertion(&app, None, &swapped.assertion()).await, Err(Refusal::WrongUserHandle));
        swapped.user_handle = Some(BASE64URL_NOPAD.encode(&user_handle(account(), &alice)));
        assert_eq!(finish_assertion(&app, None, &swapped.assertion()).await, Err(Refusal::WrongUserHandle));

        assert!(finish_assertion(&app, Some(&alice), &good).await.is_ok());
        assert_eq!(finish_assertion(&app, Some(&alice), &good).await, Err(Refusal::UnknownChallenge));
        let late = Answer::to(&begin_assertion(&app, Some(&alice)).await, &hers).assertion();
        app.clock().advance(300);
        assert_eq!(finish_assertion(&app, Some(&alice), &late).await, Err(Refusal::ExpiredChallenge));
        app.clock().advance(-301);
        assert_eq!(finish_assertion(&app, Some(&alice), &late).await, Err(Refusal::ExpiredChallenge));
        // The clock is right again, and the answer comes in time.
        app.clock().advance(2);
        assert!(finish_assertion(&app, Some(&alice), &late).await.is_ok());
    }

    async fn ac_36_a_crowd_that_brings_one_answer_proves_and_registers_once(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        let answer = Answer::to(&begin(&app.root(), "alice").await, &key).registration();
        let crowd: Vec<_> = (0..20)
            .map(|_| {
                let (root, answer) = (app.root(), answer.clone());
                tokio::spawn(async move { finish(&root, "alice", "key", &answer).await.status })
            })
            .collect();
        let mut won = 0;
        for one in crowd {
            won += usize::from(one.await.expect("no panic") == 200);
        }
        assert_eq!(won, 1);
        let answer = Answer::to(&begin_assertion(&app, Some(&alice)).await, &key).assertion();
        let crowd: Vec<_> = (0..20)
            .map(|_| {
                let (app, alice, answer) = (app.clone(), alice.clone(), answer.clone());
                tokio::spawn(async move { finish_assertion(&app, Some(&alice), &answer).await })
            })
            .collect();
        let mut proved = 0;
        for one in crowd {
            match one.await.expect("no panic") {
                Ok(_) => proved += 1,
                Err(why) => assert_eq!(why, Refusal::UnknownChallenge),
            }
        }
        assert_eq!(proved, 1);
    }

    async fn ac_36_who_begins_again_and_again_fills_nothing_and_shuts_nobody_out(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        register(&app, "alice", &key, |_| {}).await;
        let first = begin_assertion(&app, Some(&alice)).await;
        let before = changes(&app).await;
        for _ in 0..300 {
            begin_assertion(&app, Some(&alice)).await;
            begin_assertion(&app, None).await;
        }
        let registration = begin(&app.root(), "alice").await;
        for _ in 0..20 {
            begin(&app.root(), "alice").await;
        }
        // The challenges of registrations make events and no records either.
        assert_eq!(changes(&app).await, before);
        assert!(finish_assertion(&app, Some(&alice), &Answer::to(&first, &key).assertion()).await.is_ok());
        let other = SoftKey::default();
        finish(&app.root(), "alice", "key", &Answer::to(&registration, &other).registration()).await.ok();
    }

    async fn ac_36_a_beginning_tells_nobody_who_exists(app) {
        let alice = make_user(&app, "alice").await;
        register(&app, "alice", &SoftKey::default(), |_| {}).await;
        let nowhere = AccountId::parse("999999999999").expect("twelve digits");
        let mut told = Vec::new();
        for account in [account(), nowhere] {
            let begun = app.iam().begin_assertion(account, None, Purpose::SignIn, &request(&app)).await;
            let mut options: serde_json::Value = serde_json::from_str(&begun.expect("it begins").options).expect("JSON");
            let challenge = options["challenge"].take();
            told.push((options, challenge.as_str().expect("a challenge").len()));
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0].0["allowCredentials"], json!([]));
        // Only who has proved another factor is told which devices there are.
        let options: serde_json::Value = serde_json::from_str(&begin_assertion(&app, Some(&alice)).await).expect("JSON");
        assert_eq!(options["allowCredentials"].as_array().map(Vec::len), Some(1));
        // Nor does the challenge tell in the clear whose it is.
        let challenge = BASE64URL_NOPAD.decode(options["challenge"].as_str().expect("text").as_bytes()).expect("base64");
        let Who::User(id) = &alice else { panic!("a user") };
        assert!(!challenge.windows(id.as_str().len()).any(|part| part == id.as_str().as_bytes()));
    }

    async fn ac_36_a_challenge_of_one_account_or_server_is_good_in_no_other(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        register(&app, "alice", &key, |_| {}).await;
        let elsewhere = AccountId::parse("210987654321").expect("twelve digits");
        app.another_account("210987654321").await;
        let begun = app.iam().begin_assertion(elsewhere, None, Purpose::SignIn, &request(&app)).await.expect("it begins");
        let mut answer = Answer::to(&begun.options, &key);
        answer.user_handle = Some(BASE64URL_NOPAD.encode(&user_handle(account(), &alice)));
        assert_eq!(finish_assertion(&app, None, &answer.assertion()).await, Err(Refusal::ChallengeOfAnother));
        // Every bit of it counts, and what another server sealed opens nothing.
        let good = BASE64URL_NOPAD.decode(Answer::to(&begin_assertion(&app, Some(&alice)).await, &key).challenge.as_bytes()).expect("base64");
        for at in [0, 4, good.len() / 2, good.len() - 1] {
            let mut forged = good.clone();
            forged[at] ^= 1;
            let mut answer = Answer::to(&begin_assertion(&app, Some(&alice)).await, &key);
            answer.challenge = BASE64URL_NOPAD.encode(&forged);
            assert_eq!(finish_assertion(&app, Some(&alice), &answer.assertion()).await, Err(Refusal::UnknownChallenge), "{at}");
        }
    }

    async fn ac_36_one_network_tries_one_device_so_often_and_is_in_nobody_elses_way(app) {
        let alice = make_user(&app, "alice").await;
        let (key, other) = (SoftKey::default(), SoftKey::default());
        for key in [&key, &other] {
            register(&app, "alice", key, |_| {}).await;
        }
        let stranger = SoftKey::of_id(key.credential_id.clone());
        let from = async |source: &str, key: &SoftKey| {
            let request = RequestFacts { source_ip: source.parse().expect("an address"), ..request(&app) };
            let answer = Answer::to(&begin_assertion(&app, Some(&alice)).await, key).assertion();
            app.iam().finish_assertion(account(), Some(&alice), Purpose::SignIn, &answer, &request).await
        };
        // Whoever has IPv6 has as many addresses as he likes.
        let mut refused = 0;
        for host in 0..100 {
            match from(&format!("2001:db8:1:2:{host:x}::1"), &stranger).await {
                Err(CeremonyError::Refused(Refusal::WrongSignature)) => refused += 1,
                Err(CeremonyError::Fault(fault)) => assert_eq!(fault.code(), claviger_model::Code::Throttling),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(refused, 60);
        for (source, key) in [("2001:db8:1:3::1", &key), ("192.0.2.1", &key), ("2001:db8:1:2::1", &other)] {
            assert!(from(source, key).await.is_ok(), "{source}");
        }
        app.clock().advance(60);
        assert!(from("2001:db8:1:2::1", &key).await.is_ok());
    }

    async fn ac_36_an_answer_that_is_brought_twice_raises_no_alarm(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        register(&app, "alice", &key, |_| {}).await;
        let mut answer = Answer::to(&begin_assertion(&app, Some(&alice)).await, &key);
        answer.counter = 5;
        let answer = answer.assertion();
        assert!(finish_assertion(&app, Some(&alice), &answer).await.is_ok());
        assert_eq!(finish_assertion(&app, Some(&alice), &answer).await, Err(Refusal::UnknownChallenge));
        let listed = app.root().call("ListSecurityKeys", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.find("CounterRegressedDate"), None);
        // Also after a restart, and until its time is over.
        app.stop().await;
        let app = app.start_again().await;
        app.clock().advance(299);
        assert_eq!(finish_assertion(&app, Some(&alice), &answer).await, Err(Refusal::UnknownChallenge));
        app.clock().advance(1);
        assert_eq!(finish_assertion(&app, Some(&alice), &answer).await, Err(Refusal::ExpiredChallenge));
    }

    async fn ac_36_a_key_pair_is_registered_once_whoever_brings_it(app) {
        for user in ["alice", "bob"] {
            make_user(&app, user).await;
        }
        let key = SoftKey::default();
        register(&app, "alice", &key, |_| {}).await;
        let options = begin(&app.root(), "alice").await;
        let told: serde_json::Value = serde_json::from_str(&options).expect("JSON");
        assert_eq!(told["excludeCredentials"][0]["id"], BASE64URL_NOPAD.encode(&key.credential_id));
        assert_eq!(told["excludeCredentials"][0]["transports"], json!(["usb"]));
        let other = app.another_account("210987654321").await;
        other.call("CreateUser", &[("UserName", "carol")]).await.ok();
        for (actor, user, key) in [
            (app.root(), "alice", &key),
            (app.root(), "bob", &key),
            // Another key pair under the same id would be taken for it.
            (app.root(), "bob", &SoftKey::of_id(key.credential_id.clone())),
            (other, "carol", &key),
        ] {
            let answer = Answer::to(&begin(&actor, user).await, key).registration();
            let said = finish(&actor, user, "key", &answer).await.refused("EntityAlreadyExists");
            assert_eq!(said, "The security key is already registered.");
        }
    }

    async fn ac_36_a_counter_that_falls_back_is_refused_and_raises_an_alarm(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        let serial = register(&app, "alice", &key, |answer| answer.counter = 5).await;
        let assert_with = async |counter: u32| {
            let options = begin_assertion(&app, Some(&alice)).await;
            let mut answer = Answer::to(&options, &key);
            answer.counter = counter;
            finish_assertion(&app, Some(&alice), &answer.assertion()).await
        };
        assert_eq!(assert_with(5).await.map(drop), Err(Refusal::CounterRegressed));
        assert!(assert_with(6).await.is_ok());
        assert!(assert_with(u32::MAX - 1).await.is_ok());
        app.clock().advance(60);
        for fallen in [0, 6, u32::MAX - 1] {
            assert_eq!(assert_with(fallen).await.map(drop), Err(Refusal::CounterRegressed), "{fallen}");
        }
        let listed = app.root().call("ListSecurityKeys", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.text("CounterRegressedDate"), "2026-01-02T03:05:05Z");
        let events = app.root().lookup_events(&json!({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "SecurityKeyCounterRegressed"}]})).await;
        let told = events["Events"].as_array().expect("events");
        assert_eq!(told.len(), 4, "{events}");
        let highest = json!({"serialNumber": serial, "expectedAbove": u32::MAX - 1, "seen": u32::MAX - 1});
        let alarms = told.iter().map(|event| -> serde_json::Value {
            serde_json::from_str(event["CloudTrailEvent"].as_str().expect("text")).expect("JSON")
        });
        let alarm = alarms.into_iter().find(|alarm| alarm["additionalEventData"] == highest).expect("an alarm");
        assert_eq!(alarm["userIdentity"]["userName"], "alice");
        // A restart forgets nothing of it, nor of the challenge.
        let options = begin_assertion(&app, Some(&alice)).await;
        app.stop().await;
        let app = app.start_again().await;
        let mut answer = Answer::to(&options, &key);
        answer.counter = 7;
        assert_eq!(finish_assertion(&app, Some(&alice), &answer.assertion()).await, Err(Refusal::CounterRegressed));
    }

    async fn a_counter_that_is_always_zero_does_not_fall_back_and_backups_are_kept_in_mind(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        register(&app, "alice", &key, |answer| answer.flags |= BACKUP_ELIGIBLE).await;
        for flags in [0, BACKED_UP, BACKED_UP, 0] {
            let options = begin_assertion(&app, Some(&alice)).await;
            let mut answer = Answer::to(&options, &key);
            answer.flags |= BACKUP_ELIGIBLE | flags;
            assert!(finish_assertion(&app, Some(&alice), &answer.assertion()).await.is_ok());
            let listed = app.root().call("ListSecurityKeys", &[("UserName", "alice")]).await.ok();
            let told = (listed.text("BackupEligible"), listed.text("BackedUp"), listed.find("CounterRegressedDate"));
            assert_eq!(told, (String::from("true"), (flags == BACKED_UP).to_string(), None));
        }
    }

    async fn keys_of_every_algorithm_that_is_offered_are_registered_and_used(app) {
        let root = app.root();
        let alice = make_user(&app, "alice").await;
        let offered: serde_json::Value = serde_json::from_str(&begin(&root, "alice").await).expect("JSON");
        let offered: Vec<_> = offered["pubKeyCredParams"].as_array().expect("a list").iter().map(|one| one["alg"].as_i64()).collect();
        let algorithms = [ES256, ES384, RS256];
        assert_eq!(offered, algorithms.map(Some));
        let keys = algorithms.map(SoftKey::of_algorithm);
        for (key, attestation) in keys.iter().zip([Attestation::None, Attestation::Own, Attestation::Own]) {
            let options = begin(&root, "alice").await;
            let answer = Answer { attestation, ..Answer::to(&options, key) };
            finish(&root, "alice", "key", &answer.registration()).await.ok();
        }
        // Also after a restart: the public keys are read from the store again.
        app.stop().await;
        let app = app.start_again().await;
        for (key, algorithm) in keys.iter().zip(algorithms) {
            let options = begin_assertion(&app, Some(&alice)).await;
            let good = Answer::to(&options, key).assertion();
            let mut forged: serde_json::Value = serde_json::from_str(&good).expect("JSON");
            let other = Answer::to(&begin_assertion(&app, Some(&alice)).await, key).assertion();
            let other: serde_json::Value = serde_json::from_str(&other).expect("JSON");
            forged["response"]["signature"] = other["response"]["signature"].clone();
            assert_eq!(finish_assertion(&app, Some(&alice), &forged.to_string()).await, Err(Refusal::WrongSignature), "{algorithm}");
            assert!(finish_assertion(&app, Some(&alice), &good).await.is_ok(), "{algorithm}");
        }
        // A key that says to be of another algorithm than it is.
        for (key, algorithm) in [(ES384, ES256), (ES256, RS256), (RS256, ES256), (RS256, -37)] {
            let key = SoftKey::of_algorithm(key);
            let mut answer = Answer::to(&begin(&app.root(), "alice").await, &key);
            answer.algorithm = algorithm;
            let said = finish(&app.root(), "alice", "key", &answer.registration()).await.refused("InvalidAuthenticationCode");
            assert!(said.ends_with("not offered.") || said.ends_with("cannot be read."), "{said}");
        }
    }

    async fn ac_36_hostile_answers_are_refused_and_nothing_is_stored(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        register(&app, "alice", &key, |_| {}).await;
        make_user(&app, "bob").await;
        let nested = |depth: usize| [vec![0x81; depth], vec![0x01]].concat();
        let maps = |depth: usize| [b"\xa1\x01".repeat(depth), vec![0x01]].concat();
        let objects: Vec<Vec<u8>> = vec![
            Vec::new(),
            vec![0xff],
            nested(20_000),
            maps(10_000),
            // Lengths that promise more than there is.
            vec![0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            vec![0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            // Without end.
            [vec![0x9f], vec![0x9f; 10_000]].concat(),
            Cbor::Map(vec![(Cbor::Text("fmt"), Cbor::Text("none"))]).encode(),
            Cbor::Map(vec![
                (Cbor::Text("fmt"), Cbor::Text("none")),
                (Cbor::Text("attStmt"), Cbor::Map(Vec::new())),
                (Cbor::Text("authData"), Cbor::Bytes(vec![0; 36])),
            ])
            .encode(),
            Cbor::Map(vec![
                (Cbor::Text("fmt"), Cbor::Text("packed")),
                (Cbor::Text("attStmt"), Cbor::Array(vec![Cbor::Int(1)])),
                (Cbor::Text("authData"), Cbor::Bytes(vec![0x41; 200])),
            ])
            .encode(),
        ];
        for object in objects {
            let options = begin(&app.root(), "bob").await;
            let answer = Answer::to(&options, &SoftKey::default()).registration_with(&object);
            let reply = finish(&app.root(), "bob", "key", &answer).await;
            refused(&app, "bob", &reply, Refusal::Malformed).await;
        }
        // Every beginning of a good answer's attestation.
        let options = begin(&app.root(), "bob").await;
        let fresh = SoftKey::default();
        let answer = Answer::to(&options, &fresh);
        let object = answer.attestation_object("");
        for end in (0..object.len()).step_by(7) {
            let reply = finish(&app.root(), "bob", "key", &answer.registration_with(&object[..end])).await;
            reply.refused("InvalidAuthenticationCode");
        }
        for text in [String::from("[]"), "[".repeat(1_000), String::from("{\"id\":1}"), String::from("\u{0}")] {
            let reply = finish(&app.root(), "bob", "key", &text).await;
            refused(&app, "bob", &reply, Refusal::Malformed).await;
            assert_eq!(finish_assertion(&app, Some(&alice), &text).await, Err(Refusal::Malformed));
        }
        finish(&app.root(), "bob", "key", &" ".repeat(MOST_BYTES + 1)).await.refused("ValidationError");
        assert_eq!(finish_assertion(&app, Some(&alice), &" ".repeat(MOST_BYTES + 1)).await, Err(Refusal::Malformed));
        // Bob's own good answer is still good.
        finish(&app.root(), "bob", "key", &answer.registration()).await.ok();
    }

    async fn ac_36_every_refusal_makes_an_event_that_tells_why_and_nothing_that_was_sent(app) {
        let alice = make_user(&app, "alice").await;
        let key = SoftKey::default();
        register(&app, "alice", &key, |_| {}).await;
        let mut answer = Answer::to(&begin_assertion(&app, Some(&alice)).await, &key);
        answer.origin = String::from("https://evil.example");
        assert_eq!(finish_assertion(&app, Some(&alice), &answer.assertion()).await, Err(Refusal::WrongOrigin));
        let registration = answer.registration();
        finish(&app.root(), "alice", "key", &registration).await.refused("InvalidAuthenticationCode");
        app.iam().flush().await;
        let events = app.root().lookup_events(&json!({})).await.to_string();
        for told in ["CheckMfa", "the origin is not that of this server", "FinishSecurityKeyRegistration", "InvalidAuthenticationCode"] {
            assert!(events.contains(told), "{told}: {events}");
        }
        assert!(!events.contains(&answer.challenge), "{events}");
        assert!(!events.contains("attestationObject"), "{events}");
    }
}

/// How many changes of records the store keeps of the account and of all accounts.
async fn changes(app: &TestApp) -> usize {
    let mut count = 0;
    for scope in [
        claviger_store::Scope::Account(account()),
        claviger_store::Scope::Global,
    ] {
        let changes = app
            .iam()
            .store()
            .changes(scope, claviger_store::Sequence::default(), 10_000);
        count += changes.await.expect("changes").len();
    }
    count
}
