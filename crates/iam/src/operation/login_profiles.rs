//! Login profiles: the passwords with which users sign in to the console.
//!
//! A password is checked against the account's rules and against those before it, hashed, and sealed under a field of its
//! own, so that it opens from the history as it did when it was in force (IAM user guide, "Managing passwords for IAM
//! users").

use claviger_model::name::UserName;
use claviger_model::scalar::Constraint::{self, MaxLength, MinLength, Pattern};
use claviger_model::{Code, Scalar, Secret, Timestamp, text};
use claviger_shape::Shape;
use claviger_store::Stored;
use zeroize::Zeroize;

use super::password_hashes::Whose;
use super::users::{check_on, check_on_owner, check_on_user};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::credential::PasswordHash;
use crate::entity::{LoginProfile, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::password::rules;
use crate::principal::Being;
use crate::spec::unraised::{NO_QUOTA, SEEN_AT_ONCE};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateLoginProfile>(),
    entry::<GetLoginProfile>(),
    entry::<UpdateLoginProfile>(),
    entry::<DeleteLoginProfile>(),
    entry::<ChangePassword>(),
];

/// A password as requests carry it: 1 to 128 characters. What the account's rules ask of it is checked later.
#[derive(Clone, Default)]
pub struct Password(String);

impl Password {
    /// The password. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Password {
    /// One that was drawn.
    ///
    /// # Errors
    /// `ServiceFailure` for what is none.
    pub(crate) fn of_drawn(drawn: &Secret<String>) -> Result<Secret<Self>, Fault> {
        Self::parse(drawn.expose())
            .map(Secret::new)
            .map_err(|_| Fault::service("a password that was drawn is none"))
    }
}

impl Zeroize for Password {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Scalar for Password {
    const RULES: &'static [Constraint] = &[
        MaxLength(128),
        MinLength(1),
        Pattern(r"[\u0009\u000A\u000D\u0020-\u00FF]+"),
    ];
    const SECRET: bool = true;

    fn parse(given: &str) -> Result<Self, Vec<Constraint>> {
        claviger_model::scalar::check(given, Self::RULES, text::is_latin_document)?;
        Ok(Self(given.to_owned()))
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.0);
    }
}

/// A login profile.
#[derive(Shape)]
#[shape(name = "LoginProfile")]
pub struct LoginProfileShape {
    /// The user who signs in with it.
    pub user_name: String,
    /// When the profile was made. Changing the password does not change it.
    pub create_date: Timestamp,
    /// Whether the user must choose a new password at the next sign-in.
    pub password_reset_required: bool,
}

impl LoginProfileShape {
    fn of(user: &User, profile: &LoginProfile) -> Self {
        Self {
            user_name: user.name.as_str().to_owned(),
            create_date: profile.created,
            password_reset_required: profile.reset_required,
        }
    }
}

/// What is said of a user who has no password.
fn missing_profile(user: &User) -> Fault {
    Fault::missing(format!(
        "Login Profile for User {} cannot be found.",
        user.name
    ))
}

/// The user named, or the caller where none is. Root has no login profile.
async fn user_of(
    cx: &mut Cx<'_>,
    name: Option<&UserName>,
) -> Result<std::sync::Arc<Stored<User>>, Fault> {
    match lookup::owner(cx, name.map(UserName::existing).as_ref()).await? {
        Owner::User(user) => Ok(user),
        Owner::Missing(name) => Err(lookup::missing_user(&name)),
        Owner::Root(_) => Err(needs_user_name()),
    }
}

fn needs_user_name() -> Fault {
    Fault::invalid("Must specify userName when calling with non-User credentials")
}

async fn target_of(cx: &mut Cx<'_>, name: Option<&UserName>) -> Result<Target, Fault> {
    if name.is_none() && matches!(cx.principal().await?.being, Being::Root(_)) {
        return Err(needs_user_name());
    }
    Ok(Target::of(
        check_on_owner(cx, name.map(UserName::existing).as_ref()).await?,
    ))
}

