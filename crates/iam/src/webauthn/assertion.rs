//! Assertion: proving possession of a registered device, to sign in or to do what needs more than having signed in.
//!
//! Nobody is a caller yet, so this is no operation. It reads and commits in units of the store as operations do, and what
//! it answers is a proof that only it can make.

use std::sync::Arc;

use claviger_model::name::SerialNumber;
use claviger_model::{AccountId, Code, Timestamp};
use claviger_store::{Bucket, CommitError, Scope, Stored, Unit};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use webauthn_rs_core::proto::{
    AllowCredentials, AuthenticationState, PublicKeyCredentialRequestOptions,
    UserVerificationPolicy,
};

use super::challenge::{self, Ceremony, Purpose};
use super::devices::{counter_mark, devices_of, policy, used_mark, user_of};
use super::event::{self, Subject};
use super::refusal::Refusal;
use super::relying_party::{RelyingParty, TIMEOUT_MS};
use super::response::AssertionResponse;
use super::user_handle;
use crate::context::RequestFacts;
use crate::entity::fido_device::{Regress, credential_key};
use crate::entity::index::FIDO_CREDENTIALS;
use crate::entity::mfa_device::Who;
use crate::entity::{FidoDevice, SecurityKeyPolicy, User};
use crate::fault::Fault;
use crate::iam::Iam;
use crate::pipeline::{FREE_TRIES, MAX_TRIES};

/// The kind of bucket that answers are counted in; its id is the device that they say they come from, and the network.
const ANSWERS: &str = "fido_answers";
/// Answers of one device that are verified from one network in one window.
const MOST_ANSWERS: u32 = 60;
/// How long a window is, in seconds.
const WINDOW_SECONDS: u32 = 60;

/// Why a ceremony did not go on.
#[derive(Debug)]
pub enum CeremonyError {
    /// The response is not accepted. A stranger must not be told why.
    Refused(Refusal),
    /// Something else is in the way: the store, or too many tries.
    Fault(Fault),
}

impl From<Refusal> for CeremonyError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for CeremonyError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What a client is told to prove possession by.
#[derive(Debug, Clone)]
pub struct BegunAssertion {
    /// `PublicKeyCredentialRequestOptionsJSON` (Web Authentication, 5.1.4).
    pub options: String,
}

/// Proof that somebody has a registered device, made by verification alone.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityKeyProof {
    account: AccountId,
    who: Who,
    serial: SerialNumber,
    purpose: Purpose,
    user_verified: bool,
    at: Timestamp,
}

impl SecurityKeyProof {
    /// The account of the device's holder.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The device's holder.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The device.
    #[must_use]
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// What possession was proved for. It proves nothing for anything else.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whether the authenticator verified its user: then it is two factors at once.
    #[must_use]
    pub fn user_verified(&self) -> bool {
        self.user_verified
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// What a verified assertion says.
struct Asserted {
    counter: u32,
    user_verified: bool,
    backed_up: bool,
}

/// An answer to a challenge of ours, and how far it has come in earlier tries.
struct Answered<'r> {
    account: AccountId,
    who: Option<&'r Who>,
    purpose: Purpose,
    response: &'r AssertionResponse,
    challenge: challenge::Open,
    /// Whether it may be verified.
    is_admitted: bool,
    /// Whether it is the one that used the challenge up.
    is_first: bool,
}

/// How a try to finish ended.
enum Try {
    Proved(SecurityKeyProof),
    Refused(Refusal),
    Again,
}

impl Iam {
    /// Issues a challenge to prove possession of a device. Nothing is written, so that whoever begins again and again
    /// fills nothing and is in nobody's way.
    ///
    /// Without `who` it is for a passkey that its authenticator offers by itself. The answer tells whose it is, and its user
    /// must be verified, since there is no other factor. Nothing is read, nor told of who exists.
    ///
    /// SECURITY: `who` is a user who has proved another factor, or is signed in: the options name the user's devices. It is
    /// never the name that a stranger typed. To a stranger the page offers to sign in without `who`.
    ///
    /// # Errors
    /// `NoSecurityKey` where the user has none; `ValidationError` where this server's address makes security keys unusable;
    /// `ServiceUnavailable`.
    pub async fn begin_assertion(
        &self,
        account: AccountId,
        who: Option<&Who>,
        purpose: Purpose,
        request: &RequestFacts,
    ) -> Result<BegunAssertion, CeremonyError> {
        let party = self.relying_party()?;
        let (rule, devices) = match who {
            Some(who) => {
                let mut unit = self.work(account).await?;
                let devices = devices_of(&mut unit, account, who).await?;
                if devices.is_empty() {
                    return Err(Refusal::NoSecurityKey.into());
                }
                let policy = policy(&mut unit, account).await?;
                (policy.user_verification.into(), devices)
            }
            None => (UserVerificationPolicy::Required, Vec::new()),
        };
        let ceremony = Ceremony::Assertion(purpose, who.cloned());
        let rng = &self.settings().rng;
        let challenge =
            challenge::issue(self.tokens(), rng, party, account, ceremony, request.now)?;
        let options = request_options(party, rule, &challenge, &devices).map_err(Fault::service)?;
        Ok(BegunAssertion { options })
    }

