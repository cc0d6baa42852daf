//! The policies of `docs/src/self-management/`: a member of a group that has one manages exactly those credentials of its
//! own and nobody else's, and who is no member manages none.

use std::collections::BTreeSet;

use claviger_it::{Actor, Reply, TestApp, on_both_engines, totp};

const PASSWORD: &[&str] = &["ChangePassword", "GetUser"];
const ACCESS_KEYS: &[&str] = &[
    "CreateAccessKey",
    "DeleteAccessKey",
    "GetAccessKeyLastUsed",
    "ListAccessKeyDetails",
    "ListAccessKeys",
    "UpdateAccessKey",
];
/// What this server's own operations do with access keys.
const STAGED_KEYS: &[&str] = &["RotateAccessKey", "UpdateAccessKeyBounds"];
const SIGNING_CERTIFICATES: &[&str] = &[
    "DeleteSigningCertificate",
    "ListSigningCertificates",
    "UpdateSigningCertificate",
    "UploadSigningCertificate",
];
const SSH_PUBLIC_KEYS: &[&str] = &[
    "DeleteSSHPublicKey",
    "GetSSHPublicKey",
    "ListSSHPublicKeys",
    "UpdateSSHPublicKey",
    "UploadSSHPublicKey",
];
const SERVICE_CREDENTIALS: &[&str] = &[
    "CreateServiceSpecificCredential",
    "DeleteServiceSpecificCredential",
    "ListServiceSpecificCredentials",
    "ResetServiceSpecificCredential",
    "UpdateServiceSpecificCredential",
];
const DEVICES: &[&str] = &[
    "DeactivateMFADevice",
    "EnableMFADevice",
    "ListMFADevices",
    "ResyncMFADevice",
];
/// What is of one user and which no such policy gives.
const NOBODYS: &[&str] = &[
    "AttachUserPolicy",
    "CreateLoginProfile",
    "DeleteUserPermissionsBoundary",
    "GetLoginProfile",
    "ListUserPolicies",
    "TagUser",
    "UpdateLoginProfile",
];
/// What is of no user.
const OF_THE_ACCOUNT: &[&str] = &[
    "CreateUser",
    "CreateVirtualMFADevice",
    "GetAccessKeySettings",
    "GetAccountPasswordPolicy",
    "GetAccountSummary",
    "ListUsers",
    "ListVirtualMFADevices",
];

