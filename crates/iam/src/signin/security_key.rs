//! Security keys and passkeys at sign-in: as the second factor, as the only one where the account allows it, and to confirm
//! to be there.

use claviger_model::AccessKeyId;
use claviger_store::Scope;

use super::half_open::{AwaitingFactor, Proved};
use super::password::account_of;
use super::steps::standing;
use super::{AtConsole, Next, Refusal};
use crate::context::RequestFacts;
use crate::entity::console_session::ConsoleToken;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::webauthn::{CeremonyError, Purpose, SecurityKeyProof};

impl From<CeremonyError> for Refusal {
    fn from(error: CeremonyError) -> Self {
        match error {
            // A stranger must not be told why.
            CeremonyError::Refused(_) => Self::Wrong,
            CeremonyError::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl Iam {
    /// What a browser is told to ask a security key for, as the second factor of a sign-in:
    /// `PublicKeyCredentialRequestOptionsJSON` (Web Authentication, 5.1.4).
    ///
    /// # Errors
    /// [`Refusal::Wrong`] where there is no such key; [`Refusal::Fault`].
    pub async fn factor_challenge(
        &self,
        waiting: &AwaitingFactor,
        request: &RequestFacts,
    ) -> Result<String, Refusal> {
        let Proved { account, who, .. } = &waiting.proved;
        let begun = self.begin_assertion(*account, Some(who), Purpose::SignIn, request);
        Ok(begun.await?.options)
    }

    /// Goes on with what a security key answered.
    ///
    /// # Errors
    /// [`Refusal::Wrong`]; what [`Next`] is refused with.
    pub async fn sign_in_with_security_key(
        &self,
        waiting: AwaitingFactor,
        response: &str,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let mut proved = waiting.proved;
        let finished = self.finish_assertion(
            proved.account,
            Some(&proved.who),
            Purpose::SignIn,
            response,
            request,
        );
        let proof = match finished.await.map_err(Refusal::from) {
            Ok(proof) => proof,
            Err(Refusal::Wrong) => {
                self.tell_wrong_factor(&proved, "security key", request)
                    .await?;
                return Err(Refusal::Wrong);
            }
            Err(refusal) => return Err(refusal),
        };
        proved.mfa = Some(proof.at());
        proved.factor = Some(proof.serial().as_str().to_owned());
        self.next(proved, request).await
    }

    /// What a browser is told to ask for a passkey that will do without a password.
    ///
    /// # Errors
    /// [`Refusal::Unable`] where the account does not allow it, or there is no such account: the two look alike.
    pub async fn passkey_challenge(
        &self,
        account: &str,
        request: &RequestFacts,
    ) -> Result<String, Refusal> {
        let account = self.passkeys_alone(account).await?;
        let begun = self.begin_assertion(account, None, Purpose::SignIn, request);
        Ok(begun.await?.options)
    }

    /// Signs in with a passkey alone, which has verified its user: two factors at once.
    ///
    /// # Errors
    /// [`Refusal::Wrong`], [`Refusal::Unable`]; what [`Next`] is refused with.
    pub async fn sign_in_with_passkey(
        &self,
        account: &str,
        response: &str,
        request: &RequestFacts,
    ) -> Result<Next, Refusal> {
        let account = self.passkeys_alone(account).await?;
        let proof: SecurityKeyProof = self
            .finish_assertion(account, None, Purpose::SignIn, response, request)
            .await?;
        if !proof.user_verified() {
            return Err(Refusal::Wrong);
        }
        let mut unit = self
            .store()
            .unit(&[Scope::Global, Scope::Account(account)])
            .await
            .map_err(Fault::unavailable)?;
        let standing = standing(&mut unit, account, proof.who()).await?;
        // Who has no password has no access to the console.
        let password = standing.password_field().ok_or(Refusal::Wrong)?.to_owned();
        if !standing.may_sign_in() {
            return Err(Refusal::Wrong);
        }
        let proved = Proved {
            account,
            who: proof.who().clone(),
            epoch: standing.epoch(),
            sign_in_epoch: standing.sign_in_epoch(),
            password,
            begun: request.now,
            mfa: Some(proof.at()),
            factor: Some(proof.serial().as_str().to_owned()),
            code: None,
            is_new_browser: false,
            access_key_id: AccessKeyId::generate_temporary(account, &self.settings().rng),
        };
        self.next(proved, request).await
    }

    /// The account of this number or alias, if it lets people sign in with a passkey alone.
    async fn passkeys_alone(&self, account: &str) -> Result<claviger_model::AccountId, Refusal> {
        let mut unit = self
            .store()
            .unit(&[Scope::Global])
            .await
            .map_err(Fault::unavailable)?;
        account_of(&mut unit, account)
            .await?
            .filter(|account| account.sign_in.passkey_alone)
            .map(|account| account.id)
            .ok_or(Refusal::Unable(
                "Nobody signs in to such an account with a passkey alone.",
            ))
    }

    /// What a browser is told to ask a security key for, to confirm that the person is there.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] where the person has none; [`Refusal::Fault`].
    pub async fn confirm_challenge(
        &self,
        at: &AtConsole,
        request: &RequestFacts,
    ) -> Result<String, Refusal> {
        let session = at.session();
        let begun = self.begin_assertion(
            session.account,
            Some(&session.who),
            Purpose::Reauthentication,
            request,
        );
        Ok(begun.await?.options)
    }

    /// Confirms by a security key that the person is there. The session goes on under another token.
    ///
    /// # Errors
    /// [`Refusal::Wrong`], [`Refusal::Over`].
    pub async fn confirm_with_security_key(
        &self,
        at: &AtConsole,
        response: &str,
        request: &RequestFacts,
    ) -> Result<ConsoleToken, Refusal> {
        at.must_be_self()?;
        let session = at.session();
        let proof = self
            .finish_assertion(
                session.account,
                Some(&session.who),
                Purpose::Reauthentication,
                response,
                request,
            )
            .await?;
        self.renew(at, Some(proof.at()), request).await
    }
}
