//! Temporary credentials (AWS STS): who am I, sessions of the caller itself, sessions of roles.

use std::sync::{Arc, LazyLock};

use claviger_model::access_key_id::generate_secret;
use claviger_model::arn::Parts;
use claviger_model::scalar::Bounded;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{
    AccessKeyId, AccountId, Arn, Code, Scalar, Secret, Tag, TagKey, Timestamp, text, text_scalar,
    unique_id,
};
use claviger_policy::Policy;
use claviger_shape::Shape;
use claviger_store::{Scope, Stored, Unit};
use zeroize::Zeroize;

use super::shapes::{TagShape, tags_in};
use super::{Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::caller::{Caller, Who};
use crate::context::Fact;
use crate::cx::Cx;
use crate::entity::index::ROLES_BY_NAME;
use crate::entity::{Document, Role};
use crate::fault::Fault;
use crate::principal::Being;
use crate::session::{IssuedTo, MAX_TOKEN_BYTES, Session, SessionPrincipal, seal};
use crate::spec::unraised::REGIONS_ARE_ALL_SERVED;
use crate::spec::{Access, Grant, ResourceType, Spec};
use crate::{lookup, mfa, trust};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<GetCallerIdentity>(),
    entry::<GetSessionToken>(),
    entry::<AssumeRole>(),
    entry::<GetAccessKeyInfo>(),
];