/// Accepts a new password: by the account's rules, and as one that was not used lately; hashed and sealed.
///
/// # Errors
/// `PasswordPolicyViolation`; `Throttling` where too many passwords are being hashed.
async fn accept(
    cx: &mut Cx<'_>,
    user: &User,
    profile: Option<&LoginProfile>,
    password: &Secret<Password>,
) -> Result<PasswordHash, Fault> {
    let account = lookup::account(cx).await?;
    let number = account.id.to_string();
    let alias = account.alias.as_ref().map_or("", |alias| alias.as_str());
    let policy = account.password_policy.as_ref();
    rules::check(
        password.expose().as_str(),
        policy,
        &[alias, &number, &account.root.email],
        Some(crate::entity::password_rules::Owner {
            name: user.name.as_str(),
            contacts: &user.contacts,
        }),
    )?;

    let password = Secret::new(password.expose().as_str().to_owned());
    let whose = Whose::of_user(user);
    let hasher = &cx.iam().settings().hasher;
    // What is kept across tries is kept for one state of the profile: each password has a field of its own.
    let state = profile.map_or("none", |profile| profile.password.field.as_str());
    let mut current = None;
    if let Some(profile) = profile {
        current = Some(whose.open(cx, &profile.password).await?);
        if let Some(reach) = policy.and_then(|policy| policy.reuse_prevention) {
            let mut earlier: Vec<Secret<String>> = current.iter().cloned().collect();
            for hash in profile
                .history
                .iter()
                .take(usize::try_from(reach - 1).unwrap_or(0))
            {
                earlier.push(whose.open(cx, hash).await?);
            }
            let found = cx
                .once(&format!("reuse/{reach}/{state}"), async {
                    let matches = hasher.matching(&password, &earlier).await?;
                    let found = if matches.contains(&true) {
                        "used"
                    } else {
                        "new"
                    };
                    Ok(Secret::new(found.to_owned()))
                })
                .await?;
            if found.expose() != "new" {
                return Err(rules::reused());
            }
        }
    }
    let hash = cx
        .once(
            &format!("hash/{state}"),
            hasher.hash(&password, current.as_ref(), cx.rng()),
        )
        .await?;
    whose.seal(cx, &hash).await
}

/// Refuses a change of one's own password before it is as old as the account's rules say. One that has to be changed was not
/// chosen by its owner.
pub(super) async fn check_age(cx: &mut Cx<'_>, held: &LoginProfile) -> Result<(), Fault> {
    let policy = lookup::account(cx).await?.password_policy;
    let until = policy.map(|policy| policy.more.unchangeable_until(held.changed));
    if !held.reset_required && until.is_some_and(|until| cx.now() < until) {
        return Err(rules::too_young());
    }
    Ok(())
}

/// Refuses the password that is in force.
///
/// # Errors
/// `PasswordPolicyViolation`.
pub(super) async fn refuse_current(
    cx: &Cx<'_>,
    user: &User,
    password: &Secret<Password>,
) -> Result<(), Fault> {
    let Some(profile) = &user.login_profile else {
        return Ok(());
    };
    let current = Whose::of_user(user).open(cx, &profile.password).await?;
    let password = Secret::new(password.expose().as_str().to_owned());
    let hasher = &cx.iam().settings().hasher;
    let same = cx
        .once(&format!("same/{}", profile.password.field), async {
            let same = hasher.verify(&password, &current).await?;
            Ok(Secret::new(same.to_string()))
        })
        .await?;
    if same.expose() == "true" {
        Err(rules::reused())
    } else {
        Ok(())
    }
}

