//! Where the policies of a simulation come from: a user, group or role of the account, and the request itself.

use std::sync::Arc;

use claviger_model::name::PolicyName;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Sentence};
use claviger_model::{AccountId, Arn, Code, Scalar, enum_scalar, text, text_scalar};
use claviger_policy::{Policy, validate_identity, validate_resource, validate_trust};
use claviger_shape::Shape;
use claviger_store::Stored;

use super::result::PolicySourceType;
use crate::authorize::Check;
use crate::cx::Cx;
use crate::entity::{Group, Role, User};
use crate::fault::Fault;
use crate::lookup;
use crate::operation::shapes::PolicyDocument;
use crate::operation::users::check_on_user;
use crate::principal::{self, Held};

enum_scalar! {
    /// The kind of a policy that is to be left out.
    PolicyIdentifierPolicyType {
        /// An inline policy.
        Inline = "inline",
        /// An AWS-managed policy.
        AwsManaged = "aws-managed",
        /// A customer-managed policy.
        UserManaged = "user-managed",
        /// The permissions boundary.
        PermissionBoundary = "permission-boundary",
        /// A service control policy. The account has none but those of the request.
        Scp = "scp",
        /// A resource control policy. The account has none.
        Rcp = "rcp",
    }
}
enum_scalar! {
    /// What an inline policy hangs on.
    AttachmentType {
        /// A user.
        User = "user",
        /// A group.
        Group = "group",
        /// A role.
        Role = "role",
    }
}
text_scalar! {
    /// The name of what an inline policy hangs on: 1 to 128 characters.
    AttachmentName,
    [
        MaxLength(128),
        MinLength(1),
        Sentence("It must contain only alphanumeric characters and/or the following: +=,.@_-"),
    ],
    text::is_name
}

/// Names an inline policy.
#[derive(Shape)]
#[shape(name = "InlinePolicyIdentifierType")]
pub struct InlinePolicyIdentifier {
    /// The policy's name.
    pub policy_name: PolicyName,
    /// What it hangs on.
    pub attachment_type: AttachmentType,
    /// The name of what it hangs on.
    pub attachment_name: AttachmentName,
}

/// Names a policy that is to be left out of a simulation.
#[derive(Shape)]
pub struct PolicyIdentifier {
    /// Its kind.
    pub policy_type: Option<PolicyIdentifierPolicyType>,
    /// The resource name of one that has its own.
    pub policy_arn: Option<Arn>,
    /// An inline policy.
    pub inline_policy_identifier: Option<InlinePolicyIdentifier>,
}

impl PolicyIdentifier {
    /// Refuses an identifier that names nothing.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let names = match self.policy_type {
            Some(PolicyIdentifierPolicyType::Inline) => self.inline_policy_identifier.is_some(),
            Some(_) => self.policy_arn.is_some(),
            None => false,
        };
        if names {
            return Ok(());
        }
        Err(invalid(
            "A policy to exclude must be named by its type, with an ARN, or with an identifier for an inline policy.",
        ))
    }

    /// Whether it names this policy of an entity.
    pub(super) fn names(&self, held: &Held) -> bool {
        match self.policy_type {
            Some(PolicyIdentifierPolicyType::Inline) => {
                let Some(wanted) = &self.inline_policy_identifier else {
                    return false;
                };
                let (kind, holder, policy) = match held {
                    Held::OfUser(user, place) => (
                        AttachmentType::User,
                        user.name.as_str(),
                        user.inline.iter().nth(*place),
                    ),
                    Held::OfGroup(group, place) => (
                        AttachmentType::Group,
                        group.name.as_str(),
                        group.inline.iter().nth(*place),
                    ),
                    Held::OfRole(role, place) => (
                        AttachmentType::Role,
                        role.name.as_str(),
                        role.inline.iter().nth(*place),
                    ),
                    Held::Customer(_) | Held::Aws(_) | Held::Passed(_) => return false,
                };
                kind == wanted.attachment_type
                    && text::fold(holder) == text::fold(wanted.attachment_name.as_str())
                    && policy.is_some_and(|policy| policy.name == wanted.policy_name)
            }
            Some(PolicyIdentifierPolicyType::AwsManaged) => {
                matches!(held, Held::Aws(_)) && self.names_arn(held)
            }
            Some(PolicyIdentifierPolicyType::UserManaged) => {
                matches!(held, Held::Customer(_)) && self.names_arn(held)
            }
            _ => false,
        }
    }

    /// Whether it names this policy as a permissions boundary.
    pub(super) fn names_boundary(&self, held: &Held) -> bool {
        self.policy_type == Some(PolicyIdentifierPolicyType::PermissionBoundary)
            && self.names_arn(held)
    }

    fn names_arn(&self, held: &Held) -> bool {
        held.arn()
            .is_some_and(|arn| self.policy_arn.as_ref() == Some(&arn))
    }
}