/// A policy, and what it lets a member do: with a key alone, and with a session that was opened with a device.
struct Variant {
    /// A document, or the name of a policy that AWS manages.
    policy: Policy,
    with_a_key: &'static [&'static [&'static str]],
    with_mfa: &'static [&'static [&'static str]],
}

enum Policy {
    Document(&'static str, &'static str),
    OfAws(&'static str),
}

macro_rules! document {
    ($name:literal) => {
        Policy::Document(
            $name,
            include_str!(concat!("../../docs/src/self-management/", $name, ".json")),
        )
    };
}

const READ_ACCOUNT: &[&str] = &["GetAccountPasswordPolicy", "GetAccountSummary"];
const READ_POLICY: &[&str] = &["GetAccountPasswordPolicy"];
const READ_DEVICES: &[&str] = &["ListVirtualMFADevices"];
const READ_USERS: &[&str] = &["ListUsers"];
const READ_OWN_USER: &[&str] = &["GetUser"];
const MAKE_DEVICES: &[&str] = &["CreateVirtualMFADevice"];
/// What a user without a device must be able to do to get one going.
const FIRST_DEVICE: &[&str] = &["EnableMFADevice", "ListMFADevices", "ResyncMFADevice"];

const VARIANTS: &[Variant] = &[
    Variant {
        policy: document!("own-password"),
        with_a_key: &[READ_POLICY, PASSWORD],
        with_mfa: &[READ_POLICY, PASSWORD],
    },
    Variant {
        policy: document!("own-credentials"),
        with_a_key: &[
            READ_ACCOUNT,
            PASSWORD,
            ACCESS_KEYS,
            SIGNING_CERTIFICATES,
            SSH_PUBLIC_KEYS,
            SERVICE_CREDENTIALS,
        ],
        with_mfa: &[
            READ_ACCOUNT,
            PASSWORD,
            ACCESS_KEYS,
            SIGNING_CERTIFICATES,
            SSH_PUBLIC_KEYS,
            SERVICE_CREDENTIALS,
        ],
    },
    Variant {
        policy: document!("own-credentials-with-mfa"),
        with_a_key: &[MAKE_DEVICES, READ_DEVICES, READ_OWN_USER, FIRST_DEVICE],
        with_mfa: &[
            READ_POLICY,
            READ_DEVICES,
            MAKE_DEVICES,
            PASSWORD,
            ACCESS_KEYS,
            SIGNING_CERTIFICATES,
            SSH_PUBLIC_KEYS,
            SERVICE_CREDENTIALS,
            DEVICES,
        ],
    },
    Variant {
        policy: document!("own-mfa"),
        with_a_key: &[MAKE_DEVICES, READ_DEVICES, READ_OWN_USER, FIRST_DEVICE],
        with_mfa: &[MAKE_DEVICES, READ_DEVICES, READ_OWN_USER, DEVICES],
    },
    Variant {
        policy: document!("own-password-keys-and-ssh"),
        with_a_key: &[READ_ACCOUNT, PASSWORD, ACCESS_KEYS, SSH_PUBLIC_KEYS],
        with_mfa: &[READ_ACCOUNT, PASSWORD, ACCESS_KEYS, SSH_PUBLIC_KEYS],
    },
    Variant {
        policy: document!("own-hardware-mfa"),
        with_a_key: &[READ_OWN_USER, FIRST_DEVICE],
        with_mfa: &[READ_OWN_USER, DEVICES],
    },
    Variant {
        policy: document!("own-security-keys"),
        with_a_key: &[READ_OWN_USER, FIRST_DEVICE],
        with_mfa: &[READ_OWN_USER, DEVICES],
    },
    Variant {
        policy: document!("resync-own-mfa"),
        with_a_key: &[READ_DEVICES, &["ListMFADevices", "ResyncMFADevice"]],
        with_mfa: &[READ_DEVICES, &["ListMFADevices", "ResyncMFADevice"]],
    },
    Variant {
        policy: document!("own-mfa-by-program"),
        with_a_key: &[READ_USERS, READ_DEVICES, MAKE_DEVICES, FIRST_DEVICE],
        with_mfa: &[READ_USERS, READ_DEVICES, MAKE_DEVICES, DEVICES],
    },
    Variant {
        policy: document!("rotate-own-credentials"),
        with_a_key: &[
            READ_POLICY,
            READ_USERS,
            ACCESS_KEYS,
            STAGED_KEYS,
            SERVICE_CREDENTIALS,
            SIGNING_CERTIFICATES,
            PASSWORD,
        ],
        with_mfa: &[
            READ_POLICY,
            READ_USERS,
            ACCESS_KEYS,
            STAGED_KEYS,
            SERVICE_CREDENTIALS,
            SIGNING_CERTIFICATES,
            PASSWORD,
        ],
    },
    Variant {
        policy: document!("create-own-keys"),
        with_a_key: &[&[
            "CreateAccessKey",
            "GetUser",
            "ListAccessKeyDetails",
            "ListAccessKeys",
            "TagUser",
        ]],
        with_mfa: &[&[
            "CreateAccessKey",
            "GetUser",
            "ListAccessKeyDetails",
            "ListAccessKeys",
            "TagUser",
        ]],
    },
    Variant {
        policy: Policy::OfAws("IAMUserChangePassword"),
        with_a_key: &[READ_POLICY, &["ChangePassword"]],
        with_mfa: &[READ_POLICY, &["ChangePassword"]],
    },
    Variant {
        policy: Policy::OfAws("IAMUserSSHKeys"),
        with_a_key: &[SSH_PUBLIC_KEYS],
        with_mfa: &[SSH_PUBLIC_KEYS],
    },
    Variant {
        policy: Policy::OfAws("IAMSelfManageServiceSpecificCredentials"),
        with_a_key: &[SERVICE_CREDENTIALS],
        with_mfa: &[SERVICE_CREDENTIALS],
    },
];

/// Somebody with a key, and with a session that was opened with a device where there is one.
struct Person {
    name: &'static str,
    key: Actor,
    with_mfa: Option<Actor>,
}

impl Person {
    async fn without_device(app: &TestApp, name: &'static str) -> Self {
        Self {
            name,
            key: app.user(name).await,
            with_mfa: None,
        }
    }

    async fn with_device(app: &TestApp, name: &'static str) -> Self {
        let mut person = Self::without_device(app, name).await;
        let root = app.root();
        let made = root
            .call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)])
            .await
            .ok();
        let seed = data_encoding::BASE64
            .decode(made.text("Base32StringSeed").as_bytes())
            .expect("base64");
        let seed = String::from_utf8(seed).expect("ASCII");
        let serial = made.text("SerialNumber");
        let code = |steps: i64| totp(&seed, app.now().plus_seconds(30 * steps));
        root.call(
            "EnableMFADevice",
            &[
                ("UserName", name),
                ("SerialNumber", &serial),
                ("AuthenticationCode1", &code(-2)),
                ("AuthenticationCode2", &code(-1)),
            ],
        )
        .await
        .ok();
        let session = [("SerialNumber", serial.as_str()), ("TokenCode", &code(0))];
        let reply = person.key.sts("GetSessionToken", &session).await.ok();
        person.with_mfa = Some(person.key.with_credentials_of(&reply));
        person
    }