/// Gives a user another password, or the first, and ends the sessions that the user has. `mark` has the last word on the
/// profile.
///
/// # Errors
/// `PasswordPolicyViolation`; `Throttling` where too many passwords are being hashed.
pub(super) async fn put_password(
    cx: &mut Cx<'_>,
    user: &User,
    password: &Secret<Password>,
    mark: impl FnOnce(&mut LoginProfile),
) -> Result<(), Fault> {
    let old = user.login_profile.as_ref();
    let hash = accept(cx, user, old, password).await?;
    let now = cx.now();
    let mut profile = match old {
        Some(old) => {
            let mut profile = old.clone();
            profile.set_password(hash, now);
            profile.reset_required = false;
            profile
        }
        None => LoginProfile {
            created: now,
            changed: now,
            reset_required: false,
            generated: false,
            password: hash,
            history: Vec::new(),
        },
    };
    mark(&mut profile);
    let mut user: User = User::clone(user);
    user.login_profile = Some(profile);
    user.password_link = None;
    user.security_epoch += 1;
    cx.unit.put(user);
    Ok(())
}

/// Creates a password with which the user can sign in to the console.
#[derive(Shape)]
pub struct CreateLoginProfile {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
    /// The password. Required, although the API's model says otherwise: what may do without are task sessions of root
    /// users, which this server has none of.
    pub password: Option<Secret<Password>>,
    /// Whether the user must choose a new password at the next sign-in; not when left out.
    pub password_reset_required: Option<bool>,
}

/// The answer of [`CreateLoginProfile`].
#[derive(Shape)]
pub struct CreateLoginProfileOutput {
    /// The new login profile.
    pub login_profile: LoginProfileShape,
}

impl Operation for CreateLoginProfile {
    const SPEC: Spec = Spec::iam("CreateLoginProfile", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::EntityAlreadyExists,
            Code::NoSuchEntity,
            Code::PasswordPolicyViolation,
            Code::ServiceFailure,
        ])
        .unraised(&[(
            Code::LimitExceeded,
            "a user has one password; a second login profile is an `EntityAlreadyExists`",
        )]);
    type Output = CreateLoginProfileOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_of(cx, self.user_name.as_ref()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let Some(password) = &self.password else {
            return Err(Fault::invalid(
                "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null",
            ));
        };
        let user = user_of(cx, self.user_name.as_ref()).await?;
        if user.login_profile.is_some() {
            return Err(Fault::exists(format!(
                "Login Profile for user {} already exists.",
                user.name
            )));
        }
        let profile = LoginProfile {
            created: cx.now(),
            changed: cx.now(),
            reset_required: self.password_reset_required.unwrap_or(false),
            generated: false,
            password: accept(cx, &user, None, password).await?,
            history: Vec::new(),
        };
        let shape = LoginProfileShape::of(&user, &profile);
        let mut user: User = User::clone(&user);
        user.login_profile = Some(profile);
        user.password_link = None;
        cx.unit.put(user);
        Ok(CreateLoginProfileOutput {
            login_profile: shape,
        })
    }
}

/// Tells whether a user can sign in with a password, and since when.
#[derive(Shape)]
pub struct GetLoginProfile {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
}

/// The answer of [`GetLoginProfile`].
#[derive(Shape)]
pub struct GetLoginProfileOutput {
    /// The login profile.
    pub login_profile: LoginProfileShape,
}

impl Operation for GetLoginProfile {
    const SPEC: Spec = Spec::iam("GetLoginProfile", Access::List)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
    type Output = GetLoginProfileOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_of(cx, self.user_name.as_ref()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_of(cx, self.user_name.as_ref()).await?;
        let profile = user
            .login_profile
            .as_ref()
            .ok_or_else(|| missing_profile(&user))?;
        Ok(GetLoginProfileOutput {
            login_profile: LoginProfileShape::of(&user, profile),
        })
    }
}

/// Sets a user's password, or whether it must be changed, without asking for the old one. What is left out stays as it
/// is. A new password ends the sessions that the user has.
#[derive(Shape)]
pub struct UpdateLoginProfile {
    /// The user.
    pub user_name: UserName,
    /// The new password.
    pub password: Option<Secret<Password>>,
    /// Whether the user must choose a new password at the next sign-in.
    pub password_reset_required: Option<bool>,
}

