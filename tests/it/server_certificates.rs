//! Server certificates.

use claviger_it::on_both_engines;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../credentials/", $name))
    };
}

const LEAF: &str = file!("leaf.pem");
const KEY: &str = file!("leaf.key");
const OTHER: &str = file!("p256.pem");
const OTHER_KEY: &str = file!("p256.sec1.key");

/// The least parameters of an upload under this name.
fn upload(name: &str) -> [(&str, &str); 3] {
    [
        ("ServerCertificateName", name),
        ("CertificateBody", LEAF),
        ("PrivateKey", KEY),
    ]
}

on_both_engines! {
    async fn a_certificate_is_told_as_it_was_uploaded_but_for_its_key(app) {
        let root = app.root();
        let chain = [file!("between.pem"), file!("root.pem")].concat();
        let more = [("CertificateChain", chain.as_str()), ("Path", "/cloudfront/"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue"), ("Tags.member.2.Key", "Area"), ("Tags.member.2.Value", "eu")];
        let made = root.call("UploadServerCertificate", &[&upload("web")[..], &more].concat()).await.ok();
        assert_eq!(made.text("Arn"), "arn:aws:iam::123456789012:server-certificate/cloudfront/web");
        assert_eq!(made.text("Path"), "/cloudfront/");
        assert_eq!(made.text("UploadDate"), "2026-01-02T03:04:05Z");
        assert_eq!(made.text("Expiration"), "2124-12-08T00:00:00Z");
        assert_eq!(made.all("Key"), ["Area", "Team"]);
        let id = made.text("ServerCertificateId");
        assert!(id.starts_with("ASCA") && id.len() == 21, "{id}");

        let told = root.call("GetServerCertificate", &[("ServerCertificateName", "WEB")]).await.ok();
        assert_eq!(told.text("ServerCertificateId"), id);
        assert_eq!(told.text("ServerCertificateName"), "web");
        // White space at the end is dropped (recorded from AWS, 2026).
        assert_eq!(told.text("CertificateBody"), LEAF.trim_end());
        assert_eq!(told.text("CertificateChain"), chain.trim_end());
        assert_eq!(told.all("Key"), ["Team", "Area"]);
        assert!(!told.body.contains("PRIVATE KEY"));
    }

    async fn white_space_that_fills_a_text_up_is_not_kept(app) {
        let root = app.root();
        let filled = |text: &str| text.replace('\n', &[" ".repeat(100).as_str(), "\r\n\n"].concat());
        let chain = [file!("between.pem"), file!("root.pem")].concat();
        let upload = [
            ("ServerCertificateName", "web"),
            ("CertificateBody", &filled(LEAF)),
            ("PrivateKey", &filled(KEY)),
            ("CertificateChain", &filled(&chain)),
        ];
        root.call("UploadServerCertificate", &upload).await.ok();
        let told = root.call("GetServerCertificate", &[("ServerCertificateName", "web")]).await.ok();
        assert_eq!(told.text("CertificateBody"), LEAF.trim_end());
        assert_eq!(told.text("CertificateChain"), chain.trim_end());
    }

    async fn a_certificate_without_chain_and_tags_has_none(app) {
        let root = app.root();
        let made = root.call("UploadServerCertificate", &upload("plain")).await.ok();
        assert!(!made.body.contains("<Tags"), "{}", made.body);
        let told = root.call("GetServerCertificate", &[("ServerCertificateName", "plain")]).await.ok();
        assert_eq!(told.find("CertificateChain"), None);
        assert!(told.body.contains("<Tags"), "{}", told.body);
    }

    async fn certificates_are_listed_by_path_and_page(app) {
        let root = app.root();
        for (name, path) in [("b", "/web/"), ("a", "/web/eu/"), ("c", "/")] {
            root.call("UploadServerCertificate", &[&upload(name)[..], &[("Path", path)]].concat()).await.ok();
        }
        let names = async |parameters: &[(&str, &str)]| root.call("ListServerCertificates", parameters).await.ok().all("ServerCertificateName");
        assert_eq!(names(&[]).await, ["a", "b", "c"]);
        assert_eq!(names(&[("PathPrefix", "/web")]).await, ["a", "b"]);
        assert_eq!(names(&[("PathPrefix", "/web/eu/")]).await, ["a"]);
        let page = root.call("ListServerCertificates", &[("MaxItems", "2")]).await.ok();
        assert_eq!((page.all("ServerCertificateName").len(), page.text("IsTruncated")), (2, "true".to_owned()));
        assert!(!page.body.contains("BEGIN CERTIFICATE"));
        assert_eq!(names(&[("Marker", &page.text("Marker"))]).await, ["c"]);
        assert!(root.call("GetAccountSummary", &[]).await.ok().body.contains("<key>ServerCertificates</key><value>3</value>"));
    }

    async fn a_certificate_is_renamed_and_moved_and_stays_itself(app) {
        let root = app.root();
        let made = root.call("UploadServerCertificate", &[&upload("old")[..], &[("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")]].concat()).await.ok();
        root.call("UploadServerCertificate", &[("ServerCertificateName", "taken"), ("CertificateBody", OTHER), ("PrivateKey", OTHER_KEY)]).await.ok();
        let old = ("ServerCertificateName", "old");
        assert_eq!(
            root.call("UpdateServerCertificate", &[old, ("NewServerCertificateName", "Taken")]).await.refused("EntityAlreadyExists"),
            "The Server Certificate with name Taken already exists."
        );
        root.call("UpdateServerCertificate", &[old, ("NewServerCertificateName", "OLD"), ("NewPath", "/a/b/")]).await.ok();
        let told = root.call("GetServerCertificate", &[old]).await.ok();
        assert_eq!(told.text("Arn"), "arn:aws:iam::123456789012:server-certificate/a/b/OLD");
        assert_eq!(told.text("ServerCertificateId"), made.text("ServerCertificateId"));
        assert_eq!(told.all("Key"), ["team"]);
        root.call("UpdateServerCertificate", &[old, ("NewServerCertificateName", "new")]).await.ok();
        root.call("GetServerCertificate", &[old]).await.refused("NoSuchEntity");
        root.call("DeleteServerCertificate", &[("ServerCertificateName", "new")]).await.ok();
        root.call("UploadServerCertificate", &upload("new")).await.ok();
    }

    async fn a_rename_needs_permission_under_both_names(app) {
        let root = app.root();
        root.call("UploadServerCertificate", &upload("old")).await.ok();
        let policy = |names: &str| format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iam:*ServerCertificate*","Resource":[{names}]}}}}"#);
        let arn = |name: &str| format!("\"arn:aws:iam::123456789012:server-certificate/{name}\"");
        let alice = app.user_with("alice", &policy(&arn("old"))).await;
        let rename = [("ServerCertificateName", "old"), ("NewServerCertificateName", "new")];
        alice.call("UpdateServerCertificate", &rename).await.refused("AccessDenied");
        let bob = app.user_with("bob", &policy(&[arn("old"), arn("new")].join(","))).await;
        bob.call("UpdateServerCertificate", &rename).await.ok();
        // Whether there is a certificate is not told to those who may not ask.
        let denied = alice.call("GetServerCertificate", &[("ServerCertificateName", "new")]).await.refused("AccessDenied");
        let missing = alice.call("GetServerCertificate", &[("ServerCertificateName", "none")]).await.refused("AccessDenied");
        assert_eq!(denied.replace("new", "none"), missing);
    }

    async fn tags_of_the_certificate_and_of_the_request_bear_on_policies(app) {
        let root = app.root();
        root.call("UploadServerCertificate", &[&upload("blue")[..], &[("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")]].concat()).await.ok();
        root.call("UploadServerCertificate", &upload("plain")).await.ok();
        let alice = app.user_with("alice", r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"iam:GetServerCertificate","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}},
            {"Effect":"Allow","Action":["iam:UploadServerCertificate","iam:TagServerCertificate"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"blue"}}}
        ]}"#).await;
        alice.call("GetServerCertificate", &[("ServerCertificateName", "blue")]).await.ok();
        alice.call("GetServerCertificate", &[("ServerCertificateName", "plain")]).await.refused("AccessDenied");
        alice.call("UploadServerCertificate", &upload("third")).await.refused("AccessDenied");
        let tag = |value| [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", value)];
        alice.call("UploadServerCertificate", &[&upload("third")[..], &tag("red")].concat()).await.refused("AccessDenied");
        alice.call("UploadServerCertificate", &[&upload("third")[..], &tag("blue")].concat()).await.ok();
        let plain = [("ServerCertificateName", "plain")];
        alice.call("TagServerCertificate", &[&plain[..], &tag("blue")].concat()).await.ok();
        alice.call("GetServerCertificate", &plain).await.ok();
        root.call("TagServerCertificate", &[&plain[..], &[("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", "red"), ("Tags.member.2.Key", "a"), ("Tags.member.2.Value", "b")]].concat()).await.ok();
        let listed = root.call("ListServerCertificateTags", &plain).await.ok();
        assert_eq!((listed.all("Key"), listed.all("Value")), (vec!["TEAM".to_owned(), "a".to_owned()], vec!["red".to_owned(), "b".to_owned()]));
        root.call("UntagServerCertificate", &[plain[0], ("TagKeys.member.1", "team"), ("TagKeys.member.2", "none")]).await.ok();
        assert_eq!(root.call("ListServerCertificateTags", &plain).await.ok().all("Key"), ["a"]);
    }

    async fn ac_44_the_limit_of_twenty_and_the_names_hold_under_a_crowd(app) {
        let root = app.root();
        let crowd: Vec<_> = (0..200)
            .map(|number| {
                let root = root.clone();
                tokio::spawn(async move { root.call("UploadServerCertificate", &upload(&format!("web{}", number % 100))).await })
            })
            .collect();
        let mut made = 0;
        for one in crowd {
            let reply = one.await.expect("no panic");
            match reply.find("Code").as_deref() {
                None => made += 1,
                Some(code) => assert!(matches!(code, "LimitExceeded" | "EntityAlreadyExists"), "{}", reply.body),
            }
        }
        assert_eq!(made, 20);
        assert_eq!(
            root.call("UploadServerCertificate", &upload("one-more")).await.refused("LimitExceeded"),
            "Cannot exceed quota for ServerCertificatesPerAccount: 20"
        );
        let mut names = root.call("ListServerCertificates", &[]).await.ok().all("ServerCertificateName");
        names.dedup();
        assert_eq!(names.len(), 20);
    }

    async fn ac_45_the_private_key_is_in_no_event_no_answer_and_no_refusal(app) {
        let root = app.root();
        let nobody = app.user("nobody").await;
        let mut said = vec![
            root.call("UploadServerCertificate", &upload("web")).await.ok().body,
            nobody.call("UploadServerCertificate", &upload("denied")).await.body,
            root.call("UploadServerCertificate", &upload("web")).await.body,
            root.call("UploadServerCertificate", &[("ServerCertificateName", "other"), ("CertificateBody", OTHER), ("PrivateKey", KEY)]).await.body,
            root.call("UploadServerCertificate", &[("ServerCertificateName", "other"), ("CertificateBody", OTHER), ("PrivateKey", &KEY.repeat(10))]).await.body,
        ];
        said.push(root.call("GetServerCertificate", &[("ServerCertificateName", "web")]).await.ok().body);
        // Denials are written in batches.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("UploadServerCertificate"), "{events}");
        assert!(events.contains("AWS::IAM::ServerCertificate"), "{events}");
        said.push(events);
        let secret = KEY.lines().nth(5).expect("a line of the key");
        for text in said {
            assert!(!text.contains(secret) && !text.contains("PRIVATE KEY"), "{text}");
        }
    }
}
