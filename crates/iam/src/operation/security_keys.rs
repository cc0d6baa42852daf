//! FIDO security keys and passkeys. AWS registers them by its console alone, so the operations are this server's own; what
//! allows them is AWS's `iam:EnableMFADevice` with its condition keys (service authorization reference, "AWS IAM").

use std::collections::BTreeMap;

use claviger_model::name::{ExistingUserName, SecurityKeyName, SerialNumber};
use claviger_model::scalar::Constraint::{MaxLength, MinLength};
use claviger_model::{Arn, Code, Scalar, Secret, Timestamp, text_scalar};
use claviger_shape::Shape;
use claviger_store::Scope;
use zeroize::Zeroize;

use super::mfa_devices::{
    assign, check_own_change, check_room, held, missing_device, name_of, not_of_user, present,
    put_held,
};
use super::users::check_on_owner;
use super::{Entry, Operation, entry};
use crate::authorize::{Target, authorize};
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::fido_device::{FidoDevice, credential_key, is_fido};
use crate::entity::index::FIDO_CREDENTIALS;
use crate::entity::mfa_device::{Holder, Who};
use crate::entity::security_key_policy::{Certifications, SecurityKeyPolicy};
use crate::entity::user::AssignedMfaDevice;
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::spec::{Access, ResourceType, Spec};
use crate::webauthn::{
    self, CeremonyError, Refusal, Registered, RegistrationResponse, challenge, challenge::Ceremony,
    creation_options,
};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<BeginSecurityKeyRegistration>(),
    entry::<FinishSecurityKeyRegistration>(),
    entry::<ListSecurityKeys>(),
];

/// The condition keys of `iam:EnableMFADevice` that security keys are registered under.
pub(super) const SECURITY_KEY_KEYS: &[&str] = &[
    "iam:FIDO-FIPS-140-2-certification",
    "iam:FIDO-FIPS-140-3-certification",
    "iam:FIDO-certification",
    "iam:RegisterSecurityKey",
];

/// The action that allows registration, and that messages name.
const ENABLE: &str = "EnableMFADevice";

/// What makes a device's name unique: characters of a suffix that is drawn.
const SUFFIX_LENGTH: usize = 26;
const SUFFIX_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

text_scalar! {
    in Box<str>;
    /// What a client's authenticator answered, as JSON: up to 32 KiB.
    ClientResponse, [MaxLength(32_768), MinLength(1)], |_| true
}

impl Zeroize for ClientResponse {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Who it is, as devices name their holders.
fn who(owner: &Owner) -> Option<Who> {
    match owner {
        Owner::User(user) => Some(Who::User(user.id.clone())),
        Owner::Root(_) => Some(Who::Root),
        Owner::Missing(_) => None,
    }
}

/// The owner, who may register one device more.
async fn registrant(
    cx: &mut Cx<'_>,
    name: Option<&ExistingUserName>,
) -> Result<(Owner, Who), Fault> {
    let owner = present(lookup::owner(cx, name).await?)?;
    let who = who(&owner).ok_or_else(|| Fault::service("an owner who is nobody"))?;
    check_own_change(cx, &owner, ENABLE)?;
    check_room(cx, &owner)?;
    Ok((owner, who))
}

/// Begins the registration of a FIDO security key or passkey. An operation of this server's own, allowed by
/// `iam:EnableMFADevice` with `iam:RegisterSecurityKey` being `Create`.
#[derive(Shape)]
pub struct BeginSecurityKeyRegistration {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`BeginSecurityKeyRegistration`].
#[derive(Shape)]
pub struct BeginSecurityKeyRegistrationOutput {
    /// What to call the browser's `navigator.credentials.create` with: `PublicKeyCredentialCreationOptionsJSON` of Web
    /// Authentication. It is good for five minutes and one registration.
    pub creation_options: Secret<String>,
}

impl Operation for BeginSecurityKeyRegistration {
    const SPEC: Spec = Spec::iam("BeginSecurityKeyRegistration", Access::Write)
        .for_enrolment()
        .issuing()
        .governed_by(ENABLE)
        .on(&[ResourceType::User])
        .keys(SECURITY_KEY_KEYS)
        .faults(&[Code::LimitExceeded, Code::NoSuchEntity]);
    type Output = BeginSecurityKeyRegistrationOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = check_on_owner(cx, self.user_name.as_ref()).await?;
        Ok(Target::of(check).with("iam:registersecuritykey", Fact::text("Create")))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (owner, who) = registrant(cx, self.user_name.as_ref()).await?;
        let party = cx.iam().relying_party()?;
        let account = cx.account();
        let policy = webauthn::policy(&mut cx.unit, account).await?;
        let devices = webauthn::fido_devices(&mut cx.unit, account, held(&owner)).await?;
        let shown = match &owner {
            Owner::User(user) => user.name.as_str(),
            Owner::Root(account) => account.root.email.as_str(),
            Owner::Missing(name) => name.as_str(),
        };
        let (rng, now) = (cx.rng(), cx.now());
        let ceremony = Ceremony::Registration(who.clone());
        let challenge = challenge::issue(cx.iam().tokens(), rng, party, account, ceremony, now)?;
        let options = creation_options(party, &policy, &who, shown, &challenge, &devices)
            .map_err(Fault::service)?;
        Ok(BeginSecurityKeyRegistrationOutput {
            creation_options: Secret::new(options),
        })
    }
}

