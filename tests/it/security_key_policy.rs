//! The account's rules for security keys: user verification, attestation, models.

use claviger_iam::webauthn::Refusal;
use claviger_it::authenticator::{Answer, Attestation, PRESENT, SoftKey, VERIFIED, Vendor};
use claviger_it::{Actor, Reply, on_both_engines};

use crate::security_keys::{begin, begin_assertion, finish, finish_assertion, who};

const MODEL: [u8; 16] = [0x11; 16];
const MODEL_TEXT: &str = "11111111-1111-1111-1111-111111111111";
const OTHER_MODEL: [u8; 16] = [0x22; 16];
const OTHER_MODEL_TEXT: &str = "22222222-2222-2222-2222-222222222222";
const ROOT: &str = "TrustedRoots.member.1.CertificateBody";
const VOUCHED: &str = "TrustedRoots.member.1.AAGUIDs.member.1";
const VOUCHED_TOO: &str = "TrustedRoots.member.1.AAGUIDs.member.2";
const GOOD: u8 = PRESENT | VERIFIED;

async fn rule(actor: &Actor, rules: &[(&str, &str)]) -> Reply {
    actor
        .call("UpdateAccountSecurityKeyPolicy", rules)
        .await
        .ok()
}

/// Tries to register a new key of software.
async fn try_to_register(
    actor: &Actor,
    flags: u8,
    model: [u8; 16],
    attestation: Attestation<'_>,
) -> Reply {
    let options = begin(actor, "alice").await;
    let key = SoftKey::default();
    let answer = Answer {
        flags,
        model,
        attestation,
        ..Answer::to(&options, &key)
    };
    finish(actor, "alice", "key", &answer.registration()).await
}

#[track_caller]
fn refused(reply: &Reply, why: Refusal) {
    let said = reply.refused("InvalidAuthenticationCode");
    assert_eq!(
        said,
        format!("The response of the security key is not accepted: {why}.")
    );
}