impl Operation for UpdateLoginProfile {
    const SPEC: Spec = Spec::iam("UpdateLoginProfile", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::NoSuchEntity,
            Code::PasswordPolicyViolation,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA, SEEN_AT_ONCE]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on(cx, self.user_name.as_str()).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = lookup::user(cx, self.user_name.as_str()).await?;
        let Some(old) = &user.login_profile else {
            return Err(missing_profile(&user));
        };
        let mut profile = old.clone();
        let mut epoch = user.security_epoch;
        if let Some(password) = &self.password {
            let hash = accept(cx, &user, Some(old), password).await?;
            profile.set_password(hash, cx.now());
            epoch += 1;
        }
        if let Some(required) = self.password_reset_required {
            profile.reset_required = required;
        }
        let mut user: User = User::clone(&user);
        user.login_profile = Some(profile);
        if self.password.is_some() {
            user.password_link = None;
        }
        user.security_epoch = epoch;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Takes a user's password away, and ends the sessions that the user has. Access keys go on working.
#[derive(Shape)]
pub struct DeleteLoginProfile {
    /// The user; the caller when left out.
    pub user_name: Option<UserName>,
}

impl Operation for DeleteLoginProfile {
    const SPEC: Spec = Spec::iam("DeleteLoginProfile", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
        .unraised(&[NO_QUOTA, SEEN_AT_ONCE]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        target_of(cx, self.user_name.as_ref()).await
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let user = user_of(cx, self.user_name.as_ref()).await?;
        // A link that was sent would bring a password back.
        if user.login_profile.is_none() && user.password_link.is_none() {
            return Err(missing_profile(&user));
        }
        let mut user: User = User::clone(&user);
        user.login_profile = None;
        user.password_link = None;
        user.security_epoch += 1;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

/// Changes the caller's own password, and ends the sessions that the caller has. An account's password policy can grant
/// this to every user.
#[derive(Shape)]
pub struct ChangePassword {
    /// The password as it is.
    pub old_password: Secret<Password>,
    /// The password as it is to be.
    pub new_password: Secret<Password>,
}

/// What is said to callers who are no users.
fn users_only() -> Fault {
    Fault::new(
        Code::InvalidUserType,
        "Only IAM Users can change their own password.",
    )
}

impl Operation for ChangePassword {
    const SPEC: Spec = Spec::iam("ChangePassword", Access::Write)
        .on(&[ResourceType::User])
        .faults(&[
            Code::InvalidUserType,
            Code::NoSuchEntity,
            Code::PasswordPolicyViolation,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA, SEEN_AT_ONCE]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let principal = cx.principal().await?;
        let user = principal.user().ok_or_else(users_only)?;
        Ok(Target::of(check_on_user(user)))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let principal = cx.principal().await?;
        let user = principal.user().ok_or_else(users_only)?;
        let old = user
            .login_profile
            .as_ref()
            .ok_or_else(|| missing_profile(user))?;
        Whose::of_user(user)
            .check_old(cx, &old.password, &self.old_password)
            .await?;
        check_age(cx, old).await?;
        let hash = accept(cx, user, Some(old), &self.new_password).await?;
        let mut profile = old.clone();
        profile.set_password(hash, cx.now());
        profile.reset_required = false;
        let mut user: User = User::clone(user);
        user.login_profile = Some(profile);
        user.password_link = None;
        user.security_epoch += 1;
        cx.unit.put(user);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_keeps_to_its_length_and_alphabet() {
        assert!(Password::parse("p").is_ok());
        assert!(Password::parse(&"é".repeat(128)).is_ok());
        let broken = |text: &str| Password::parse(text).err().expect("refused");
        assert_eq!(broken(&"p".repeat(129)), [MaxLength(128)]);
        assert!(broken("").contains(&MinLength(1)));
        assert!(matches!(broken("日本").as_slice(), [Pattern(_)]));
        assert!(matches!(broken("a\u{0}b").as_slice(), [Pattern(_)]));
    }

    #[test]
    fn passwords_are_secret_in_every_input() {
        for entry in OPERATIONS {
            for field in entry
                .input
                .iter()
                .filter(|field| field.name.wire.ends_with("Password"))
            {
                assert!(field.secret(), "{}.{}", entry.spec.name, field.name.wire);
            }
        }
    }
}
