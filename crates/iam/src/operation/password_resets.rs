//! Passwords that an administrator gives without knowing them: by a one-time link, or drawn and sent by e-mail. AWS has none
//! of this; these are operations of this server's own.

use claviger_model::name::ExistingUserName;
use claviger_model::{Code, EmailAddress, Secret, Timestamp, enum_scalar};
use claviger_shape::Shape;
use claviger_store::Bucket;

use super::login_profiles::{Password, put_password};
use super::users::check_on;
use super::{Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::dispatch::{Dispatch, LinkNote, PasswordNote, Says};
use crate::entity::contact::Address;
use crate::entity::password_link::{LIFETIME_DAYS, LinkToken, PasswordLink, digest};
use crate::entity::{LoginProfile, ProtectionMethod, User};
use crate::fault::Fault;
use crate::lookup;
use crate::password::draw;
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<SendPasswordLink>(),
    entry::<GeneratePassword>(),
    entry::<GetPasswordState>(),
];

const DAY_SECONDS: i64 = 86_400;
/// The kind of the buckets that letters with links and passwords are counted in; the id is the user's.
const LETTERS: &str = "password_letters";
/// How many of them one user is sent in an hour.
const MOST_LETTERS: u32 = 12;
const HOUR: u32 = 3_600;

/// What is asked of whoever gives a password: no less than for typing one.
async fn target(cx: &mut Cx<'_>, name: &ExistingUserName) -> Result<Target, Fault> {
    let check = check_on(cx, name.as_str()).await?;
    let user = lookup::find_user(cx, name.as_str()).await?;
    let sets = match user.is_some_and(|user| user.login_profile.is_some()) {
        true => check.also("iam:UpdateLoginProfile"),
        false => check.also("iam:CreateLoginProfile"),
    };
    Ok(Target::of(check).and(sets))
}

/// Where the user reads what is for the user alone.
fn mailbox(user: &User) -> Result<EmailAddress, Fault> {
    match user.contacts.verified(ProtectionMethod::Email) {
        Some(Address::Email(email)) => Ok(email),
        _ => Err(Fault::new(
            Code::InvalidInput,
            "The user has no e-mail address that is verified, so nothing can be sent. Set a password now instead.",
        )),
    }
}

/// Takes what a letter costs (AC-42).
async fn pay(cx: &Cx<'_>, user: &User) -> Result<(), Fault> {
    let bucket = Bucket::new(cx.scope(), LETTERS, user.id.as_str());
    cx.once(LETTERS, async {
        let store = cx.iam().store();
        let taken = store.take(&bucket, MOST_LETTERS, HOUR, cx.now()).await;
        if taken.map_err(Fault::unavailable)? {
            return Ok(Secret::new(String::new()));
        }
        Err(Fault::new(
            Code::Throttling,
            "This user was sent too many letters. Wait an hour before you send another.",
        ))
    })
    .await
    .map(drop)
}

/// Sends a user a link by which to set a password: good once, for seven days, and until another is sent. The password in
/// force, if there is one, stays so until then. An operation of this server's own.
#[derive(Shape)]
pub struct SendPasswordLink {
    /// The user, whose e-mail address must be verified.
    pub user_name: ExistingUserName,
}

/// The answer of [`SendPasswordLink`].
#[derive(Shape)]
pub struct SendPasswordLinkOutput {
    /// Until when the link is good.
    pub expiration: Timestamp,
}

impl Operation for SendPasswordLink {
    const SPEC: Spec = Spec::iam("SendPasswordLink", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity]);
    type Output = SendPasswordLinkOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target(cx, &self.user_name).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let to = mailbox(&user)?;
        pay(cx, &user).await?;
        let account = lookup::account(cx).await?;
        let token = LinkToken::draw(cx.rng());
        let expiration = cx
            .now()
            .plus_seconds(i64::from(LIFETIME_DAYS) * DAY_SECONDS);
        let mut user: User = User::clone(&user);
        user.password_link = Some(PasswordLink {
            digest: digest(token.expose()),
            to: to.clone(),
            expires: expiration,
        });
        let dispatch = Dispatch {
            to: Address::Email(to),
            at: cx.now(),
            until: expiration,
            says: Says::PasswordLink(LinkNote {
                token,
                days: LIFETIME_DAYS,
                account: account.called(),
                user: user.name.as_str().to_owned(),
            }),
        };
        cx.unit.put(user);
        dispatch.send(cx)?;
        Ok(SendPasswordLinkOutput { expiration })
    }
}

/// Draws a password for a user by the account's rules and sends it by e-mail. Another has to be chosen at the first sign-in,
/// and the sessions that the user has end. An operation of this server's own.
#[derive(Shape)]
pub struct GeneratePassword {
    /// The user, whose e-mail address must be verified.
    pub user_name: ExistingUserName,
}

impl Operation for GeneratePassword {
    const SPEC: Spec = Spec::iam("GeneratePassword", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity]);
    type Output = super::Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target(cx, &self.user_name).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let to = mailbox(&user)?;
        pay(cx, &user).await?;
        let account = lookup::account(cx).await?;
        // Drawn once however often the operation starts over, since its hash is made once.
        let drawn = cx
            .once("drawn/user", async {
                draw::by_rules(cx.rng(), account.password_policy.as_ref(), &user)
            })
            .await?;
        let password = Password::of_drawn(&drawn)?;
        put_password(cx, &user, &password, |profile| {
            profile.reset_required = true;
            profile.generated = true;
        })
        .await?;
        let dispatch = Dispatch {
            to: Address::Email(to),
            at: cx.now(),
            until: cx
                .now()
                .plus_seconds(i64::from(LIFETIME_DAYS) * DAY_SECONDS),
            says: Says::Password(PasswordNote {
                password: drawn,
                account: account.called(),
                user: user.name.as_str().to_owned(),
            }),
        };
        dispatch.send(cx)?;
        Ok(super::Empty {})
    }
}

enum_scalar! {
    /// Where a password comes from.
    PasswordOrigin {
        /// There is none.
        None = "none",
        /// The user or an administrator chose it.
        Chosen = "chosen",
        /// It was drawn and sent, and the user has not changed it yet.
        Generated = "generated",
    }
}

/// Tells where a user's password comes from, and whether a link to set another is on its way. An operation of this server's
/// own.
#[derive(Shape)]
pub struct GetPasswordState {
    /// The user.
    pub user_name: ExistingUserName,
}

/// The answer of [`GetPasswordState`].
#[derive(Shape)]
pub struct GetPasswordStateOutput {
    /// Where it comes from.
    pub origin: PasswordOrigin,
    /// When it was last set.
    pub changed: Option<Timestamp>,
    /// Whether the user must choose another at the next sign-in.
    pub reset_required: bool,
    /// Until when a link is good that was sent; absent where none is.
    pub link_expiration: Option<Timestamp>,
}

impl Operation for GetPasswordState {
    const SPEC: Spec = Spec::iam("GetPasswordState", Access::Read)
        .governed_by("GetLoginProfile")
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = GetPasswordStateOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let profile = user.login_profile.as_ref();
        let origin = |profile: &LoginProfile| match profile.generated {
            true => PasswordOrigin::Generated,
            false => PasswordOrigin::Chosen,
        };
        let now = cx.now();
        Ok(GetPasswordStateOutput {
            origin: profile.map_or(PasswordOrigin::None, origin),
            changed: profile.map(|profile| profile.changed),
            reset_required: profile.is_some_and(|profile| profile.reset_required),
            link_expiration: user
                .password_link
                .as_ref()
                .map(|link| link.expires)
                .filter(|expires| now < *expires),
        })
    }
}