    fn actors(&self) -> impl Iterator<Item = &Actor> {
        std::iter::once(&self.key).chain(&self.with_mfa)
    }
}

/// Asks `actor` to do this to the user `of`, in a way that leaves what the next asks need: what is changed or deleted is
/// not there.
async fn ask(actor: &Actor, operation: &str, of: &Person, turn: &mut u32) -> Reply {
    *turn += 1;
    let fresh = format!("made-{turn}");
    let own_key = of.key.access_key_id();
    let of = ("UserName", of.name);
    let status = ("Status", "Inactive");
    let device = ("SerialNumber", "arn:aws:iam::123456789012:mfa/nobodys");
    let certificate = ("CertificateId", "NONEXISTENTCERTID12345678901");
    let ssh_key = ("SSHPublicKeyId", "APKAIOSFODNN7EXAMPLE");
    let credential = ("ServiceSpecificCredentialId", "ACCAIOSFODNN7EXAMPLES");
    let access_key = ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE");
    let codes = [
        ("AuthenticationCode1", "123456"),
        ("AuthenticationCode2", "654321"),
    ];
    let parameters: &[(&str, &str)] = match operation {
        "ChangePassword" => &[
            ("OldPassword", "Old-Horse-71"),
            ("NewPassword", "New-Horse-71"),
        ],
        "DeleteAccessKey" | "RotateAccessKey" => &[of, access_key],
        "UpdateAccessKeyBounds" => &[of, access_key, ("RemoveExpirationDate", "true")],
        "UpdateAccessKey" => &[of, access_key, status],
        "GetAccessKeyLastUsed" => &[("AccessKeyId", own_key)],
        "DeleteSigningCertificate" => &[of, certificate],
        "UpdateSigningCertificate" => &[of, certificate, status],
        "UploadSigningCertificate" => &[
            of,
            ("CertificateBody", include_str!("../credentials/leaf.pem")),
        ],
        "DeleteSSHPublicKey" => &[of, ssh_key],
        "GetSSHPublicKey" => &[of, ssh_key, ("Encoding", "SSH")],
        "UpdateSSHPublicKey" => &[of, ssh_key, status],
        "UploadSSHPublicKey" => &[
            of,
            ("SSHPublicKeyBody", include_str!("../credentials/rsa.pub")),
        ],
        "CreateServiceSpecificCredential" => &[of, ("ServiceName", "codecommit.amazonaws.com")],
        "DeleteServiceSpecificCredential" | "ResetServiceSpecificCredential" => &[of, credential],
        "UpdateServiceSpecificCredential" => &[of, credential, status],
        "DeactivateMFADevice" => &[of, device],
        "EnableMFADevice" | "ResyncMFADevice" => &[of, device, codes[0], codes[1]],
        "AttachUserPolicy" => &[
            of,
            ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ],
        "CreateLoginProfile" | "UpdateLoginProfile" => &[of, ("Password", "New-Horse-71")],
        "TagUser" => &[of, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")],
        "CreateUser" => &[("UserName", &fresh)],
        "CreateVirtualMFADevice" => &[("VirtualMFADeviceName", &fresh)],
        "GetAccessKeySettings"
        | "GetAccountPasswordPolicy"
        | "GetAccountSummary"
        | "ListUsers"
        | "ListVirtualMFADevices" => &[],
        _ => &[of],
    };
    actor.call(operation, parameters).await
}

/// Whether the policies let it through, whatever the operation then found.
fn allowed(reply: &Reply) -> bool {
    !reply.body.contains("is not authorized to perform")
}

fn of_a_user() -> impl Iterator<Item = &'static str> {
    [
        PASSWORD,
        ACCESS_KEYS,
        STAGED_KEYS,
        SIGNING_CERTIFICATES,
        SSH_PUBLIC_KEYS,
        SERVICE_CREDENTIALS,
        DEVICES,
        NOBODYS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// What `actor`, who is `own`, may do to itself and to the account.
async fn may(actor: &Actor, own: &Person, turn: &mut u32) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for operation in of_a_user().chain(OF_THE_ACCOUNT.iter().copied()) {
        if allowed(&ask(actor, operation, own, turn).await) {
            found.insert(operation);
        }
    }
    found
}

/// What `actor` may do to `other`. A change of password is always one's own.
async fn may_do_to(actor: &Actor, other: &Person, turn: &mut u32) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for operation in of_a_user().filter(|operation| *operation != "ChangePassword") {
        if allowed(&ask(actor, operation, other, turn).await) {
            found.insert(operation);
        }
    }
    found
}