    /// Verifies what a client answered to a challenge that was issued for this user and purpose. The challenge is used up by
    /// an answer that is well signed, and by no other; the device's counter and last use move. A counter that fell back
    /// marks the device and raises an alarm.
    ///
    /// # Errors
    /// The first rule that is broken; `Throttling` where one network sent too many answers of one device;
    /// `ServiceUnavailable`.
    pub async fn finish_assertion(
        &self,
        account: AccountId,
        who: Option<&Who>,
        purpose: Purpose,
        response: &str,
        request: &RequestFacts,
    ) -> Result<SecurityKeyProof, CeremonyError> {
        let party = self.relying_party()?;
        let outcome = match AssertionResponse::read(response) {
            Ok(response) => {
                self.verify_assertion(party, account, who, purpose, &response, request)
                    .await
            }
            Err(refusal) => Err(refusal.into()),
        };
        // A stranger whom nobody can name makes no event: what cannot be looked up would only fill the store.
        if let (Err(CeremonyError::Refused(refusal)), Some(who)) = (&outcome, who) {
            let mut unit = self.work(account).await?;
            let user = user_of(&mut unit, account, who).await?;
            let subject = subject(who, user.as_deref());
            let id = self.settings().rng.uuid();
            self.journal().denied(event::checked(
                id,
                account,
                &subject,
                request,
                None,
                Some(*refusal),
            ));
        }
        outcome
    }

    async fn verify_assertion(
        &self,
        party: &RelyingParty,
        account: AccountId,
        who: Option<&Who>,
        purpose: Purpose,
        response: &AssertionResponse,
        request: &RequestFacts,
    ) -> Result<SecurityKeyProof, CeremonyError> {
        let ceremony = Ceremony::Assertion(purpose, who.cloned());
        let challenge = response.challenge();
        let challenge = challenge::open(
            self.tokens(),
            party,
            account,
            &ceremony,
            challenge,
            request.now,
        )?;
        let mut answer = Answered {
            account,
            who,
            purpose,
            response,
            challenge,
            is_admitted: false,
            is_first: false,
        };
        let mut lane = None;
        for attempt in 0..MAX_TRIES {
            if attempt == FREE_TRIES
                && let Some(mutex) = self.lane(account)
            {
                lane = Some(mutex.lock().await);
            }
            match self.try_assertion(party, &mut answer, request).await? {
                Try::Proved(proof) => return Ok(proof),
                Try::Refused(refusal) => return Err(refusal.into()),
                Try::Again => {}
            }
        }
        drop(lane);
        Err(busy().into())
    }