on_both_engines! {
    async fn rules_are_set_as_a_whole_and_read_again(app) {
        let root = app.root();
        let told = root.call("GetAccountSecurityKeyPolicy", &[]).await.ok();
        assert_eq!((told.text("UserVerification"), told.text("Attestation")), ("preferred".into(), "none".into()));
        assert_eq!(told.find("member"), None);
        let (one, other) = (Vendor::new("One"), Vendor::new("Other"));
        rule(&root, &[
            ("UserVerification", "required"),
            ("Attestation", "required"),
            ("TrustedRoots.member.1.CertificateBody", &one.root.replace('\n', "\r\n")),
            ("TrustedRoots.member.1.AAGUIDs.member.1", &MODEL_TEXT.to_uppercase()),
            ("TrustedRoots.member.2.CertificateBody", &other.root),
            ("TrustedRoots.member.2.AAGUIDs.member.1", "33333333-3333-3333-3333-333333333333"),
            ("AllowedAAGUIDs.member.1", &MODEL_TEXT.to_uppercase()),
            ("DeniedAAGUIDs.member.1", "22222222-2222-2222-2222-222222222222"),
            ("KnownModels.member.1.AAGUID", MODEL_TEXT),
            ("KnownModels.member.1.FIDOCertification", "L2plus"),
            ("KnownModels.member.1.FIPS1403Certification", "L3"),
        ])
        .await;
        let told = root.call("GetAccountSecurityKeyPolicy", &[]).await.ok();
        assert_eq!((told.text("UserVerification"), told.text("Attestation")), ("required".into(), "required".into()));
        assert_eq!(told.all("CertificateBody"), [one.root.replace("\r\n", "\n"), other.root.replace("\r\n", "\n")]);
        for member in [MODEL_TEXT, "22222222-2222-2222-2222-222222222222", "33333333-3333-3333-3333-333333333333"] {
            assert!(told.body.contains(&format!("<member>{member}</member>")), "{}", told.body);
        }
        assert_eq!((told.text("FIDOCertification"), told.find("FIPS1402Certification"), told.text("FIPS1403Certification")), ("L2plus".into(), None, "L3".into()));
        rule(&root, &[]).await;
        let told = root.call("GetAccountSecurityKeyPolicy", &[]).await.ok();
        assert_eq!((told.text("Attestation"), told.find("CertificateBody"), told.find("AAGUID")), ("none".into(), None, None));
    }

    async fn ac_36_a_user_who_must_be_verified_and_was_not_is_refused(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let alice = who(&app, "alice").await;
        let key = SoftKey::default();
        // Taken while verification is not required, and used so.
        let options = begin(&root, "alice").await;
        let mut answer = Answer::to(&options, &key);
        answer.flags = PRESENT;
        finish(&root, "alice", "key", &answer.registration()).await.ok();
        let unverified = async |flags| {
            let options = begin_assertion(&app, Some(&alice)).await;
            let mut answer = Answer::to(&options, &key);
            answer.flags = flags;
            finish_assertion(&app, Some(&alice), &answer.assertion()).await.map(|proof| proof.user_verified())
        };
        assert_eq!(unverified(PRESENT).await, Ok(false));
        rule(&root, &[("UserVerification", "required")]).await;
        refused(&try_to_register(&root, PRESENT, MODEL, Attestation::None).await, Refusal::UserUnverified);
        assert_eq!(unverified(PRESENT).await, Err(Refusal::UserUnverified));
        assert_eq!(unverified(PRESENT | VERIFIED).await, Ok(true));
        // A key alone is no two factors, whatever the rules say.
        rule(&root, &[]).await;
        let options = begin_assertion(&app, None).await;
        let mut answer = Answer::to(&options, &key);
        answer.flags = PRESENT;
        let handle = claviger_iam::webauthn::user_handle(crate::security_keys::account(), &alice);
        answer.user_handle = Some(data_encoding::BASE64URL_NOPAD.encode(&handle));
        assert_eq!(finish_assertion(&app, None, &answer.assertion()).await, Err(Refusal::UserUnverified));
    }

    async fn ac_36_an_attestation_that_is_demanded_must_lead_to_a_trusted_root(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let (trusted, stranger, look_alike) = (Vendor::new("Trusted"), Vendor::new("Stranger"), Vendor::new("Trusted"));
        rule(&root, &[("Attestation", "required"), (ROOT, &trusted.root)]).await;
        let options: serde_json::Value = serde_json::from_str(&begin(&root, "alice").await).expect("JSON");
        assert_eq!(options["attestation"], "direct");
        for (attestation, why) in [
            (Attestation::None, Refusal::AttestationMissing),
            (Attestation::Own, Refusal::SelfAttested),
            (Attestation::Vendor(&stranger), Refusal::AttestationUntrusted),
            (Attestation::Vendor(&look_alike), Refusal::AttestationUntrusted),
        ] {
            refused(&try_to_register(&root, GOOD, MODEL, attestation).await, why);
        }
        let made = try_to_register(&root, GOOD, MODEL, Attestation::Vendor(&trusted)).await.ok();
        // A root that names no model proves none.
        assert_eq!(made.find("AAGUID"), None);
        rule(&root, &[("Attestation", "required"), (ROOT, &trusted.root), (VOUCHED, MODEL_TEXT)]).await;
        let made = try_to_register(&root, GOOD, MODEL, Attestation::Vendor(&trusted)).await.ok();
        assert_eq!(made.text("AAGUID"), MODEL_TEXT);
    }

    async fn ac_36_a_vendor_vouches_for_its_own_models_and_for_no_others(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let (one, other) = (Vendor::new("One"), Vendor::new("Other"));
        let roots = [
            ("Attestation", "required"),
            (ROOT, one.root.as_str()),
            (VOUCHED, MODEL_TEXT),
            ("TrustedRoots.member.2.CertificateBody", &other.root),
            ("TrustedRoots.member.2.AAGUIDs.member.1", OTHER_MODEL_TEXT),
        ];
        let allowed = [("AllowedAAGUIDs.member.1", MODEL_TEXT), ("AllowedAAGUIDs.member.2", OTHER_MODEL_TEXT)];
        for rules in [roots.to_vec(), [roots.as_slice(), &allowed].concat()] {
            rule(&root, &rules).await;
            for (model, vendor, answer) in [
                (MODEL, &one, Ok(MODEL_TEXT)),
                (OTHER_MODEL, &other, Ok(OTHER_MODEL_TEXT)),
                // Both are trusted and both models allowed: neither vendor makes the other's.
                (MODEL, &other, Err(Refusal::ModelOfAnotherVendor)),
                (OTHER_MODEL, &one, Err(Refusal::ModelOfAnotherVendor)),
            ] {
                let reply = try_to_register(&root, GOOD, model, Attestation::Vendor(vendor)).await;
                match answer {
                    Ok(model) => assert_eq!(reply.ok().text("AAGUID"), model),
                    Err(why) => refused(&reply, why),
                }
            }
        }
        // What a model is certified for is no more anybody else's to claim.
        let known = [("KnownModels.member.1.AAGUID", OTHER_MODEL_TEXT), ("KnownModels.member.1.FIDOCertification", "L2")];
        rule(&root, &[&roots[1..4], &known].concat()).await;
        let made = try_to_register(&root, GOOD, OTHER_MODEL, Attestation::Vendor(&other)).await.ok();
        assert_eq!((made.find("AAGUID"), made.find("Certifications")), (None, None));
    }

    async fn roots_of_one_name_are_all_trusted(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        // As a vendor has them that renewed its root.
        let vendors = [Vendor::new("Same"), Vendor::new("Same"), Vendor::new("Same")];
        rule(&root, &[
            ("Attestation", "required"),
            (ROOT, &vendors[0].root),
            ("TrustedRoots.member.2.CertificateBody", &vendors[1].root),
        ])
        .await;
        for trusted in &vendors[..2] {
            try_to_register(&root, GOOD, MODEL, Attestation::Vendor(trusted)).await.ok();
        }
        refused(&try_to_register(&root, GOOD, MODEL, Attestation::Vendor(&vendors[2])).await, Refusal::AttestationUntrusted);
        // The same key under the same name: the root that names models decides on them.
        let renewed = vendors[0].renewed();
        rule(&root, &[
            ("Attestation", "required"),
            (ROOT, &vendors[0].root),
            ("TrustedRoots.member.2.CertificateBody", &renewed),
            ("TrustedRoots.member.2.AAGUIDs.member.1", MODEL_TEXT),
        ])
        .await;
        for (model, proved) in [(MODEL, Some(MODEL_TEXT)), (OTHER_MODEL, None)] {
            let made = try_to_register(&root, GOOD, model, Attestation::Vendor(&vendors[0])).await.ok();
            assert_eq!(made.find("AAGUID").as_deref(), proved);
        }
    }

    async fn ac_36_a_root_that_has_expired_since_is_trusted_no_more(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let trusted = Vendor::until("Trusted", 2027);
        rule(&root, &[("Attestation", "required"), (ROOT, &trusted.root)]).await;
        try_to_register(&root, GOOD, MODEL, Attestation::Vendor(&trusted)).await.ok();
        app.clock().advance(365 * 86_400);
        refused(&try_to_register(&root, GOOD, MODEL, Attestation::Vendor(&trusted)).await, Refusal::AttestationUntrusted);
    }

    async fn ac_36_a_rule_on_models_counts_only_where_the_attestation_proves_the_model(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let (trusted, stranger) = (Vendor::new("Trusted"), Vendor::new("Stranger"));
        for (list, refused_model, why, taken_model) in [
            ("AllowedAAGUIDs.member.1", OTHER_MODEL, Refusal::ModelNotAllowed, MODEL),
            ("DeniedAAGUIDs.member.1", MODEL, Refusal::ModelDenied, OTHER_MODEL),
        ] {
            rule(&root, &[("Attestation", "required"), (ROOT, &trusted.root), (VOUCHED, MODEL_TEXT), (VOUCHED_TOO, OTHER_MODEL_TEXT), (list, MODEL_TEXT)]).await;
            // Who says to be of a model that is taken, and does not prove it.
            for (attestation, model, why) in [
                (Attestation::None, taken_model, Refusal::AttestationMissing),
                (Attestation::Own, taken_model, Refusal::SelfAttested),
                (Attestation::Vendor(&stranger), taken_model, Refusal::AttestationUntrusted),
                (Attestation::Vendor(&trusted), refused_model, why),
            ] {
                refused(&try_to_register(&root, GOOD, model, attestation).await, why);
            }
            try_to_register(&root, GOOD, taken_model, Attestation::Vendor(&trusted)).await.ok();
        }
    }

    async fn what_a_model_is_certified_for_is_told_and_conditions_see_it(app) {
        let root = app.root();
        let policy = r#"{"Version":"2012-10-17","Statement":[
          {"Effect":"Allow","Action":"iam:EnableMFADevice","Resource":"*","Condition":{"StringEquals":{"iam:RegisterSecurityKey":"Create"}}},
          {"Effect":"Allow","Action":"iam:EnableMFADevice","Resource":"*","Condition":{"StringEquals":{"iam:RegisterSecurityKey":"Activate","iam:FIDO-certification":["L2","L2plus"],"iam:FIDO-FIPS-140-2-certification":"L1"}}}]}"#;
        let alice = app.user_with("alice", policy).await;
        let vendor = Vendor::new("Trusted");
        rule(&root, &[
            (ROOT, &vendor.root),
            (VOUCHED, MODEL_TEXT),
            (VOUCHED_TOO, OTHER_MODEL_TEXT),
            ("Attestation", "required"),
            ("KnownModels.member.1.AAGUID", MODEL_TEXT),
            ("KnownModels.member.1.FIDOCertification", "L2"),
            ("KnownModels.member.1.FIPS1402Certification", "L1"),
        ])
        .await;
        let attested = || Attestation::Vendor(&vendor);
        let said = try_to_register(&alice, GOOD, OTHER_MODEL, attested()).await.refused("AccessDenied");
        assert!(said.contains("is not authorized to perform: iam:EnableMFADevice on resource: user alice"), "{said}");
        // Who may register some key is told what is wrong with this one.
        let stranger = Vendor::new("Stranger");
        refused(&try_to_register(&alice, GOOD, MODEL, Attestation::Vendor(&stranger)).await, Refusal::AttestationUntrusted);
        // Whom no key would be allowed is told nothing of the answer, and it is not read: the challenge stays good.
        let options = begin(&alice, "alice").await;
        let key = SoftKey::default();
        let answer = Answer { model: MODEL, attestation: attested(), ..Answer::to(&options, &key) }.registration();
        let nobody = app.user_with("nobody", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:EnableMFADevice","Resource":"*","Condition":{"StringEquals":{"iam:RegisterSecurityKey":"Activate","iam:FIDO-certification":"L3"}}}}"#).await;
        for answer in ["nothing", &answer] {
            finish(&nobody, "alice", "key", answer).await.refused("AccessDenied");
        }
        let made = try_to_register(&alice, GOOD, MODEL, attested()).await.ok();
        let serial = made.text("SerialNumber");
        let told = root.call("GetMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial)]).await.ok().body;
        for (name, level) in [("FIDO", "L2"), ("FIPS-140-2", "L1")] {
            assert!(told.contains(&format!("<entry><key>{name}</key><value>{level}</value></entry>")), "{told}");
        }
        assert!(!told.contains("FIPS-140-3"), "{told}");
    }
}