/// Finishes the registration of a FIDO security key or passkey: verifies what the authenticator answered, and gives the
/// device to the user. An operation of this server's own, allowed by `iam:EnableMFADevice` with `iam:RegisterSecurityKey`
/// being `Activate`.
#[derive(Shape)]
pub struct FinishSecurityKeyRegistration {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// What the user calls the device.
    pub security_key_name: SecurityKeyName,
    /// What the browser answered: `RegistrationResponseJSON` of Web Authentication.
    pub registration_response: Secret<ClientResponse>,
}

/// The answer of [`FinishSecurityKeyRegistration`].
#[derive(Shape)]
pub struct FinishSecurityKeyRegistrationOutput {
    /// The device.
    pub security_key: SecurityKey,
}

/// A FIDO security key or passkey.
#[derive(Shape)]
pub struct SecurityKey {
    /// The user; root has no name.
    pub user_name: Option<String>,
    /// The device's resource name.
    pub serial_number: SerialNumber,
    /// What the user calls it.
    pub security_key_name: SecurityKeyName,
    /// Since when it is the user's.
    pub enable_date: Timestamp,
    /// When it was last used to sign in or to authenticate again.
    pub last_used_date: Option<Timestamp>,
    /// The authenticator's model (AAGUID), where a trusted attestation proves it.
    #[shape(name = "AAGUID")]
    pub aaguid: Option<String>,
    /// What the model is certified for, by name.
    pub certifications: Option<BTreeMap<String, String>>,
    /// Whether the authenticator verified its user at registration.
    pub user_verified: bool,
    /// Whether the key pair can be synchronised or backed up.
    pub backup_eligible: bool,
    /// Whether it was when the device was last used.
    pub backed_up: bool,
    /// When the signature counter last fell back, which tells that somebody may have a copy of the key pair. Such a device
    /// should be taken away.
    pub counter_regressed_date: Option<Timestamp>,
}

/// Certifications as they are answered, `None` where there is none.
fn listed(certifications: &Certifications) -> Option<BTreeMap<String, String>> {
    let listed: BTreeMap<String, String> = certifications
        .iter()
        .map(|(name, level)| (name.to_owned(), level.to_owned()))
        .collect();
    (!listed.is_empty()).then_some(listed)
}

impl SecurityKey {
    fn new(owner: &Owner, device: &FidoDevice, last_used: Option<Timestamp>) -> Self {
        Self {
            user_name: name_of(owner),
            serial_number: device.serial.clone(),
            security_key_name: device.name.clone(),
            enable_date: device.holder.enabled,
            last_used_date: last_used,
            aaguid: device.model.clone(),
            certifications: listed(&device.certifications),
            user_verified: device.verified,
            backup_eligible: device.backup_eligible,
            backed_up: device.backed_up,
            counter_regressed_date: device.regress.as_ref().map(|regress| regress.seen),
        }
    }
}

impl FinishSecurityKeyRegistration {
    /// Reads and verifies the response, and answers its challenge with what it registers.
    async fn verify(
        &self,
        cx: &mut Cx<'_>,
        who: &Who,
    ) -> Result<(challenge::Open, Registered), CeremonyError> {
        let party = cx.iam().relying_party()?;
        let response = RegistrationResponse::read(self.registration_response.expose().as_str())?;
        let (account, now) = (cx.account(), cx.now());
        let ceremony = Ceremony::Registration(who.clone());
        let challenge = response.challenge();
        let challenge =
            challenge::open(cx.iam().tokens(), party, account, &ceremony, challenge, now)?;
        let policy = webauthn::policy(&mut cx.unit, account).await?;
        let registered = party.register(&response, &policy, now)?;
        Ok((challenge, registered))
    }