    async fn try_assertion(
        &self,
        party: &RelyingParty,
        answer: &mut Answered<'_>,
        request: &RequestFacts,
    ) -> Result<Try, CeremonyError> {
        let Answered {
            account,
            who,
            purpose,
            response,
            ..
        } = *answer;
        let mut unit = self.work(account).await?;
        unit.label("FinishAssertion", request.now);
        let now = request.now;
        let device = self
            .asserted_device(&mut unit, account, who, response)
            .await?;
        self.admit(answer, &device, request).await?;
        let policy = policy(&mut unit, account).await?;
        let counter = self.counter(&device).await?;
        let asserted = party.assert(response, &device, counter, verification(&policy, who));
        if matches!(asserted, Ok(_) | Err(Refusal::CounterRegressed)) {
            self.use_up(answer, now).await?;
        }
        let user = user_of(&mut unit, account, &device.holder.who).await?;
        let subject = subject(&device.holder.who, user.as_deref());
        let id = self.settings().rng.uuid();
        let mut seen = FidoDevice::clone(&device);
        let done = match asserted {
            Ok(asserted) => {
                if asserted.counter > 0 {
                    unit.advance(counter_mark(&device), asserted.counter.into());
                }
                if asserted.backed_up != device.backed_up {
                    seen.backed_up = asserted.backed_up;
                    unit.put(seen);
                }
                unit.event(event::checked(
                    id,
                    account,
                    &subject,
                    request,
                    Some(&device),
                    None,
                ));
                Try::Proved(SecurityKeyProof {
                    account,
                    who: device.holder.who.clone(),
                    serial: device.serial.clone(),
                    purpose,
                    user_verified: asserted.user_verified,
                    at: now,
                })
            }
            Err(Refusal::CounterRegressed) => {
                seen.regress = Some(Regress {
                    seen: now,
                    expected_above: counter,
                });
                unit.put(seen);
                unit.event(event::regressed(
                    id,
                    account,
                    &subject,
                    request,
                    &device,
                    counter,
                    response.counter(),
                ));
                Try::Refused(Refusal::CounterRegressed)
            }
            Err(refusal) => return Err(refusal.into()),
        };
        match unit.commit().await {
            Ok(_) => {
                if matches!(done, Try::Proved(_)) {
                    self.store().touch(used_mark(&device), now.micros(), "");
                }
                Ok(done)
            }
            Err(error) => again(error).map(|()| Try::Again),
        }
    }

    /// Lets an answer through to where its signature is verified, once however often it is tried.
    async fn admit(
        &self,
        answer: &mut Answered<'_>,
        device: &FidoDevice,
        request: &RequestFacts,
    ) -> Result<(), CeremonyError> {
        if answer.is_admitted {
            return Ok(());
        }
        // Whoever is elsewhere, or does not know the device, has no part in this bucket and cannot shut anybody out.
        let network = request.source_network();
        let bucket = Bucket::new(
            Scope::Account(answer.account),
            ANSWERS,
            format!("{}/{network}", device.id),
        );
        let taken = self
            .store()
            .take(&bucket, MOST_ANSWERS, WINDOW_SECONDS, request.now)
            .await
            .map_err(Fault::unavailable)?;
        if !taken {
            return Err(Fault::new(Code::Throttling, "Rate exceeded").into());
        }
        // Before the counter is looked at: an answer that is brought twice is no sign of a copied key.
        if answer.challenge.is_used(self.store(), request.now).await? {
            return Err(Refusal::UnknownChallenge.into());
        }
        answer.is_admitted = true;
        Ok(())
    }

    /// Uses the challenge of a well-signed answer up, once however often it is tried.
    async fn use_up(&self, answer: &mut Answered<'_>, now: Timestamp) -> Result<(), CeremonyError> {
        answer.is_first = answer.is_first || answer.challenge.use_up(self.store(), now).await?;
        if answer.is_first {
            Ok(())
        } else {
            Err(Refusal::UnknownChallenge.into())
        }
    }

    /// The device that an answer says it comes from, which must be one of whom it is about.
    async fn asserted_device(
        &self,
        unit: &mut Unit,
        account: AccountId,
        who: Option<&Who>,
        response: &AssertionResponse,
    ) -> Result<Arc<Stored<FidoDevice>>, CeremonyError> {
        let key = credential_key(response.credential_id());
        let device = unit
            .find::<FidoDevice>(Scope::Global, &FIDO_CREDENTIALS, &key)
            .await
            .map_err(Fault::unavailable)?
            .filter(|device| device.account == account)
            .ok_or(Refusal::UnknownCredential)?;
        if who.is_some_and(|who| *who != device.holder.who) {
            return Err(Refusal::UnknownCredential.into());
        }
        let expected = user_handle(account, &device.holder.who);
        match (response.user_handle(), who) {
            // Who is not known by name must be known by the handle (Web Authentication, 7.2, step 6).
            (None, None) => Err(Refusal::WrongUserHandle.into()),
            (Some(handle), _) if handle != expected.as_slice() => {
                Err(Refusal::WrongUserHandle.into())
            }
            _ => Ok(device),
        }
    }