fn union(families: &[&[&'static str]]) -> BTreeSet<&'static str> {
    families.iter().copied().flatten().copied().collect()
}

on_both_engines! {
    async fn members_manage_exactly_their_own_credentials_and_others_none(app) {
        let root = app.root();
        let newcomer = Person::without_device(&app, "newcomer").await;
        let member = Person::with_device(&app, "member").await;
        let stranger = Person::with_device(&app, "stranger").await;
        root.call("CreateGroup", &[("GroupName", "selected")]).await.ok();
        for name in ["newcomer", "member"] {
            root.call("AddUserToGroup", &[("GroupName", "selected"), ("UserName", name)]).await.ok();
        }
        let mut turn = 0;
        let nothing = BTreeSet::new();
        for person in [&newcomer, &member, &stranger] {
            for actor in person.actors() {
                assert_eq!(may(actor, person, &mut turn).await, nothing, "{} before", person.name);
            }
        }
        for variant in VARIANTS {
            let (name, arn) = match variant.policy {
                Policy::Document(name, document) => {
                    let made = root.call("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]).await.ok();
                    (name, made.text("Arn"))
                }
                Policy::OfAws(name) => (name, format!("arn:aws:iam::aws:policy/{name}")),
            };
            let attached = [("GroupName", "selected"), ("PolicyArn", arn.as_str())];
            root.call("AttachGroupPolicy", &attached).await.ok();
            let with_a_key = union(variant.with_a_key);
            assert_eq!(may(&newcomer.key, &newcomer, &mut turn).await, with_a_key, "{name}, with a key");
            // Who has a device changes devices with a device only, whatever the policy says.
            let mut with_a_key_of_two = with_a_key;
            with_a_key_of_two.retain(|operation| !["EnableMFADevice", "DeactivateMFADevice"].contains(operation));
            assert_eq!(may(&member.key, &member, &mut turn).await, with_a_key_of_two, "{name}, with the lesser of two proofs");
            let session = member.with_mfa.as_ref().expect("a session");
            assert_eq!(may(session, &member, &mut turn).await, union(variant.with_mfa), "{name}, with MFA");
            for actor in member.actors().chain(newcomer.actors()) {
                assert_eq!(may_do_to(actor, &stranger, &mut turn).await, nothing, "{name}, to another user");
            }
            for actor in stranger.actors() {
                assert_eq!(may(actor, &stranger, &mut turn).await, nothing, "{name}, who is no member");
            }
            root.call("DetachGroupPolicy", &attached).await.ok();
        }
        // What a member has made is the member's own, and a stranger has nothing.
        let made = async |operation: &'static str, of: &'static str| root.call(operation, &[("UserName", of)]).await.ok();
        assert_eq!(made("ListAccessKeys", "newcomer").await.all("AccessKeyId").len(), 2);
        assert_eq!(made("ListAccessKeys", "stranger").await.all("AccessKeyId").len(), 1);
        for (operation, member) in [("ListSSHPublicKeys", "SSHPublicKeyId"), ("ListSigningCertificates", "CertificateId"), ("ListServiceSpecificCredentials", "ServiceSpecificCredentialId")] {
            assert!(!made(operation, "newcomer").await.all(member).is_empty(), "{operation}");
            assert!(made(operation, "stranger").await.all(member).is_empty(), "{operation}");
        }
    }
}

#[test]
fn every_document_that_is_shown_is_tried() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/src/self-management"
    );
    let shown: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|file| file.expect("a file").path())
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let tried: BTreeSet<String> = VARIANTS
        .iter()
        .filter_map(|variant| match variant.policy {
            Policy::Document(name, _) => Some(name.to_owned()),
            Policy::OfAws(_) => None,
        })
        .collect();
    assert_eq!(shown, tried);
}