text_scalar! {
    /// The name of a role's session: 2 to 64 characters of `[\w+=,.@-]`.
    RoleSessionName, [MaxLength(64), MinLength(2), Pattern(r"[\w+=,.@-]*")],
    |text| text.chars().all(text::is_name_char)
}
text_scalar! {
    /// What a third party proves with that it acts for the owner of a role: 2 to 1,224 characters.
    ExternalId, [MaxLength(1_224), MinLength(2), Pattern(r"[\w+=,.@:\/-]*")],
    |text| text.chars().all(|c| text::is_name_char(c) || matches!(c, ':' | '/'))
}
text_scalar! {
    /// Who stands behind a chain of sessions: 2 to 256 characters. The published model says 64; AWS takes 256 (recorded
    /// 2026).
    SourceIdentity, [MaxLength(256), MinLength(2), Pattern(r"[\w+=,.@-]*")],
    |text| text.chars().all(text::is_name_char)
}
text_scalar! {
    /// The serial number of an MFA device, as STS takes it.
    StsSerialNumber, [MaxLength(256), MinLength(9), Pattern(r"[\w+=/:,.@-]*")],
    |text| text.chars().all(|c| text::is_name_char(c) || matches!(c, '/' | ':'))
}
text_scalar! {
    in Box<str>;
    /// The code that an MFA device shows: six digits.
    TokenCode, [MaxLength(6), MinLength(6), Pattern(r"[\d]*")], |text| text.bytes().all(|b| b.is_ascii_digit())
}
text_scalar! {
    /// A session policy. Its size is bounded together with that of the tags.
    SessionPolicyDocument, [MinLength(1), Pattern(r"[\u0009\u000A\u000D\u0020-\u00FF]+")], text::is_latin_document
}
text_scalar! {
    /// The id of an access key, as STS takes it.
    StsAccessKeyId, [MaxLength(128), MinLength(16), Pattern(r"[\w]*")],
    |text| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
text_scalar! {
    /// An assertion of a context provider: 4 to 2,048 characters.
    ContextAssertion, [MaxLength(2_048), MinLength(4)], |_| true
}

impl Zeroize for TokenCode {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Temporary credentials.
#[derive(Shape)]
pub struct Credentials {
    /// `ASIA…`.
    pub access_key_id: AccessKeyId,
    /// What requests are signed with.
    pub secret_access_key: Secret<String>,
    /// What requests carry beside the signature.
    pub session_token: Secret<String>,
    /// When they end.
    pub expiration: Timestamp,
}

/// Credentials, with the size of their token.
struct Issued {
    credentials: Credentials,
    token_bytes: usize,
}

/// What a session is made of, besides its key and its beginning.
struct Terms {
    principal: SessionPrincipal,
    epoch: u64,
    expires: Timestamp,
    mfa: Option<Timestamp>,
    policy: Option<Document>,
    policy_arns: Vec<Arn>,
    tags: Vec<Tag>,
    transitive: Vec<TagKey>,
    source_identity: Option<String>,
    issued_to: Option<IssuedTo>,
}

/// Makes credentials. The token has at least `minimum` bytes.
fn issue(cx: &Cx<'_>, terms: Terms, minimum: usize) -> Result<Issued, Fault> {
    let secret = generate_secret(cx.rng());
    let session = Session {
        access_key_id: AccessKeyId::generate_temporary(terms.principal.account(), cx.rng()),
        principal: terms.principal,
        epoch: terms.epoch,
        issued: cx.now(),
        expires: terms.expires,
        mfa: terms.mfa,
        policy: terms.policy,
        policy_arns: terms.policy_arns,
        tags: terms.tags,
        transitive: terms.transitive,
        source_identity: terms.source_identity,
        issued_to: terms.issued_to,
    };
    let token = seal(cx.iam().tokens(), &session, &secret, minimum)?;
    let token_bytes = token.expose().len();
    if token_bytes > MAX_TOKEN_BYTES {
        return Err(too_large(percent(token_bytes, MAX_TOKEN_BYTES)));
    }
    Ok(Issued {
        credentials: Credentials {
            access_key_id: session.access_key_id,
            secret_access_key: secret,
            session_token: token,
            expiration: session.expires,
        },
        token_bytes,
    })
}

/// The bytes that a token must have at the least.
type MinimumTokenSize = Bounded<0, 4_096>;

fn minimum_bytes(asked: Option<MinimumTokenSize>) -> usize {
    usize::try_from(asked.map_or(0, Bounded::get)).unwrap_or(0)
}

/// Utilization and size of a token, told to those who asked for a size.
fn token_size(asked: Option<MinimumTokenSize>, bytes: usize) -> (Option<i32>, Option<i32>) {
    if asked.is_none() {
        return (None, None);
    }
    (
        Some(percent(bytes, MAX_TOKEN_BYTES)),
        Some(i32::try_from(bytes).unwrap_or(i32::MAX)),
    )
}

/// How many per cent `part` is of `whole`, rounded up.
fn percent(part: usize, whole: usize) -> i32 {
    i32::try_from(part.saturating_mul(100).div_ceil(whole)).unwrap_or(i32::MAX)
}

/// Refuses a session of `GetSessionToken` where STS takes none: those may call `AssumeRole` and `GetCallerIdentity` alone
/// (STS API reference, `GetSessionToken`).
fn refuse_own_session(caller: &Caller, operation: &str) -> Result<(), Fault> {
    let of_role = matches!(caller.who(), Who::Role { .. });
    if caller.session().is_some() && !of_role {
        return Err(cannot_call(operation));
    }
    Ok(())
}

fn cannot_call(operation: &str) -> Fault {
    Fault::denied(format!("Cannot call {operation} with session credentials"))
}

/// Tells who the caller is. No permission is needed, and none can be denied.
#[derive(Shape)]
pub struct GetCallerIdentity {}

/// The answer of [`GetCallerIdentity`].
#[derive(Shape)]
pub struct GetCallerIdentityOutput {
    /// `AIDA…` for a user, `AROA…:session` for a session of a role, the account's number for root.
    pub user_id: String,
    /// The caller's account.
    pub account: AccountId,
    /// The caller's resource name.
    pub arn: Arn,
}

impl Operation for GetCallerIdentity {
    const SPEC: Spec = Spec::sts("GetCallerIdentity", Access::Read).grant(Grant::Everyone);
    type Output = GetCallerIdentityOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let principal = cx.principal().await?;
        Ok(GetCallerIdentityOutput {
            user_id: principal.user_id.clone(),
            account: principal.account,
            arn: principal.arn.clone(),
        })
    }
}

/// Tells which account an access key belongs to, by its id alone.
#[derive(Shape)]
pub struct GetAccessKeyInfo {
    /// The key, which may be deleted, or never have been made here.
    pub access_key_id: StsAccessKeyId,
}

/// The answer of [`GetAccessKeyInfo`].
#[derive(Shape)]
pub struct GetAccessKeyInfoOutput {
    /// The account whose number is written into the id.
    pub account: AccountId,
}

impl Operation for GetAccessKeyInfo {
    const SPEC: Spec = Spec::sts("GetAccessKeyInfo", Access::Read);
    type Output = GetAccessKeyInfoOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        refuse_own_session(cx.caller(), "GetAccessKeyInfo")?;
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, _: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        // Nothing is looked up, so that nobody learns which keys there are (AC-26).
        let account = unique_id::account_of(self.access_key_id.as_str()).ok_or_else(|| {
            Fault::invalid(format!(
                "{} is not a valid access key ID",
                self.access_key_id
            ))
        })?;
        Ok(GetAccessKeyInfoOutput { account })
    }
}