    /// The highest signature counter that was accepted of a device.
    async fn counter(&self, device: &FidoDevice) -> Result<u32, Fault> {
        let mark = self
            .store()
            .mark(&counter_mark(device))
            .await
            .map_err(Fault::unavailable)?;
        let marked = mark.map_or(0, |mark| u32::try_from(mark.value).unwrap_or(u32::MAX));
        Ok(marked.max(device.counter))
    }

    /// This server as authenticators know it.
    ///
    /// # Errors
    /// `ValidationError` where its address makes security keys unusable.
    pub(crate) fn relying_party(&self) -> Result<&RelyingParty, Fault> {
        self.settings().relying_party.as_ref().ok_or_else(|| {
            Fault::invalid(
                "Security keys cannot be used here: the server's public address must be https with a name, or localhost.",
            )
        })
    }

    async fn work(&self, account: AccountId) -> Result<Unit, Fault> {
        self.store()
            .unit(&[Scope::Global, Scope::Account(account)])
            .await
            .map_err(Fault::unavailable)
    }
}

impl RelyingParty {
    /// Verifies a client's answer by the device that it says it comes from (Web Authentication, 7.2).
    fn assert(
        &self,
        response: &AssertionResponse,
        device: &FidoDevice,
        counter: u32,
        verification: UserVerificationPolicy,
    ) -> Result<Asserted, Refusal> {
        let state: AuthenticationState = serde_json::from_value(json!({
            "credentials": [],
            "policy": verification,
            "challenge": BASE64URL_NOPAD.encode(response.challenge()),
            "appid": null,
            "allow_backup_eligible_upgrade": false,
        }))
        .map_err(|_| Refusal::Malformed)?;
        let result = self
            .core
            .authenticate_single_credential(
                &response.credential,
                &state,
                &device.credential(counter),
            )
            .map_err(|error| Refusal::from(&error))?;
        Ok(Asserted {
            counter: result.counter(),
            user_verified: result.user_verified(),
            backed_up: result.backup_state(),
        })
    }
}

/// What is asked of user verification: all there is where the device is the only factor.
fn verification(policy: &SecurityKeyPolicy, who: Option<&Who>) -> UserVerificationPolicy {
    match who {
        Some(_) => policy.user_verification.into(),
        None => UserVerificationPolicy::Required,
    }
}

fn request_options(
    party: &RelyingParty,
    verification: UserVerificationPolicy,
    challenge: &[u8],
    devices: &[FidoDevice],
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&PublicKeyCredentialRequestOptions {
        challenge: challenge.to_vec(),
        timeout: Some(TIMEOUT_MS),
        rp_id: party.id.clone(),
        allow_credentials: devices
            .iter()
            .map(|device| AllowCredentials {
                type_: String::from("public-key"),
                id: device.credential_id.clone(),
                transports: (!device.transports.is_empty()).then(|| device.transports.clone()),
            })
            .collect(),
        user_verification: verification,
        hints: None,
        extensions: None,
    })
}

fn subject<'a>(who: &'a Who, user: Option<&'a Stored<User>>) -> Subject<'a> {
    match (who, user) {
        (Who::Root, _) => Subject::Root,
        (Who::User(_), Some(user)) => Subject::User(user),
        (Who::User(_), None) => Subject::Gone(who),
    }
}

/// Whether a commit that did not happen is worth another try.
fn again(error: CommitError) -> Result<(), CeremonyError> {
    match error {
        CommitError::Conflict | CommitError::Taken(_) | CommitError::Replayed(_) => Ok(()),
        CommitError::Limit { .. } | CommitError::Busy | CommitError::Failed(_) => {
            Err(Fault::unavailable(error).into())
        }
    }
}

fn busy() -> Fault {
    Fault::new(
        Code::ConcurrentModification,
        "The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.",
    )
}
