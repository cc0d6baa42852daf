//! Signing certificates.

use claviger_it::on_both_engines;
use claviger_pki::{Certificate, private_key};

const FIRST: &str = include_str!("../credentials/leaf.pem");
const SECOND: &str = include_str!("../credentials/second.pem");
const THIRD: &str = include_str!("../credentials/p256.pem");
const OWN_CERTIFICATES: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*SigningCertificate*"],"Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;

on_both_engines! {
    async fn a_certificate_goes_from_its_upload_to_its_end(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = root.call("UploadSigningCertificate", &[("UserName", "ALICE"), ("CertificateBody", FIRST)]).await.ok();
        assert_eq!((made.text("UserName"), made.text("Status")), ("alice".to_owned(), "Active".to_owned()));
        assert_eq!(made.text("UploadDate"), "2026-01-02T03:04:05Z");
        let id = made.text("CertificateId");
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{id}");
        let which = [("UserName", "alice"), ("CertificateId", id.as_str()), ("Status", "Inactive")];
        root.call("UpdateSigningCertificate", &which).await.ok();
        let listed = root.call("ListSigningCertificates", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.all("CertificateId"), [id.as_str()]);
        assert_eq!(listed.all("Status"), ["Inactive"]);
        assert_eq!(listed.text("CertificateBody"), FIRST);
        assert_eq!(
            root.call("DeleteUser", &[("UserName", "alice")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must delete signing certificates first."
        );
        root.call("DeleteSigningCertificate", &which[..2]).await.ok();
        root.call("DeleteSigningCertificate", &which[..2]).await.refused("NoSuchEntity");
        // What was deleted can be uploaded again, by anybody.
        root.call("CreateUser", &[("UserName", "bob")]).await.ok();
        root.call("UploadSigningCertificate", &[("UserName", "bob"), ("CertificateBody", FIRST)]).await.ok();
        root.call("DeleteUser", &[("UserName", "alice")]).await.ok();
    }

    async fn white_space_that_fills_a_text_up_is_not_kept(app) {
        let root = app.root();
        let filled = FIRST.replace('\n', &[" ".repeat(100).as_str(), "\r\n\n"].concat());
        let made = root.call("UploadSigningCertificate", &[("CertificateBody", &filled)]).await.ok();
        assert_eq!(made.text("CertificateBody"), FIRST);
        assert_eq!(root.call("ListSigningCertificates", &[]).await.ok().text("CertificateBody"), FIRST);
        // It is the same certificate however it is written.
        root.call("UploadSigningCertificate", &[("CertificateBody", FIRST)]).await.refused("DuplicateCertificate");
    }

    async fn a_certificate_is_made_with_a_key_that_is_told_once(app) {
        let root = app.root();
        let alice = app.user_with("alice", OWN_CERTIFICATES).await;
        let made = alice.call("CreateSigningCertificate", &[("ValidityDays", "30")]).await.ok();
        let body = made.text("CertificateBody");
        let certificate = Certificate::parse(&body).expect("a certificate");
        assert!(private_key::check(&made.text("PrivateKey"), &certificate).is_ok());
        let (begin, end) = certificate.validity();
        assert_eq!(end - begin, 30 * 86_400 + 300);
        assert_eq!((made.text("UserName"), made.text("Status")), ("alice".to_owned(), "Active".to_owned()));
        let listed = root.call("ListSigningCertificates", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.text("CertificateBody"), body);
        assert_eq!(listed.text("CertificateId"), made.text("CertificateId"));
        // It is as good as one that was uploaded: nobody else can have it.
        root.call("UploadSigningCertificate", &[("CertificateBody", &body)]).await.refused("DuplicateCertificate");
        let own = root.call("CreateSigningCertificate", &[]).await.ok();
        assert_eq!(own.find("UserName"), None);
        let (begin, end) = Certificate::parse(&own.text("CertificateBody")).expect("a certificate").validity();
        assert_eq!(end - begin, 365 * 86_400 + 300);
        // Who may not upload one may not have one made.
        let denied = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Deny","Action":"iam:UploadSigningCertificate","Resource":"*"}]}"#;
        let bob = app.user_with("bob", denied).await;
        bob.call("CreateSigningCertificate", &[]).await.refused("AccessDenied");
    }

    async fn root_has_certificates_of_its_own(app) {
        let root = app.root();
        assert!(root.call("GetAccountSummary", &[]).await.ok().body.contains("<key>AccountSigningCertificatesPresent</key><value>0</value>"));
        let made = root.call("UploadSigningCertificate", &[("CertificateBody", FIRST)]).await.ok();
        assert_eq!(made.find("UserName"), None);
        assert!(root.call("GetAccountSummary", &[]).await.ok().body.contains("<key>AccountSigningCertificatesPresent</key><value>1</value>"));
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        root.call("UploadSigningCertificate", &[("UserName", "alice"), ("CertificateBody", FIRST)]).await.refused("DuplicateCertificate");
        root.call("UploadSigningCertificate", &[("CertificateBody", FIRST)]).await.refused("DuplicateCertificate");
        root.call("UploadSigningCertificate", &[("CertificateBody", SECOND)]).await.ok();
        root.call("UploadSigningCertificate", &[("CertificateBody", THIRD)]).await.refused("LimitExceeded");
        let page = root.call("ListSigningCertificates", &[("MaxItems", "1")]).await.ok();
        assert_eq!(page.text("IsTruncated"), "true");
        let rest = root.call("ListSigningCertificates", &[("Marker", &page.text("Marker"))]).await.ok();
        assert_eq!(page.all("CertificateId").len() + rest.all("CertificateId").len(), 2);
        root.call("DeleteSigningCertificate", &[("CertificateId", &made.text("CertificateId"))]).await.ok();
        // Another account knows nothing of it.
        let other = app.another_account("210987654321").await;
        other.call("UploadSigningCertificate", &[("CertificateBody", SECOND)]).await.ok();
    }

    async fn ac_44_the_limit_of_two_and_the_one_holder_stand_under_a_crowd(app) {
        let root = app.root();
        for user in ["alice", "bob"] {
            root.call("CreateUser", &[("UserName", user)]).await.ok();
        }
        let bodies = [FIRST, SECOND, THIRD];
        let crowd: Vec<_> = (0..200_usize)
            .map(|number| {
                let root = root.clone();
                let user = ["alice", "bob"][number % 2];
                let body = bodies[number % 3];
                tokio::spawn(async move {
                    root.call("UploadSigningCertificate", &[("UserName", user), ("CertificateBody", body)]).await
                })
            })
            .collect();
        let mut made = 0;
        for one in crowd {
            let reply = one.await.expect("no panic");
            match reply.find("Code").as_deref() {
                None => made += 1,
                Some(code) => assert!(matches!(code, "LimitExceeded" | "DuplicateCertificate"), "{}", reply.body),
            }
        }
        // Each certificate is somebody's, and nobody has more than two.
        assert_eq!(made, 3);
        let mut held = Vec::new();
        for user in ["alice", "bob"] {
            let bodies = root.call("ListSigningCertificates", &[("UserName", user)]).await.ok().all("CertificateBody");
            assert!(bodies.len() <= 2, "{}", bodies.len());
            held.extend(bodies);
        }
        held.sort();
        let mut all = bodies.map(str::to_owned).to_vec();
        all.sort();
        assert_eq!(held, all);
    }

    async fn members_manage_exactly_their_own(app) {
        let root = app.root();
        let alice = app.user_with("alice", OWN_CERTIFICATES).await;
        root.call("CreateUser", &[("UserName", "bob")]).await.ok();
        let id = alice.call("UploadSigningCertificate", &[("CertificateBody", FIRST)]).await.ok().text("CertificateId");
        assert_eq!(alice.call("ListSigningCertificates", &[]).await.ok().all("UserName"), ["alice"]);
        alice.call("UpdateSigningCertificate", &[("CertificateId", &id), ("Status", "Inactive")]).await.ok();
        let others = root.call("UploadSigningCertificate", &[("UserName", "bob"), ("CertificateBody", SECOND)]).await.ok().text("CertificateId");
        // The id of another's certificate is no way to it.
        alice.call("DeleteSigningCertificate", &[("CertificateId", &others)]).await.refused("NoSuchEntity");
        let bob = ("UserName", "bob");
        let other = ("CertificateId", others.as_str());
        for (operation, more) in [
            ("UploadSigningCertificate", &[("CertificateBody", THIRD)][..]),
            ("ListSigningCertificates", &[]),
            ("UpdateSigningCertificate", &[other, ("Status", "Inactive")]),
            ("DeleteSigningCertificate", &[other]),
        ] {
            let parameters = [&[bob], more].concat();
            alice.call(operation, &parameters).await.refused("AccessDenied");
        }
        alice.call("DeleteSigningCertificate", &[("CertificateId", &id)]).await.ok();
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        for name in ["UploadSigningCertificate", "UpdateSigningCertificate", "DeleteSigningCertificate"] {
            assert!(events.contains(name), "{name}");
        }
    }

    async fn a_certificate_that_ran_out_after_its_upload_is_kept(app) {
        let root = app.root();
        root.call("UploadSigningCertificate", &[("CertificateBody", FIRST)]).await.ok();
        // To 2126, when the certificate is over.
        app.clock().advance(100 * 365 * 24 * 3_600);
        assert_eq!(root.call("ListSigningCertificates", &[]).await.ok().all("Status"), ["Active"]);
        root.call("UploadSigningCertificate", &[("CertificateBody", SECOND)]).await.refused("MalformedCertificate");
    }
}