/// Issues temporary credentials of the caller itself, a user or root, with a second factor or without. The source networks
/// and the expiry of the access key that asks hold for them too. Those of a console session carry the second factor that it
/// has proved, and end when it would end at the latest.
#[derive(Shape)]
pub struct GetSessionToken {
    /// Seconds that the credentials last, 900 to 129,600; 43,200 when left out. Those of root last 3,600 at the most, and
    /// none outlive the access key that asks for them.
    pub duration_seconds: Option<Bounded<900, 129_600>>,
    /// The caller's MFA device.
    pub serial_number: Option<StsSerialNumber>,
    /// The code that the device shows. Each code is good for one request.
    pub token_code: Option<Secret<TokenCode>>,
    /// Bytes that the token is to have at the least, up to 4,096.
    pub minimum_session_token_size: Option<MinimumTokenSize>,
}

/// The answer of [`GetSessionToken`].
#[derive(Shape)]
pub struct GetSessionTokenOutput {
    /// The credentials. Without a second factor they cannot call IAM.
    pub credentials: Credentials,
    /// How many per cent of the greatest token's size this one has; told where a size was asked for.
    pub session_token_utilization: Option<i32>,
    /// How many bytes the token has; told where a size was asked for.
    pub session_token_size: Option<i32>,
}

/// Seconds that a session of a user lasts where the request does not say.
const SESSION_SECONDS: i64 = 43_200;
/// Seconds that a session of root lasts at the most.
const ROOT_SESSION_SECONDS: i64 = 3_600;

impl Operation for GetSessionToken {
    const SPEC: Spec = Spec::sts("GetSessionToken", Access::Read)
        .unraised(&[REGIONS_ARE_ALL_SERVED])
        .grant(Grant::UnlessDenied)
        .issuing()
        .on_own_credentials();
    type Output = GetSessionTokenOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let caller = cx.caller();
        // SECURITY: the console session of somebody who acts as a role is the person's, and the role's none.
        let of_role = matches!(caller.who(), Who::Role { .. });
        let is_person = caller.console().is_some() || caller.token().is_some();
        if of_role || caller.session().is_some() && !is_person {
            return Err(cannot_call("GetSessionToken"));
        }
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let code = self.token_code.as_ref().map(|code| code.expose().as_str());
        let factor = mfa::both(
            self.serial_number.as_ref().map(StsSerialNumber::as_str),
            code,
        )?;
        let proved = match factor {
            Some((serial, code)) => Some(mfa::verify(cx, serial, code).await?),
            // Of the console, or of a token.
            None => cx.caller().mfa(),
        };
        let asked = self
            .duration_seconds
            .map(|seconds| i64::from(seconds.get()));
        let principal = cx.principal().await?;
        let key_ends = principal.key_bounds.as_ref().and_then(|key| key.expires);
        let own_ends = cx.caller().session().map(|session| session.expires);
        let (principal, epoch, key_epoch, seconds) = match &principal.being {
            Being::Root(account) => (
                SessionPrincipal::Root(account.id),
                account.root.security_epoch,
                account.root.key_epoch,
                asked
                    .unwrap_or(ROOT_SESSION_SECONDS)
                    .min(ROOT_SESSION_SECONDS),
            ),
            Being::User(user) => (
                SessionPrincipal::User {
                    account: user.account,
                    id: user.id.clone(),
                },
                user.security_epoch,
                user.key_epoch,
                asked.unwrap_or(SESSION_SECONDS),
            ),
            Being::Role(_) | Being::Host(_) => return Err(cannot_call("GetSessionToken")),
        };
        let end = cx.now().whole_seconds().plus_seconds(seconds);
        let issued = issue(
            cx,
            Terms {
                principal,
                epoch,
                expires: ([key_ends, own_ends].into_iter().flatten()).fold(end, Ord::min),
                mfa: proved,
                policy: None,
                policy_arns: Vec::new(),
                tags: Vec::new(),
                transitive: Vec::new(),
                source_identity: None,
                issued_to: cx.caller().access_key_id().map(|key| IssuedTo {
                    key: key.clone(),
                    key_epoch,
                }),
            },
            minimum_bytes(self.minimum_session_token_size),
        )?;
        let (session_token_utilization, session_token_size) =
            token_size(self.minimum_session_token_size, issued.token_bytes);
        Ok(GetSessionTokenOutput {
            credentials: issued.credentials,
            session_token_utilization,
            session_token_size,
        })
    }
}

