//! Notices: the holder of a credential is told when it was made, changed or removed.

use claviger_iam::notice::{Change, Credential, Holder, Notice};
use claviger_it::{Reply, TestApp, on_both_engines, totp};

/// What has been sent and not been read yet, in the order of sending as far as one operation sends one.
async fn sent(app: &TestApp) -> Vec<Notice> {
    let store = app.iam().store();
    let due = store.due(app.now(), 60, 100).await.expect("messages");
    let mut notices = Vec::new();
    for delivery in due {
        store.delivered(&delivery).await.expect("delivered");
        assert_eq!(delivery.message.channel, "notice");
        notices.push(serde_json::from_value(delivery.message.body).expect("a notice"));
    }
    notices
}

/// The one notice that an operation of root's on alice has sent.
#[track_caller]
fn only(notices: &[Notice], operation: &str) -> (Credential, Option<String>, Change) {
    let [notice] = notices else {
        panic!("{operation} sent {notices:?}");
    };
    assert_eq!(notice.operation, operation);
    assert_eq!(notice.by, "arn:aws:iam::123456789012:root");
    assert_eq!(notice.source_ip, "203.0.113.7");
    assert!(
        matches!(&notice.holder, Holder::User { id, name } if id.starts_with("AIDA") && name == "alice")
    );
    (notice.credential, notice.id.clone(), notice.change)
}

const ALICE: (&str, &str) = ("UserName", "alice");

/// Calls the operation for alice and checks what she is told.
async fn told(
    app: &TestApp,
    operation: &str,
    parameters: &[(&str, &str)],
    credential: Credential,
    id: impl Fn(&Reply) -> Option<String>,
    change: Change,
) -> Reply {
    let all = [&[ALICE], parameters].concat();
    let reply = app.root().call(operation, &all).await.ok();
    let expected = (credential, id(&reply), change);
    assert_eq!(only(&sent(app).await, operation), expected);
    reply
}

/// A family of credentials that are made, switched off and deleted alike.
struct Family {
    create: &'static str,
    /// Parameters that making one takes besides the user.
    parameters: &'static [(&'static str, &'static str)],
    /// What names one.
    member: &'static str,
    update: &'static str,
    delete: &'static str,
    credential: Credential,
}

const FAMILIES: &[Family] = &[
    Family {
        create: "CreateAccessKey",
        parameters: &[],
        member: "AccessKeyId",
        update: "UpdateAccessKey",
        delete: "DeleteAccessKey",
        credential: Credential::AccessKey,
    },
    Family {
        create: "UploadSSHPublicKey",
        parameters: &[("SSHPublicKeyBody", include_str!("../credentials/rsa.pub"))],
        member: "SSHPublicKeyId",
        update: "UpdateSSHPublicKey",
        delete: "DeleteSSHPublicKey",
        credential: Credential::SshPublicKey,
    },
    Family {
        create: "UploadSigningCertificate",
        parameters: &[("CertificateBody", include_str!("../credentials/leaf.pem"))],
        member: "CertificateId",
        update: "UpdateSigningCertificate",
        delete: "DeleteSigningCertificate",
        credential: Credential::SigningCertificate,
    },
    Family {
        create: "CreateServiceSpecificCredential",
        parameters: &[("ServiceName", "codecommit.amazonaws.com")],
        member: "ServiceSpecificCredentialId",
        update: "UpdateServiceSpecificCredential",
        delete: "DeleteServiceSpecificCredential",
        credential: Credential::ServiceSpecificCredential,
    },
];