/// What a policy is called in matched statements.
pub(crate) fn label(held: &Held) -> (String, PolicySourceType) {
    let inline =
        |kind: &str, holder: &str, policy: Option<&crate::entity::policies::InlinePolicy>| {
            let name = policy.map_or("", |policy| policy.name.as_str());
            format!("{kind}_{holder}_{name}")
        };
    match held {
        Held::OfUser(user, place) => (
            inline("user", user.name.as_str(), user.inline.iter().nth(*place)),
            PolicySourceType::User,
        ),
        Held::OfGroup(group, place) => (
            inline(
                "group",
                group.name.as_str(),
                group.inline.iter().nth(*place),
            ),
            PolicySourceType::Group,
        ),
        Held::OfRole(role, place) => (
            inline("role", role.name.as_str(), role.inline.iter().nth(*place)),
            PolicySourceType::Role,
        ),
        Held::Customer(policy) => (
            policy.name.as_str().to_owned(),
            PolicySourceType::UserManaged,
        ),
        Held::Aws(policy) => (policy.name.clone(), PolicySourceType::AwsManaged),
        Held::Passed(_) => (String::from("unreadable"), PolicySourceType::None),
    }
}

/// 400 `InvalidInput`.
pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(Code::InvalidInput, message)
}

/// What validation says of an identity policy that is sound but of the older version of the language. Such a policy can
/// be simulated, although it cannot be saved any more.
const OLD_VERSION: &str = "Policy document must be version 2012-10-17 or greater.";

/// Compiles an identity policy of the request.
pub(super) fn compile(document: &PolicyDocument) -> Result<Arc<Policy>, Fault> {
    match validate_identity(document.as_str()) {
        Err(refused) if refused.message() != OLD_VERSION => return Err(invalid(refused.message())),
        _ => {}
    }
    Policy::compile(document.as_str())
        .map(Arc::new)
        .map_err(|error| invalid(error.to_string()))
}

/// Compiles the resource policy of the request, which may be a trust policy.
pub(super) fn compile_resource(document: &PolicyDocument) -> Result<Arc<Policy>, Fault> {
    if let Err(refused) = validate_resource(document.as_str())
        && validate_trust(document.as_str()).is_err()
    {
        return Err(invalid(refused.message()));
    }
    Policy::compile(document.as_str())
        .map(Arc::new)
        .map_err(|error| invalid(error.to_string()))
}

/// The identity policies of the request.
pub(super) fn passed(documents: &[PolicyDocument]) -> Result<Vec<Held>, Fault> {
    documents
        .iter()
        .map(|document| compile(document).map(Held::Passed))
        .collect()
}

/// An entity that policies hang on.
pub(super) enum Entity {
    User(Arc<Stored<User>>),
    Group(Arc<Stored<Group>>),
    Role(Arc<Stored<Role>>),
}

impl Entity {
    pub(super) fn arn(&self) -> Arn {
        match self {
            Self::User(user) => user.arn(),
            Self::Group(group) => group.arn(),
            Self::Role(role) => role.arn(),
        }
    }

    /// Every identity policy, those of a user's groups included: read by the functions that enforcement reads them by.
    pub(super) async fn policies(&self, cx: &mut Cx<'_>) -> Result<Vec<Held>, Fault> {
        match self {
            Self::User(user) => principal::of_user(&mut cx.unit, user).await,
            Self::Role(role) => principal::of_role(&mut cx.unit, role).await,
            Self::Group(group) => {
                let mut held = Vec::new();
                principal::of_group(&mut cx.unit, group, &mut held).await?;
                Ok(held)
            }
        }
    }

    /// The permissions boundary, if there is one.
    pub(super) async fn boundary(&self, cx: &mut Cx<'_>) -> Result<Option<Held>, Fault> {
        let policy = match self {
            Self::User(user) => user.boundary.as_ref(),
            Self::Role(role) => role.boundary.as_ref(),
            Self::Group(_) => None,
        };
        let scope = cx.scope();
        principal::boundary(&mut cx.unit, scope, policy).await
    }
}