/// A managed policy that narrows a session.
#[derive(Shape)]
pub struct PolicyDescriptorType {
    /// The policy, which must be one that the role's account can attach.
    #[shape(name = "arn")]
    pub arn: Arn,
}

/// A context that a provider asserts.
#[derive(Shape)]
pub struct ProvidedContext {
    /// The provider.
    pub provider_arn: Option<Arn>,
    /// What it asserts.
    pub context_assertion: Option<ContextAssertion>,
}

/// Issues temporary credentials of a role, if the role trusts the caller and the caller may assume it. The role is a principal
/// of its own, so the source networks and the expiry of the caller's access key do not go on to them: bound them by
/// `aws:SourceIp` in the role's policies.
#[derive(Shape)]
pub struct AssumeRole {
    /// The role, of this account or another.
    pub role_arn: Arn,
    /// What to call the session: it stands in the session's resource name and in the audit trail.
    pub role_session_name: RoleSessionName,
    /// Managed policies that narrow the session, at most ten.
    #[shape(max = 10)]
    pub policy_arns: Vec<PolicyDescriptorType>,
    /// A policy that narrows the session. The session may do what both the role and the union of these policies allow.
    pub policy: Option<SessionPolicyDocument>,
    /// Seconds that the session lasts, from 900 to the role's own maximum; 3,600 when left out. A session of a role that
    /// assumes another role gets 3,600 at the most, and never beyond its own end.
    pub duration_seconds: Option<Bounded<900, 43_200>>,
    /// Tags of the session, at most fifty. The caller needs the permission `sts:TagSession` on both sides.
    #[shape(max = 50)]
    pub tags: Vec<TagShape>,
    /// Which of the tags go on to sessions that are made from this one.
    #[shape(max = 50)]
    pub transitive_tag_keys: Vec<TagKey>,
    /// What the role's owner and a third party agreed on.
    pub external_id: Option<ExternalId>,
    /// The caller's MFA device.
    pub serial_number: Option<StsSerialNumber>,
    /// The code that the device shows. Each code is good for one request.
    pub token_code: Option<Secret<TokenCode>>,
    /// Who stands behind the session; set once in a chain. The caller needs `sts:SetSourceIdentity` on both sides.
    pub source_identity: Option<SourceIdentity>,
    /// Contexts of providers. This server trusts none, so a request with any is refused.
    #[shape(max = 5)]
    pub provided_contexts: Vec<ProvidedContext>,
    /// Bytes that the token is to have at the least, up to 4,096.
    pub minimum_session_token_size: Option<MinimumTokenSize>,
}

/// The session of a role.
#[derive(Shape)]
pub struct AssumedRoleUser {
    /// `AROA…:session`.
    pub assumed_role_id: String,
    /// The session's resource name.
    pub arn: Arn,
}

/// The answer of [`AssumeRole`].
#[derive(Shape)]
pub struct AssumeRoleOutput {
    /// The credentials.
    pub credentials: Credentials,
    /// Who stands behind the session, if that is set.
    pub source_identity: Option<String>,
    /// Whose credentials they are.
    pub assumed_role_user: AssumedRoleUser,
    /// How many per cent of the room for policies and tags is used; told where any were passed.
    pub packed_policy_size: Option<i32>,
    /// How many per cent of the greatest token's size this one has; told where a size was asked for.
    pub session_token_utilization: Option<i32>,
    /// How many bytes the token has; told where a size was asked for.
    pub session_token_size: Option<i32>,
}