    /// What is asked of policies where the authenticator is certified for this.
    async fn asked(
        &self,
        cx: &mut Cx<'_>,
        certifications: &Certifications,
    ) -> Result<Target, Fault> {
        let check = check_on_owner(cx, self.user_name.as_ref()).await?;
        let mut target = Target::of(check).with("iam:registersecuritykey", Fact::text("Activate"));
        for (name, level) in certifications.iter() {
            let key = match name {
                "FIDO" => "iam:fido-certification",
                "FIPS-140-2" => "iam:fido-fips-140-2-certification",
                _ => "iam:fido-fips-140-3-certification",
            };
            target = target.with(key, Fact::text(level));
        }
        Ok(target)
    }
}

/// Everything that an authenticator may turn out to be certified for: nothing, or what a known model is.
fn conceivable(policy: &SecurityKeyPolicy) -> Vec<Certifications> {
    let mut all = vec![Certifications::default()];
    for known in &policy.known_models {
        if !all.contains(&known.certifications) {
            all.push(known.certifications);
        }
    }
    all
}

/// What is said of a response that is not accepted. Whoever is told so is authenticated and may register devices.
fn refused(error: CeremonyError) -> Fault {
    match error {
        CeremonyError::Refused(Refusal::AlreadyRegistered) => {
            Fault::exists("The security key is already registered.")
        }
        CeremonyError::Refused(refusal) => Fault::new(
            Code::InvalidAuthenticationCode,
            format!("The response of the security key is not accepted: {refusal}."),
        )
        .because(refusal),
        CeremonyError::Fault(fault) => fault,
    }
}

impl Operation for FinishSecurityKeyRegistration {
    const SPEC: Spec = Spec::iam("FinishSecurityKeyRegistration", Access::Write)
        .on_own_credentials()
        .for_enrolment()
        .governed_by(ENABLE)
        .on(&[ResourceType::User])
        .keys(SECURITY_KEY_KEYS)
        .faults(&[
            Code::EntityAlreadyExists,
            Code::InvalidAuthenticationCode,
            Code::LimitExceeded,
            Code::NoSuchEntity,
        ]);
    type Output = FinishSecurityKeyRegistrationOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        // SECURITY: what a caller sends is not read before it is known that the caller may register some device: one that
        // is certified for nothing, or as one of the known models is. Which it is, `run` finds out, and asks again.
        let (account, principal) = (cx.account(), cx.principal().await?);
        let policy = webauthn::policy(&mut cx.unit, account).await?;
        for certifications in conceivable(&policy) {
            let target = self.asked(cx, &certifications).await?;
            if authorize(
                &Self::SPEC,
                &target,
                cx.caller(),
                &principal,
                cx.request(),
                false,
            )
            .is_ok()
            {
                return Ok(target);
            }
        }
        self.asked(cx, &Certifications::default()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (owner, who) = registrant(cx, self.user_name.as_ref()).await?;
        let (challenge, registered) = self.verify(cx, &who).await.map_err(refused)?;
        let principal = cx.principal().await?;
        let target = self.asked(cx, &registered.certifications).await?;
        authorize(
            &Self::SPEC,
            &target,
            cx.caller(),
            &principal,
            cx.request(),
            false,
        )?;
        // One that meets others and starts over has used its challenge up itself.
        cx.once("fido_challenge", async {
            let is_first = challenge.use_up(cx.iam().store(), cx.now()).await?;
            is_first
                .then(|| Secret::new(String::new()))
                .ok_or_else(|| refused(Refusal::UnknownChallenge.into()))
        })
        .await?;
        let key = credential_key(registered.credential_id());
        let holder = cx
            .unit
            .find::<FidoDevice>(Scope::Global, &FIDO_CREDENTIALS, &key)
            .await
            .map_err(Fault::unavailable)?;
        // SECURITY: said in one way, whoever has it, so that nobody learns who has an authenticator he holds in his hand.
        if holder.is_some() {
            return Err(refused(Refusal::AlreadyRegistered.into()));
        }
        let suffix = cx.rng().text(SUFFIX_ALPHABET, SUFFIX_LENGTH);
        let arn = Arn::security_key(
            cx.account(),
            name_of(&owner).as_deref(),
            &format!("{}-{suffix}", self.security_key_name),
        );
        let serial = SerialNumber::parse(arn.as_str())
            .map_err(|_| Fault::service("a serial number that breaks its rules"))?;
        let device = registered.device(
            cx.account(),
            cx.rng().uuid(),
            serial,
            self.security_key_name.clone(),
            Holder {
                who,
                enabled: cx.now(),
            },
        );
        let assigned = AssignedMfaDevice {
            device: device.id.clone(),
            serial: device.serial.clone(),
            enabled: cx.now(),
            name: None,
        };
        assign(cx, &owner, assigned).await?;
        let security_key = SecurityKey::new(&owner, &device, None);
        cx.unit.put(device);
        Ok(FinishSecurityKeyRegistrationOutput { security_key })
    }
}