on_both_engines! {
    async fn the_holder_is_told_of_every_change_of_a_credential(app) {
        use Change::{Changed, Made, Removed};
        let root = app.root();
        root.call("CreateUser", &[ALICE]).await.ok();
        assert_eq!(sent(&app).await, []);
        let app = &app;

        let none = |_: &Reply| None;
        told(app, "CreateLoginProfile", &[("Password", "Correct-Horse-7")], Credential::Password, none, Made).await;
        told(app, "UpdateLoginProfile", &[("Password", "Correct-Horse-8")], Credential::Password, none, Changed).await;
        told(app, "UpdateLoginProfile", &[("PasswordResetRequired", "true")], Credential::Password, none, Changed).await;
        told(app, "DeleteLoginProfile", &[], Credential::Password, none, Removed).await;

        for Family { create, parameters, member, update, delete, credential } in FAMILIES {
            let made = told(app, create, parameters, *credential, |reply| reply.find(member), Made).await;
            let id = made.text(member);
            let named = |_: &Reply| Some(id.clone());
            told(app, update, &[(member, &id), ("Status", "Inactive")], *credential, named, Changed).await;
            root.call(update, &[ALICE, (member, &id), ("Status", "Inactive")]).await.ok();
            assert_eq!(sent(app).await, [], "{update} that changes nothing");
            if *create == "CreateServiceSpecificCredential" {
                told(app, "ResetServiceSpecificCredential", &[(member, &id)], *credential, named, Changed).await;
            }
            told(app, delete, &[(member, &id)], *credential, named, Removed).await;
        }

        let made = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]).await.ok();
        assert_eq!(sent(app).await, [], "a device that nobody holds");
        let serial = made.text("SerialNumber");
        let seed = data_encoding::BASE64.decode(made.text("Base32StringSeed").as_bytes()).expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let (first, second) = (totp(&seed, app.now().plus_seconds(-30)), totp(&seed, app.now()));
        let named = |_: &Reply| Some(serial.clone());
        let codes = [("SerialNumber", serial.as_str()), ("AuthenticationCode1", &first), ("AuthenticationCode2", &second)];
        told(app, "EnableMFADevice", &codes, Credential::MfaDevice, named, Made).await;
        told(app, "DeactivateMFADevice", &codes[..1], Credential::MfaDevice, named, Removed).await;
    }

    async fn the_holder_is_told_of_bounds_and_of_both_keys_of_a_rotation(app) {
        let root = app.root();
        let id = app.user("alice").await.access_key_id().to_owned();
        sent(&app).await;
        let named = |_: &Reply| Some(id.clone());
        let key = ("AccessKeyId", id.as_str());
        let bounds = [key, ("SourceNetworks.member.1", "203.0.113.0/24"), ("ExpirationDate", "2027-01-01T00:00:00Z")];
        let lifted = [key, ("RemoveSourceNetworks", "true"), ("RemoveExpirationDate", "true")];
        for parameters in [&bounds[..2], &bounds, &lifted] {
            told(&app, "UpdateAccessKeyBounds", parameters, Credential::AccessKey, named, Change::Changed).await;
            root.call("UpdateAccessKeyBounds", &[&[ALICE], parameters].concat()).await.ok();
            assert_eq!(sent(&app).await, [], "the same bounds again");
        }
        let new = root.call("RotateAccessKey", &[ALICE, key]).await.ok().text("AccessKeyId");
        let notices = sent(&app).await;
        let mut of_keys: Vec<_> = notices.iter().map(|notice| (notice.id.as_deref(), notice.change)).collect();
        of_keys.sort_by_key(|(_, change)| *change == Change::Changed);
        assert_eq!(of_keys, [(Some(new.as_str()), Change::Made), (Some(id.as_str()), Change::Changed)]);
    }

    async fn root_is_told_of_roots_own(app) {
        let id = app.root().call("CreateAccessKey", &[]).await.ok().text("AccessKeyId");
        let notices = sent(&app).await;
        assert_eq!(notices.len(), 1);
        assert_eq!((&notices[0].holder, &notices[0].id), (&Holder::Root, &Some(id)));
    }

    async fn what_is_no_credential_and_what_is_refused_tells_nobody(app) {
        let root = app.root();
        root.call("CreateUser", &[ALICE]).await.ok();
        root.call("CreateGroup", &[("GroupName", "all")]).await.ok();
        root.call("AddUserToGroup", &[ALICE, ("GroupName", "all")]).await.ok();
        root.call("TagUser", &[ALICE, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]).await.ok();
        root.call("UpdateUser", &[ALICE, ("NewUserName", "alicia")]).await.ok();
        root.call("CreateAccessKey", &[ALICE]).await.refused("NoSuchEntity");
        app.user("mallory").await.call("CreateAccessKey", &[("UserName", "alicia")]).await.refused("AccessDenied");
        let notices = sent(&app).await;
        assert_eq!(notices.len(), 1, "mallory's own key: {notices:?}");
    }

    async fn ac_45_no_notice_holds_a_secret(app) {
        let root = app.root();
        root.call("CreateUser", &[ALICE]).await.ok();
        root.call("CreateLoginProfile", &[ALICE, ("Password", "Correct-Horse-7")]).await.ok();
        let secret = root.call("CreateAccessKey", &[ALICE]).await.ok().text("SecretAccessKey");
        let told = format!("{:?}", sent(&app).await);
        assert!(told.contains("AccessKey"), "{told}");
        for secret in ["Correct-Horse-7", &secret, "argon2"] {
            assert!(!told.contains(secret), "{secret}");
        }
    }
}