/// Seconds that a session lasts where the request does not say, and at the most in a chain of roles.
const CHAINED_SECONDS: i32 = 3_600;
/// Characters of session policies in all, resource names counted.
const POLICY_CHARACTERS: usize = 2_048;
/// Bytes of policies, resource names and tags in all, inherited tags counted.
const PACKED_BYTES: usize = 4_096;

/// What a role that is not there trusts.
static NOTHING: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::deny_everything()));

/// The parts of a role's resource name.
fn parts_of(arn: &Arn) -> Result<Parts<'_>, Fault> {
    arn.parts()
        .filter(|parts| {
            !parts.partition.is_empty() && !parts.service.is_empty() && !parts.resource.is_empty()
        })
        .ok_or_else(|| Fault::invalid(format!("{arn} is invalid")))
}

/// The role of this resource name, in whichever account, and the account that the name names.
pub(crate) async fn find_role(
    unit: &mut Unit,
    arn: &Arn,
) -> Result<(Option<Arc<Stored<Role>>>, Option<AccountId>), Fault> {
    let parts = parts_of(arn)?;
    let Ok(account) = AccountId::parse(parts.account) else {
        return Ok((None, None));
    };
    let name = parts
        .resource
        .strip_prefix("role/")
        .and_then(|path| path.rsplit('/').next());
    let Some(name) = name else {
        return Ok((None, Some(account)));
    };
    let found = unit
        .find::<Role>(
            Scope::Account(account),
            &ROLES_BY_NAME,
            text::fold(name).as_bytes(),
        )
        .await
        .map_err(Fault::unavailable)?;
    // The name finds the role; all of its resource name must be right.
    Ok((found.filter(|role| role.arn() == *arn), Some(account)))
}

/// The tags that a caller's session hands on, and their keys.
fn inherited(caller: &Caller) -> (Vec<Tag>, Vec<TagKey>) {
    let Some(session) = caller.session() else {
        return (Vec::new(), Vec::new());
    };
    let tags = session
        .tags
        .iter()
        .filter(|tag| holds(&session.transitive, &tag.key))
        .cloned()
        .collect();
    (tags, session.transitive.clone())
}

fn holds<'a>(keys: impl IntoIterator<Item = &'a TagKey>, key: &TagKey) -> bool {
    let key = key.folded();
    keys.into_iter().any(|other| other.folded() == key)
}

/// Refuses tags that contradict each other or what the caller's session hands on (recorded from AWS, 2026).
fn check_tags(tags: &[Tag], transitive: &[TagKey], inherited: &[TagKey]) -> Result<(), Fault> {
    let refuse = |message: &str| Err(Fault::new(Code::InvalidParameterValue, message));
    for (place, tag) in tags.iter().enumerate() {
        if tag.key.is_reserved() {
            return refuse("Tag keys must not begin with aws:.");
        }
        if holds(tags.iter().skip(place + 1).map(|tag| &tag.key), &tag.key) {
            return refuse(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            );
        }
    }
    let own = |key: &TagKey| holds(tags.iter().map(|tag| &tag.key), key);
    if !transitive.iter().all(own) {
        return refuse("The specified transitive tag key must be included in the requested tags.");
    }
    if tags.iter().any(|tag| holds(inherited, &tag.key)) {
        return refuse(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        );
    }
    Ok(())
}

/// The source identity of the session that is asked for. Once set it stays for the whole chain.
fn source_identity(
    asked: Option<&SourceIdentity>,
    caller: &Caller,
) -> Result<Option<String>, Fault> {
    let set = caller
        .session()
        .and_then(|session| session.source_identity.as_deref());
    match (asked.map(SourceIdentity::as_str), set) {
        (Some(asked), Some(set)) if asked != set => Err(Fault::invalid(
            "The source identity is already set for this assume role session",
        )),
        (asked, set) => Ok(set.or(asked).map(str::to_owned)),
    }
}