/// Lists the FIDO security keys and passkeys of a user, or of the caller, with what is known of each. An operation of this
/// server's own, allowed by `iam:ListMFADevices`.
#[derive(Shape)]
pub struct ListSecurityKeys {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`ListSecurityKeys`].
#[derive(Shape)]
pub struct ListSecurityKeysOutput {
    /// The devices, in the order of registration: there are eight at the most.
    pub security_keys: Vec<SecurityKey>,
}

impl Operation for ListSecurityKeys {
    const SPEC: Spec = Spec::iam("ListSecurityKeys", Access::List)
        .governed_by("ListMFADevices")
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = ListSecurityKeysOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let account = cx.account();
        let devices = webauthn::fido_devices(&mut cx.unit, account, held(&owner)).await?;
        let marks: Vec<_> = devices.iter().map(webauthn::used_mark).collect();
        let used = cx
            .iam()
            .store()
            .marks_of(&marks)
            .await
            .map_err(Fault::unavailable)?;
        let security_keys = devices
            .iter()
            .zip(used)
            .map(|(device, used)| {
                let used = used.map(|mark| Timestamp::from_micros(mark.value));
                SecurityKey::new(&owner, device, used)
            })
            .collect();
        Ok(ListSecurityKeysOutput { security_keys })
    }
}

/// Takes a FIDO device away from its holder. It exists in nobody's hands but these, so it is gone.
pub(super) async fn remove(
    cx: &mut Cx<'_>,
    owner: &Owner,
    serial: &SerialNumber,
) -> Result<(), Fault> {
    let device = lookup::find_fido_device(cx, serial)
        .await?
        .ok_or_else(|| missing_device(serial))?;
    let mut devices = held(owner).to_vec();
    let before = devices.len();
    devices.retain(|held| held.device != device.id);
    if devices.len() == before {
        return Err(not_of_user());
    }
    put_held(cx, owner, devices);
    let scope = cx.scope();
    cx.unit.delete::<FidoDevice>(scope, &device.id);
    Ok(())
}

/// What a device is certified for, where it is a FIDO device and that is known.
pub(super) async fn certifications(
    cx: &mut Cx<'_>,
    held: &AssignedMfaDevice,
) -> Result<Option<BTreeMap<String, String>>, Fault> {
    if !is_fido(&held.serial) {
        return Ok(None);
    }
    let scope = cx.scope();
    let device = cx
        .unit
        .get::<FidoDevice>(scope, &held.device)
        .await
        .map_err(Fault::unavailable)?;
    Ok(device.and_then(|device| listed(&device.certifications)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_answers_is_hidden_in_audit_events() {
        let mut fields = FinishSecurityKeyRegistration::FIELDS.iter();
        assert!(fields.any(|field| field.name.wire == "RegistrationResponse" && field.secret()));
    }

    #[test]
    fn the_longest_names_make_a_serial_number() {
        let account = claviger_model::AccountId::from_number(123_456_789_012).expect("digits");
        let name = format!("{}-{}", "n".repeat(64), "A".repeat(SUFFIX_LENGTH));
        for user in [Some("u".repeat(64)), None] {
            let arn = Arn::security_key(account, user.as_deref(), &name);
            let serial = SerialNumber::parse(arn.as_str()).expect("a serial number");
            assert!(is_fido(&serial));
        }
        let virtual_one = Arn::mfa(account, "/u2f/", "phone");
        assert!(!is_fido(
            &SerialNumber::parse(virtual_one.as_str()).expect("a serial number")
        ));
    }
}