/// The kind of entity that a resource name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    Role,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }
}

/// The account, kind and name in a resource name.
fn parse(arn: &Arn) -> Option<(AccountId, Kind, &str)> {
    let parts = arn.parts()?;
    if parts.partition != "aws" || parts.service != "iam" || !parts.region.is_empty() {
        return None;
    }
    let account = AccountId::parse(parts.account).ok()?;
    let (kind, rest) = parts.resource.split_once('/')?;
    let kind = match kind {
        "user" => Kind::User,
        "group" => Kind::Group,
        "role" => Kind::Role,
        _ => return None,
    };
    let name = rest.rsplit('/').next().filter(|name| text::is_name(name))?;
    Some((account, kind, name))
}

fn parsed(arn: &Arn) -> Result<(AccountId, Kind, &str), Fault> {
    parse(arn).ok_or_else(|| {
        invalid(format!(
            "Invalid Entity Arn: {arn} does not clearly define entity type and name."
        ))
    })
}

/// The entity of this resource name in the caller's account. Its path must be right too.
async fn find(cx: &mut Cx<'_>, arn: &Arn) -> Result<Option<Entity>, Fault> {
    let (account, kind, name) = parsed(arn)?;
    if account != cx.account() {
        return Ok(None);
    }
    let found = match kind {
        Kind::User => lookup::find_user(cx, name).await?.map(Entity::User),
        Kind::Group => lookup::find_group(cx, name).await?.map(Entity::Group),
        Kind::Role => lookup::find_role(cx, name).await?.map(Entity::Role),
    };
    Ok(found.filter(|entity| entity.arn().as_str().eq_ignore_ascii_case(arn.as_str())))
}

/// The check on the entity of this resource name, which may or may not be there.
pub(super) async fn check(cx: &mut Cx<'_>, arn: &Arn) -> Result<Check, Fault> {
    let (account, kind, name) = parsed(arn)?;
    Ok(match find(cx, arn).await? {
        Some(Entity::User(user)) => check_on_user(&user),
        Some(Entity::Group(group)) => Check::on(group.account, &group.arn()),
        Some(Entity::Role(role)) => Check::on(role.account, &role.arn()).tagged(&role.tags),
        None => Check::on(account, arn),
    }
    // Shown as it was asked for: the stored case would tell that there is such an entity.
    .shown(format!("{} {name}", kind.as_str())))
}

/// The entity of this resource name, which must be there.
pub(super) async fn entity(cx: &mut Cx<'_>, arn: &Arn) -> Result<Entity, Fault> {
    let (_, kind, name) = parsed(arn)?;
    find(cx, arn).await?.ok_or_else(|| {
        Fault::missing(format!(
            "The {} with name {name} cannot be found.",
            kind.as_str()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(text: &str) -> Arn {
        Arn::parse(text).expect("an ARN")
    }

    #[test]
    fn a_source_is_a_user_a_group_or_a_role_by_its_resource_name() {
        let kind = |text: &str| parse(&arn(text)).map(|(_, kind, name)| (kind, name.to_owned()));
        assert_eq!(
            kind("arn:aws:iam::123456789012:user/a/b/alice"),
            Some((Kind::User, String::from("alice")))
        );
        assert_eq!(
            kind("arn:aws:iam::123456789012:role/r"),
            Some((Kind::Role, String::from("r")))
        );
        for bad in [
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::123456789012:policy/p",
            "arn:aws:iam::aws:user/alice",
            "arn:aws:sts::123456789012:assumed-role/r/s",
            "a text that is no ARN at all",
        ] {
            assert_eq!(kind(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_policy_of_the_older_language_can_be_simulated_and_a_broken_one_cannot() {
        let document = |text: &str| PolicyDocument::parse(text).expect("a text");
        let old = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        assert!(compile(&document(old)).is_ok());
        for bad in [
            "{",
            "[]",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}"#,
        ] {
            let fault = compile(&document(bad)).expect_err("refused");
            assert_eq!(fault.code(), Code::InvalidInput, "{bad}");
        }
    }

    #[test]
    fn an_exclusion_must_name_something() {
        let nothing = PolicyIdentifier {
            policy_type: Some(PolicyIdentifierPolicyType::AwsManaged),
            policy_arn: None,
            inline_policy_identifier: None,
        };
        assert!(nothing.check().is_err());
    }
}