fn too_large(percent: i32) -> Fault {
    Fault::new(
        Code::PackedPolicyTooLarge,
        format!("Packed policy consumes {percent}% of allotted space, please use smaller policy."),
    )
}

/// How many per cent of the room for policies and tags is used.
fn packed_size(policy: Option<&str>, arns: &[Arn], tags: &[Tag]) -> i32 {
    let policy = policy.unwrap_or_default();
    let in_arns: usize = arns.iter().map(|arn| arn.as_str().len()).sum();
    let in_tags: usize = tags
        .iter()
        .map(|tag| tag.key.as_str().len() + tag.value.as_str().len())
        .sum();
    let characters = policy.chars().count() + in_arns;
    percent(characters, POLICY_CHARACTERS)
        .max(percent(policy.len() + in_arns + in_tags, PACKED_BYTES))
}

impl AssumeRole {
    /// Takes on a role for so many seconds, with nothing that narrows or marks the session.
    pub(crate) fn plain(
        role_arn: Arn,
        role_session_name: RoleSessionName,
        seconds: Option<Bounded<900, 43_200>>,
    ) -> Self {
        Self {
            role_arn,
            role_session_name,
            policy_arns: Vec::new(),
            policy: None,
            duration_seconds: seconds,
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            external_id: None,
            serial_number: None,
            token_code: None,
            source_identity: None,
            provided_contexts: Vec::new(),
            minimum_session_token_size: None,
        }
    }

    /// The check on the role, for the action of this operation. A role that is not there looks like one that trusts
    /// nobody (AC-26).
    async fn check(&self, cx: &mut Cx<'_>) -> Result<Check, Fault> {
        let (role, account) = find_role(&mut cx.unit, &self.role_arn).await?;
        let mut check = match role {
            Some(role) => {
                let principal = cx.principal().await?;
                let mut check = Check::on(role.account, &role.arn()).tagged(&role.tags);
                check.trust = Some(trust::in_force_for(&role, &principal)?);
                check
            }
            None => {
                let mut check = Check::on(account.unwrap_or_else(|| cx.account()), &self.role_arn);
                check.trust = Some(NOTHING.clone());
                check
            }
        };
        check.terse = true;
        Ok(check)
    }

    fn denied(&self, caller: &Arn) -> Fault {
        Fault::denied(format!(
            "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {}",
            self.role_arn
        ))
    }

    /// The managed policies that narrow the session.
    async fn session_policies(&self, cx: &mut Cx<'_>, role: &Role) -> Result<Vec<Arn>, Fault> {
        let scope = Scope::Account(role.account);
        let mut arns = Vec::with_capacity(self.policy_arns.len());
        for descriptor in &self.policy_arns {
            let arn = &descriptor.arn;
            lookup::check_policy_arn(arn, Code::ValidationError)?;
            if lookup::managed_policy_in(&mut cx.unit, scope, arn.as_str())
                .await?
                .is_none()
            {
                return Err(Fault::malformed_policy(format!(
                    "Policy {arn} does not exist or is not attachable."
                )));
            }
            arns.push(arn.clone());
        }
        Ok(arns)
    }

