//! Tokens of the Identity API: issuing, showing and ending them. AWS has none; these are operations of this server's own
//! (OpenStack Identity API v3, "Authentication and token management"; Open Telekom Cloud IAM API reference, "Token
//! Management").

use std::sync::Arc;

use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{AccessKeyId, Arn, Code, Secret, Timestamp, text_scalar};
use claviger_shape::Shape;
use claviger_store::{Stored, Unit};
use zeroize::Zeroize;

use super::mfa_devices::AuthenticationCode;
use super::users::check_on_user;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::caller::{Caller, Way};
use crate::cx::Cx;
use crate::entity::{Account, Role, User};
use crate::fault::Fault;
use crate::identity_token::{LIFETIME_SECONDS, Method, TokenScope, TokenTerms, Told, seal};
use crate::mfa;
use crate::principal::{Being, Principal};
use crate::session::{Session, SessionPrincipal};
use crate::signin::token;
use crate::spec::{Access, Grant, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<ReissueToken>(),
    entry::<RevokeOwnToken>(),
    entry::<ValidateToken>(),
    entry::<RevokeToken>(),
];

text_scalar! {
    in Box<str>;
    /// A token of the Identity API; opaque.
    TokenText, [MaxLength(16_384), MinLength(1), Pattern(r"[A-Za-z0-9_-]+")],
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

impl Zeroize for TokenText {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A token, with when it ends.
#[derive(Shape)]
pub struct IssuedToken {
    /// What its bearer shows.
    pub token: Secret<String>,
    /// When it ends.
    pub expiration: Timestamp,
}

/// What a token is issued for.
fn scope_of(project: Option<bool>) -> TokenScope {
    if project == Some(true) {
        TokenScope::Project
    } else {
        TokenScope::Domain
    }
}

/// Issues a token to whoever signs in with a password, and the code of an MFA device where it is given. It stands for the
/// second factor where the code was right.
#[derive(Shape)]
pub struct IssueToken {
    /// The code that a device of the user's shows.
    pub token_code: Option<Secret<AuthenticationCode>>,
    /// Whether it is for the account's project, not for the account.
    pub project: Option<bool>,
}

impl Operation for IssueToken {
    const SPEC: Spec = Spec::sign_in("IssueToken")
        .issuing()
        .by_strangers()
        .faults(&[Code::InvalidAuthenticationCode]);
    type Output = IssuedToken;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::default())
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        token::check(cx, self.token_code.is_some()).await?;
        let mut methods = vec![Method::Password];
        let proved = match &self.token_code {
            Some(code) => {
                methods.push(Method::Totp);
                let proved = mfa::verify_any(cx, code.expose().as_str()).await;
                Some(proved.map_err(|fault| match fault.code() {
                    Code::AccessDenied => Fault::new(
                        Code::InvalidAuthenticationCode,
                        "The code is not that of a device of the user's.",
                    ),
                    _ => fault,
                })?)
            }
            None => None,
        };
        let session = own_session(cx, proved)?;
        let terms = TokenTerms {
            methods,
            scope: scope_of(self.project),
            assumed_by: None,
        };
        issue(cx, &session, &terms)
    }
}

/// A session of the caller's own that lasts as long as tokens do.
fn own_session(cx: &Cx<'_>, mfa: Option<Timestamp>) -> Result<Session, Fault> {
    let caller = cx
        .caller()
        .session()
        .ok_or_else(|| Fault::service("a sign-in without a session"))?;
    Ok(Session {
        access_key_id: AccessKeyId::generate_temporary(cx.account(), cx.rng()),
        issued: cx.now(),
        expires: cx.now().plus_seconds(LIFETIME_SECONDS),
        mfa,
        ..Session::clone(caller)
    })
}

fn issue(cx: &Cx<'_>, session: &Session, terms: &TokenTerms) -> Result<IssuedToken, Fault> {
    Ok(IssuedToken {
        token: seal(cx.iam().tokens(), session, terms)?,
        expiration: session.expires,
    })
}

/// Issues another token to the bearer of one: for the account or its project. It ends when the first one would.
#[derive(Shape)]
pub struct ReissueToken {
    /// Whether it is for the account's project, not for the account.
    pub project: Option<bool>,
}

impl Operation for ReissueToken {
    const SPEC: Spec = Spec::iam("ReissueToken", Access::Write)
        .grant(Grant::UnlessDenied)
        .issuing();
    type Output = IssuedToken;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (shown, session) = shown_token(cx.caller())?;
        let mut terms = TokenTerms {
            scope: scope_of(self.project),
            ..shown.clone()
        };
        if !terms.methods.contains(&Method::Token) {
            terms.methods.push(Method::Token);
        }
        let session = Session {
            access_key_id: AccessKeyId::generate_temporary(cx.account(), cx.rng()),
            issued: cx.now(),
            ..session.clone()
        };
        issue(cx, &session, &terms)
    }
}

/// The token that the caller shows.
fn shown_token(caller: &Caller) -> Result<(&TokenTerms, &Session), Fault> {
    match (caller.way(), caller.session()) {
        (Way::Token(terms), Some(session)) => Ok((terms, session)),
        _ => Err(Fault::denied(
            "This operation is for callers who show a token.",
        )),
    }
}

/// Ends the token that the caller shows. No permission is needed.
#[derive(Shape)]
pub struct RevokeOwnToken {}

