//! SSH public keys.

use claviger_it::on_both_engines;
use data_encoding::BASE64;

const KEY: &str = include_str!("../credentials/rsa.pub");
const SPKI: &str = include_str!("../credentials/rsa.spki.pem");
const PKCS1: &str = include_str!("../credentials/rsa.pkcs1.pem");
const OWN_KEYS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*SSHPublicKey*"],"Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;

/// A key that no other number makes. Nobody could sign with it: its modulus is no product of two primes.
fn key(number: u8) -> String {
    let mut blob = Vec::new();
    let modulus = [[0].as_slice(), &[0xff; 255], &[number | 1]].concat();
    let exponent = [1, number, 1];
    for field in [b"ssh-rsa".as_slice(), &exponent, &modulus] {
        blob.extend_from_slice(&u32::try_from(field.len()).expect("short").to_be_bytes());
        blob.extend_from_slice(field);
    }
    format!("ssh-rsa {}", BASE64.encode(&blob))
}

on_both_engines! {
    async fn a_key_works_from_its_upload_to_its_end(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let made = root.call("UploadSSHPublicKey", &[("UserName", "ALICE"), ("SSHPublicKeyBody", KEY)]).await.ok();
        assert_eq!(made.text("UserName"), "alice");
        assert_eq!(made.text("Status"), "Active");
        assert_eq!(made.text("UploadDate"), "2026-01-02T03:04:05Z");
        let fingerprint = made.text("Fingerprint");
        assert!(fingerprint.len() == 47 && fingerprint.split(':').all(|byte| byte.len() == 2), "{fingerprint}");
        let id = made.text("SSHPublicKeyId");
        assert!(id.starts_with("APKA") && id.len() == 20, "{id}");

        let get = async |encoding: &str| root.call("GetSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyId", &id), ("Encoding", encoding)]).await.ok();
        let ssh = get("SSH").await;
        assert_eq!(ssh.text("SSHPublicKeyBody"), KEY.trim());
        assert_eq!(ssh.text("Fingerprint"), fingerprint);
        assert_eq!(get("PEM").await.text("SSHPublicKeyBody"), SPKI.trim());

        root.call("UpdateSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyId", &id), ("Status", "Inactive")]).await.ok();
        let listed = root.call("ListSSHPublicKeys", &[("UserName", "alice")]).await.ok();
        assert_eq!(listed.all("SSHPublicKeyId"), [id.as_str()]);
        assert_eq!(listed.all("Status"), ["Inactive"]);
        assert_eq!(listed.find("SSHPublicKeyBody"), None);
        assert_eq!(listed.find("Fingerprint"), None);
        assert_eq!(get("SSH").await.text("Status"), "Inactive");

        // The keys stay with the user under another name.
        root.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.ok();
        let listed = root.call("ListSSHPublicKeys", &[("UserName", "alicia")]).await.ok();
        assert_eq!(listed.all("UserName"), ["alicia"]);
        assert_eq!(
            root.call("DeleteUser", &[("UserName", "alicia")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must remove referenced objects first."
        );
        root.call("DeleteSSHPublicKey", &[("UserName", "alicia"), ("SSHPublicKeyId", &id)]).await.ok();
        root.call("DeleteSSHPublicKey", &[("UserName", "alicia"), ("SSHPublicKeyId", &id)]).await.refused("NoSuchEntity");
        root.call("DeleteUser", &[("UserName", "alicia")]).await.ok();
    }

    async fn a_key_is_taken_in_three_formats_and_once_for_each_user(app) {
        let root = app.root();
        for (user, body) in [("alice", KEY), ("bob", SPKI), ("carol", PKCS1)] {
            root.call("CreateUser", &[("UserName", user)]).await.ok();
            let made = root.call("UploadSSHPublicKey", &[("UserName", user), ("SSHPublicKeyBody", body)]).await.ok();
            let get = [("UserName", user), ("SSHPublicKeyId", &made.text("SSHPublicKeyId")), ("Encoding", "PEM")];
            assert_eq!(root.call("GetSSHPublicKey", &get).await.ok().text("SSHPublicKeyBody"), SPKI.trim());
            for again in [KEY, SPKI, PKCS1] {
                root.call("UploadSSHPublicKey", &[("UserName", user), ("SSHPublicKeyBody", again)]).await.refused("DuplicateSSHPublicKey");
            }
        }
    }

    async fn what_is_kept_of_a_key_is_bounded_by_what_it_says(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let comment = "a".repeat(256);
        let (good, other) = (key(1), key(3));
        for (body, line) in [
            (format!("{good}{}{comment}{}\n", " ".repeat(5_000), " ".repeat(5_000)), format!("{good} {comment}")),
            (format!("{other}{}\n", " ".repeat(9_000)), other.clone()),
            (SPKI.replace('\n', &[" ".repeat(900).as_str(), "\r\n\n"].concat()), KEY.trim().rsplit_once(' ').expect("a comment").0.to_owned()),
        ] {
            let made = root.call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", &body)]).await.ok();
            let get = [("UserName", "alice"), ("SSHPublicKeyId", &made.text("SSHPublicKeyId")), ("Encoding", "SSH")];
            assert_eq!(root.call("GetSSHPublicKey", &get).await.ok().text("SSHPublicKeyBody"), line);
        }
    }

    async fn ac_44_the_limit_of_five_holds_under_a_crowd(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let crowd: Vec<_> = (0..200)
            .map(|number| {
                let root = root.clone();
                tokio::spawn(async move {
                    root.call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", &key(number))]).await
                })
            })
            .collect();
        let mut made = 0;
        for one in crowd {
            let reply = one.await.expect("no panic");
            if reply.status == 200 {
                made += 1;
            } else {
                assert_eq!(reply.refused("LimitExceeded"), "Cannot exceed quota for SSHPublicKeysPerUser: 5");
            }
        }
        assert_eq!(made, 5);
        assert_eq!(root.call("ListSSHPublicKeys", &[("UserName", "alice")]).await.ok().all("SSHPublicKeyId").len(), 5);
    }

    async fn one_key_that_comes_two_hundred_times_at_once_is_taken_once(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let crowd: Vec<_> = (0..200)
            .map(|_| {
                let root = root.clone();
                tokio::spawn(async move {
                    root.call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", KEY)]).await
                })
            })
            .collect();
        let mut made = 0;
        for one in crowd {
            let reply = one.await.expect("no panic");
            if reply.status == 200 {
                made += 1;
            } else {
                reply.refused("DuplicateSSHPublicKey");
            }
        }
        assert_eq!(made, 1);
    }

    async fn members_manage_exactly_their_own(app) {
        let alice = app.user_with("alice", OWN_KEYS).await;
        app.root().call("CreateUser", &[("UserName", "bob")]).await.ok();
        let ids: Vec<String> = {
            let mut ids = Vec::new();
            for number in 0..3 {
                let made = alice.call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", &key(number))]).await.ok();
                ids.push(made.text("SSHPublicKeyId"));
            }
            ids
        };
        // Without a name the caller is meant, and the list has pages.
        let page = alice.call("ListSSHPublicKeys", &[("MaxItems", "2")]).await.ok();
        assert_eq!(page.text("IsTruncated"), "true");
        let rest = alice.call("ListSSHPublicKeys", &[("Marker", &page.text("Marker"))]).await.ok();
        let mut all = page.all("SSHPublicKeyId");
        all.extend(rest.all("SSHPublicKeyId"));
        all.sort();
        let mut made = ids.clone();
        made.sort();
        assert_eq!(all, made);
        alice.call("UpdateSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyId", &ids[0]), ("Status", "Inactive")]).await.ok();
        alice.call("DeleteSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyId", &ids[0])]).await.ok();

        let others = app.root().call("UploadSSHPublicKey", &[("UserName", "bob"), ("SSHPublicKeyBody", KEY)]).await.ok().text("SSHPublicKeyId");
        let bob = ("UserName", "bob");
        let id = ("SSHPublicKeyId", others.as_str());
        for (operation, more) in [
            ("UploadSSHPublicKey", &[("SSHPublicKeyBody", KEY)][..]),
            ("GetSSHPublicKey", &[id, ("Encoding", "SSH")]),
            ("ListSSHPublicKeys", &[]),
            ("UpdateSSHPublicKey", &[id, ("Status", "Inactive")]),
            ("DeleteSSHPublicKey", &[id]),
        ] {
            let parameters = [&[bob], more].concat();
            alice.call(operation, &parameters).await.refused("AccessDenied");
        }
    }

    async fn an_upload_is_told_in_the_trail(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let id = root.call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", KEY)]).await.ok().text("SSHPublicKeyId");
        let events = root.lookup_events(&serde_json::json!({
            "LookupAttributes": [{ "AttributeKey": "EventName", "AttributeValue": "UploadSSHPublicKey" }]
        })).await.to_string();
        assert!(events.contains(&id), "{events}");
        assert!(events.contains("arn:aws:iam::123456789012:user/alice"), "{events}");
    }

    async fn ac_45_hostile_bodies_are_refused_and_nothing_is_kept(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let good = key(1);
        for (body, code) in [
            (format!("{good}\n{}", key(2)), "InvalidPublicKey"),
            (format!("command=\"sh\" {good}"), "UnrecognizedPublicKeyEncoding"),
            (format!("{} ", "a".repeat(16_000)), "UnrecognizedPublicKeyEncoding"),
            (format!("ssh-rsa {}", "A".repeat(16_000)), "InvalidPublicKey"),
            ("a".repeat(16_385), "ValidationError"),
            (String::from("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"), "InvalidPublicKey"),
            (format!("{good} {}", "a".repeat(257)), "InvalidPublicKey"),
        ] {
            root.call("UploadSSHPublicKey", &[("UserName", "alice"), ("SSHPublicKeyBody", &body)]).await.refused(code);
        }
        assert_eq!(root.call("ListSSHPublicKeys", &[("UserName", "alice")]).await.ok().all("SSHPublicKeyId").len(), 0);
    }
}