    /// When the session is to end.
    fn expiry(&self, cx: &Cx<'_>, role: &Role) -> Result<Timestamp, Fault> {
        let seconds = self.duration_seconds.map_or(CHAINED_SECONDS, Bounded::get);
        if seconds > role.max_session_seconds {
            return Err(Fault::invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        let end = cx.now().whole_seconds().plus_seconds(i64::from(seconds));
        match (cx.caller().who(), cx.caller().session()) {
            (Who::Role { .. }, Some(session)) => {
                if seconds > CHAINED_SECONDS {
                    return Err(Fault::invalid(
                        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
                    ));
                }
                // SECURITY: else two roles that trust each other would live for ever on one sign-in (AC-22).
                Ok(end.min(session.expires))
            }
            _ => Ok(end),
        }
    }
}

impl Operation for AssumeRole {
    const SPEC: Spec = Spec::sts("AssumeRole", Access::Write)
        .on(&[ResourceType::Role])
        .keys(&[
            "aws:RequestTag/${TagKey}",
            "aws:TagKeys",
            "sts:ExternalId",
            "sts:RoleSessionName",
            "sts:SourceIdentity",
            "sts:TransitiveTagKeys",
        ])
        .faults(&[
            Code::InvalidParameterValue,
            Code::MalformedPolicyDocument,
            Code::PackedPolicyTooLarge,
        ]).unraised(&[(Code::ExpiredTokenException, "AWS means tokens of identity providers, which this operation takes none of; credentials that have ended are the common fault"), REGIONS_ARE_ALL_SERVED])
        .issuing();
    type Output = AssumeRoleOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        parts_of(&self.role_arn)?;
        let caller = cx.caller();
        if matches!(caller.who(), Who::Root(_)) {
            return Err(Fault::denied("Roles may not be assumed by root accounts."));
        }
        if !self.provided_contexts.is_empty() {
            return Err(Fault::new(
                Code::InvalidParameterValue,
                "ProvidedContexts cannot be used: this server trusts no context providers.",
            ));
        }
        let tags = tags_in(&self.tags);
        let (handed_on, handed_keys) = inherited(caller);
        check_tags(&tags, &self.transitive_tag_keys, &handed_keys)?;
        let identity = source_identity(self.source_identity.as_ref(), caller)?;
        let code = self.token_code.as_ref().map(|code| code.expose().as_str());
        let factor = mfa::both(
            self.serial_number.as_ref().map(StsSerialNumber::as_str),
            code,
        )?;

        let check = self.check(cx).await?;
        let mut target = Target::of(check.clone());
        if !tags.is_empty() || !handed_on.is_empty() {
            target = target.and(check.also("sts:TagSession"));
        }
        if identity.is_some() {
            target = target.and(check.also("sts:SetSourceIdentity"));
        }
        target = target.with(
            "sts:rolesessionname",
            Fact::text(self.role_session_name.as_str()),
        );
        if let Some(id) = &self.external_id {
            target = target.with("sts:externalid", Fact::text(id.as_str()));
        }
        if let Some(identity) = identity {
            target = target.with("sts:sourceidentity", Fact::text(identity));
        }
        if !self.transitive_tag_keys.is_empty() {
            let keys = self
                .transitive_tag_keys
                .iter()
                .map(|key| key.as_str().to_owned());
            target = target.with("sts:transitivetagkeys", Fact::Many(keys.collect()));
        }
        if let Some((serial, code)) = factor {
            let proved = mfa::verify(cx, serial, code).await?;
            let age = cx.now().seconds_since(proved);
            target = target
                .with("aws:multifactorauthpresent", Fact::Bool(true))
                .with("aws:multifactorauthage", Fact::Number(age));
        }
        target.parameters.tags = tags;
        Ok(target)
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let principal = cx.principal().await?;
        let (role, _) = find_role(&mut cx.unit, &self.role_arn).await?;
        let role = role.ok_or_else(|| self.denied(&principal.arn))?;
        let expires = self.expiry(cx, &role)?;
        let policy = self.policy.as_ref().map(SessionPolicyDocument::as_str);
        if let Some(document) = policy {
            // The size comes first: a document that is too large is not read.
            if document.chars().count() > POLICY_CHARACTERS {
                return Err(too_large(packed_size(policy, &[], &[])));
            }
            claviger_policy::validate_session(document)
                .map_err(|malformed| Fault::malformed_policy(malformed.message()))?;
        }
        let policy_arns = self.session_policies(cx, &role).await?;
        let (mut tags, mut transitive) = inherited(cx.caller());
        tags.extend(tags_in(&self.tags));
        transitive.extend(self.transitive_tag_keys.iter().cloned());
        let packed = packed_size(policy, &policy_arns, &tags);
        if packed > 100 {
            return Err(too_large(packed));
        }
        let passes_any = policy.is_some() || !policy_arns.is_empty() || !self.tags.is_empty();
        let source_identity = source_identity(self.source_identity.as_ref(), cx.caller())?;
        let name = self.role_session_name.as_str();
        let issued = issue(
            cx,
            Terms {
                principal: SessionPrincipal::Role {
                    account: role.account,
                    id: role.id.clone(),
                    session_name: name.to_owned(),
                },
                epoch: role.security_epoch,
                expires,
                mfa: None,
                policy: policy.map(Document::new),
                policy_arns,
                tags,
                transitive,
                source_identity: source_identity.clone(),
                issued_to: None,
            },
            minimum_bytes(self.minimum_session_token_size),
        )?;
        let (session_token_utilization, session_token_size) =
            token_size(self.minimum_session_token_size, issued.token_bytes);
        Ok(AssumeRoleOutput {
            credentials: issued.credentials,
            source_identity,
            assumed_role_user: AssumedRoleUser {
                assumed_role_id: format!("{}:{name}", role.id),
                arn: Arn::assumed_role(role.account, role.name.as_str(), name),
            },
            packed_policy_size: passes_any.then_some(packed),
            session_token_utilization,
            session_token_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::TagValue;

    use super::*;

    fn key(text: &str) -> TagKey {
        TagKey::parse(text).expect("a key")
    }

    fn tag(text: &str) -> Tag {
        Tag {
            key: key(text),
            value: TagValue::parse("v").expect("a value"),
        }
    }

    #[test]
    fn session_tags_are_refused_as_recorded_from_aws() {
        let message = |tags: &[Tag], transitive: &[TagKey], inherited: &[TagKey]| {
            let fault = check_tags(tags, transitive, inherited).expect_err("a refusal");
            assert_eq!(fault.code(), Code::InvalidParameterValue);
            fault.message().map(str::to_owned)
        };
        assert_eq!(
            message(&[tag("a"), tag("A")], &[], &[]).as_deref(),
            Some("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        );
        assert_eq!(
            message(&[tag("a")], &[key("b")], &[]).as_deref(),
            Some("The specified transitive tag key must be included in the requested tags.")
        );
        let conflict = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.";
        assert_eq!(
            message(&[tag("a")], &[key("a")], &[key("A")]).as_deref(),
            Some(conflict)
        );
        assert_eq!(
            message(&[tag("a")], &[], &[key("a")]).as_deref(),
            Some(conflict)
        );
        assert!(message(&[tag("AWS:a")], &[], &[]).is_some());
        assert!(check_tags(&[tag("a"), tag("b")], &[key("A")], &[key("c")]).is_ok());
    }

    #[test]
    fn a_role_arn_without_a_part_is_invalid() {
        for bad in [
            "arn::b:::something/test-role",
            "arn:a::::something/test-role",
            "arn:a:::something/test-role",
            "arn:a:a::aaaaaaaaaa:",
            "nothing-valid-in-here",
        ] {
            let arn = Arn::parse(bad).expect("long enough");
            let fault = parts_of(&arn).expect_err("a refusal");
            assert_eq!(fault.message(), Some(format!("{bad} is invalid").as_str()));
            assert_eq!(fault.code(), Code::ValidationError);
        }
    }

    #[test]
    fn policies_resource_names_and_tags_share_the_room() {
        assert_eq!(packed_size(None, &[], &[]), 0);
        assert_eq!(packed_size(Some(&"x".repeat(2_048)), &[], &[]), 100);
        assert_eq!(packed_size(Some(&"x".repeat(2_049)), &[], &[]), 101);
        let large = Tag {
            key: key(&"k".repeat(128)),
            value: TagValue::parse(&"v".repeat(256)).expect("a value"),
        };
        assert!(packed_size(None, &[], &vec![large.clone(); 10]) <= 100);
        assert!(packed_size(None, &[], &vec![large; 11]) > 100);
        let arn =
            Arn::parse(&format!("arn:aws:iam::aws:policy/{}", "p".repeat(1_024))).expect("an ARN");
        assert!(packed_size(Some(&"x".repeat(1_024)), &[arn], &[]) > 100);
    }

    #[test]
    fn a_token_code_is_six_ascii_digits() {
        assert!(TokenCode::parse("123456").is_ok());
        for bad in ["12345", "1234567", "12345a", "１２３４５６", " 12345"] {
            assert!(TokenCode::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn per_cent_are_rounded_up() {
        assert_eq!(percent(0, 10), 0);
        assert_eq!(percent(1, 1_000), 1);
        assert_eq!(percent(1_000, 1_000), 100);
    }
}