impl Operation for RevokeOwnToken {
    const SPEC: Spec = Spec::iam("RevokeOwnToken", Access::Write).grant(Grant::Everyone);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (_, session) = shown_token(cx.caller())?;
        let (id, expires) = (session.access_key_id.clone(), session.expires);
        let being = cx.principal().await?.being.clone();
        let now = cx.now();
        // SECURITY: a role is lent to many, and one who may assume it must not end everybody's sessions of it.
        if matches!(&being, Being::Role(role) if role.ended_sessions.is_full(now)) {
            return Err(Fault::new(
                Code::Throttling,
                "Too many sessions of this role were ended one by one. They end by themselves; have an administrator end this one.",
            ));
        }
        end(&mut cx.unit, &being, id, expires, now);
        Ok(Empty {})
    }
}

/// Ends a session of a principal.
fn end(unit: &mut Unit, being: &Being, id: AccessKeyId, expires: Timestamp, now: Timestamp) {
    match being {
        Being::User(user) => {
            let mut user: User = User::clone(user);
            let epoch = &mut user.security_epoch;
            user.ended_sessions.end(id, expires, epoch, now);
            unit.put(user);
        }
        Being::Root(account) => {
            let mut account: Account = Account::clone(account);
            let root = &mut account.root;
            let epoch = &mut root.security_epoch;
            root.ended_sessions.end(id, expires, epoch, now);
            unit.put(account);
        }
        Being::Role(role) => {
            let mut role: Role = Role::clone(role);
            let epoch = &mut role.security_epoch;
            role.ended_sessions.end(id, expires, epoch, now);
            unit.put(role);
        }
        Being::Host(_) => {}
    }
}

/// The token that a request is about, if it is one of the caller's account and its time is not over.
fn told(cx: &Cx<'_>, token: &Secret<TokenText>) -> Option<Told> {
    let told = cx.iam().told_by_token(token.expose().as_str(), cx.now())?;
    (told.caller.account() == cx.account()).then_some(told)
}

/// Whom a token is of: what a request about it is authorized on.
async fn check_on_bearer(cx: &mut Cx<'_>, token: &Secret<TokenText>) -> Result<Check, Fault> {
    let account = cx.account();
    let Some(told) = told(cx, token) else {
        return Ok(Check::on_account());
    };
    let scope = cx.scope();
    let Some(session) = told.caller.session() else {
        return Ok(Check::on_account());
    };
    Ok(match &session.principal {
        SessionPrincipal::Root(_) => Check::on(account, &Arn::root(account)),
        SessionPrincipal::User { id, .. } => {
            let user: Option<Arc<Stored<User>>> = cx
                .unit
                .get(scope, id.as_str())
                .await
                .map_err(Fault::unavailable)?;
            user.map_or_else(Check::on_account, |user| check_on_user(&user))
        }
        SessionPrincipal::Role { id, .. } => {
            let role: Option<Arc<Stored<Role>>> = cx
                .unit
                .get(scope, id.as_str())
                .await
                .map_err(Fault::unavailable)?;
            role.map_or_else(Check::on_account, |role| {
                Check::on(account, &role.arn()).tagged(&role.tags)
            })
        }
    })
}

/// Who bears the token now.
async fn bearer(cx: &mut Cx<'_>, token: &Secret<TokenText>) -> Result<(Told, Principal), Fault> {
    let missing = || Fault::missing("The token cannot be found: it is none, or has ended.");
    let told = told(cx, token).ok_or_else(missing)?;
    let now = cx.now();
    match Principal::load(&mut cx.unit, &told.caller, now).await {
        Ok(principal) => Ok((told, principal)),
        Err(fault) if fault.code() == Code::InvalidClientTokenId => Err(missing()),
        Err(fault) => Err(fault),
    }
}

/// Tells whose a token of the caller's account is, and until when it is good. An operation of this server's own.
#[derive(Shape)]
pub struct ValidateToken {
    /// The token.
    pub subject_token: Secret<TokenText>,
}

/// The answer of [`ValidateToken`].
#[derive(Shape)]
pub struct ValidateTokenOutput {
    /// Who bears it.
    pub arn: Arn,
    /// The bearer's unique id.
    pub user_id: String,
    /// When it ends.
    pub expiration: Timestamp,
}

impl Operation for ValidateToken {
    const SPEC: Spec = Spec::iam("ValidateToken", Access::Read)
        .on(&[ResourceType::User, ResourceType::Role])
        .faults(&[Code::NoSuchEntity]);
    type Output = ValidateTokenOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on_bearer(cx, &self.subject_token).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (told, principal) = bearer(cx, &self.subject_token).await?;
        Ok(ValidateTokenOutput {
            arn: principal.arn,
            user_id: principal.user_id,
            expiration: told.expires,
        })
    }
}

/// Ends a token of the caller's account. Its next use is refused. An operation of this server's own.
#[derive(Shape)]
pub struct RevokeToken {
    /// The token.
    pub subject_token: Secret<TokenText>,
}

impl Operation for RevokeToken {
    const SPEC: Spec = Spec::iam("RevokeToken", Access::Write)
        .on(&[ResourceType::User, ResourceType::Role])
        .faults(&[Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on_bearer(cx, &self.subject_token).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let (told, principal) = bearer(cx, &self.subject_token).await?;
        let now = cx.now();
        end(
            &mut cx.unit,
            &principal.being,
            told.session_id,
            told.expires,
            now,
        );
        Ok(Empty {})
    }
}
