//! Inline policies: documents that belong to one user, group or role and end with it.

use claviger_model::Code;
use claviger_model::name::{ExistingUserName, GroupName, PolicyName, RoleName};
use claviger_shape::{Document as DocumentText, Shape};

use super::holder::Holder;
use super::page::{PageEnd, Paged};
use super::permissions_boundaries::target_on;
use super::shapes::PolicyDocument;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::{Document, Group, Role, User};
use crate::fault::Fault;
use crate::spec::unraised::{NO_QUOTA, NO_SERVICE_LINKED_ROLES};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<PutUserPolicy>(),
    entry::<GetUserPolicy>(),
    entry::<DeleteUserPolicy>(),
    entry::<ListUserPolicies>(),
    entry::<PutGroupPolicy>(),
    entry::<GetGroupPolicy>(),
    entry::<DeleteGroupPolicy>(),
    entry::<ListGroupPolicies>(),
    entry::<PutRolePolicy>(),
    entry::<GetRolePolicy>(),
    entry::<DeleteRolePolicy>(),
    entry::<ListRolePolicies>(),
];

async fn put<H: Holder>(
    cx: &mut Cx<'_>,
    name: &str,
    policy: &PolicyName,
    document: &PolicyDocument,
) -> Result<Empty, Fault> {
    let holder = H::named(cx, name).await?;
    claviger_policy::validate_identity(document.as_str())
        .map_err(|malformed| Fault::malformed_policy(malformed.message()))?;
    let mut holder: H = H::clone(&holder);
    let limit = H::inline_quota(&cx.iam().settings().quotas);
    let whose = format!("{} {}", H::WORD, holder.name());
    holder.inline_mut().put(
        policy.clone(),
        Document::new(document.as_str()),
        limit,
        &whose,
    )?;
    cx.unit.put(holder);
    Ok(Empty {})
}

/// The entity's name as stored, and the text of the policy.
async fn get<H: Holder>(
    cx: &mut Cx<'_>,
    name: &str,
    policy: &PolicyName,
) -> Result<(String, DocumentText), Fault> {
    let holder = H::named(cx, name).await?;
    let found = holder
        .inline()
        .get(policy.as_str())
        .ok_or_else(|| missing::<H>(policy))?;
    Ok((
        holder.name().to_owned(),
        DocumentText(found.document.text().to_owned()),
    ))
}

async fn delete<H: Holder>(
    cx: &mut Cx<'_>,
    name: &str,
    policy: &PolicyName,
) -> Result<Empty, Fault> {
    let holder = H::named(cx, name).await?;
    let mut holder: H = H::clone(&holder);
    if !holder.inline_mut().delete(policy.as_str()) {
        return Err(missing::<H>(policy));
    }
    cx.unit.put(holder);
    Ok(Empty {})
}

async fn list<H: Holder>(
    cx: &mut Cx<'_>,
    name: &str,
    page: &Paged,
) -> Result<(Vec<PolicyName>, PageEnd), Fault> {
    let holder = H::named(cx, name).await?;
    let list = [b"inline/", holder.id().as_bytes()].concat();
    let names = holder
        .inline()
        .iter()
        .map(|policy| policy.name.clone())
        .collect();
    page.of_list(cx, &list, names, |name: &PolicyName| {
        name.as_str().as_bytes().to_vec()
    })
}

fn missing<H: Holder>(policy: &PolicyName) -> Fault {
    Fault::missing(format!(
        "The {} policy with name {policy} cannot be found.",
        H::WORD
    ))
}

/// Declares the four operations on the inline policies of one kind of entity.
macro_rules! inline_policies {
    (
        $Holder:ident, $field:ident: $Name:ident, $field_doc:tt,
        put: $Put:ident, $put_doc:tt, $put_unraised:expr,
        get: $Get:ident, $GetOutput:ident, $get_doc:tt,
        delete: $Delete:ident, $delete_doc:tt, $delete_unraised:expr,
        list: $List:ident, $ListOutput:ident, $list_doc:tt,
        change: $change_target:expr, $change_keys:expr
    ) => {
        #[doc = $put_doc]
        #[derive(Shape)]
        pub struct $Put {
            #[doc = $field_doc]
            pub $field: $Name,
            /// The policy's name, unique among those of the entity.
            pub policy_name: PolicyName,
            /// What the policy says.
            pub policy_document: PolicyDocument,
        }

        impl Operation for $Put {
            const SPEC: Spec = Spec::iam(stringify!($Put), Access::Permissions)
                .on(&[ResourceType::$Holder])
                .keys($change_keys)
                .faults(&[
                    Code::LimitExceeded,
                    Code::MalformedPolicyDocument,
                    Code::NoSuchEntity,
                    Code::ServiceFailure,
                ])
                .unraised($put_unraised);
            type Output = Empty;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                $change_target(cx, self.$field.as_str()).await
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                put::<$Holder>(
                    cx,
                    self.$field.as_str(),
                    &self.policy_name,
                    &self.policy_document,
                )
                .await
            }
        }

        #[doc = $get_doc]
        #[derive(Shape)]
        pub struct $Get {
            #[doc = $field_doc]
            pub $field: $Name,
            /// The policy.
            pub policy_name: PolicyName,
        }

        #[doc = "An inline policy with the text that it was given."]
        #[derive(Shape)]
        pub struct $GetOutput {
            #[doc = $field_doc]
            pub $field: String,
            /// The policy's name.
            pub policy_name: PolicyName,
            /// What the policy says, byte for byte as it was sent.
            pub policy_document: DocumentText,
        }

        impl Operation for $Get {
            const SPEC: Spec = Spec::iam(stringify!($Get), Access::Read)
                .on(&[ResourceType::$Holder])
                .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
            type Output = $GetOutput;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                Ok(Target::of(
                    <$Holder as Holder>::check(cx, self.$field.as_str()).await?,
                ))
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                let ($field, policy_document) =
                    get::<$Holder>(cx, self.$field.as_str(), &self.policy_name).await?;
                Ok($GetOutput {
                    $field,
                    policy_name: self.policy_name.clone(),
                    policy_document,
                })
            }
        }

        #[doc = $delete_doc]
        #[derive(Shape)]
        pub struct $Delete {
            #[doc = $field_doc]
            pub $field: $Name,
            /// The policy.
            pub policy_name: PolicyName,
        }

        impl Operation for $Delete {
            const SPEC: Spec = Spec::iam(stringify!($Delete), Access::Permissions)
                .on(&[ResourceType::$Holder])
                .keys($change_keys)
                .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
                .unraised($delete_unraised);
            type Output = Empty;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                $change_target(cx, self.$field.as_str()).await
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                delete::<$Holder>(cx, self.$field.as_str(), &self.policy_name).await
            }
        }

        #[doc = $list_doc]
        #[derive(Shape)]
        pub struct $List {
            #[doc = $field_doc]
            pub $field: $Name,
            /// Which page.
            #[shape(flatten)]
            pub page: Paged,
        }

        #[doc = "The names of inline policies."]
        #[derive(Shape)]
        pub struct $ListOutput {
            /// The names, sorted.
            pub policy_names: Vec<PolicyName>,
            /// Whether more follow.
            #[shape(flatten)]
            pub end: PageEnd,
        }

        impl Operation for $List {
            const SPEC: Spec = Spec::iam(stringify!($List), Access::List)
                .on(&[ResourceType::$Holder])
                .faults(&[Code::NoSuchEntity, Code::ServiceFailure]);
            type Output = $ListOutput;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                Ok(Target::of(
                    <$Holder as Holder>::check(cx, self.$field.as_str()).await?,
                ))
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                let (policy_names, end) =
                    list::<$Holder>(cx, self.$field.as_str(), &self.page).await?;
                Ok($ListOutput { policy_names, end })
            }
        }
    };
}

inline_policies! {
    User, user_name: ExistingUserName, "The user.",
    put: PutUserPolicy, "Creates or replaces an inline policy of a user.",
    &[],
    get: GetUserPolicy, GetUserPolicyOutput, "Tells what an inline policy of a user says.",
    delete: DeleteUserPolicy, "Deletes an inline policy of a user.",
    &[NO_QUOTA],
    list: ListUserPolicies, ListUserPoliciesOutput, "Lists the names of the inline policies of a user.",
    change: target_on::<User>, &["iam:PermissionsBoundary"]
}

inline_policies! {
    Group, group_name: GroupName, "The group.",
    put: PutGroupPolicy, "Creates or replaces an inline policy of a group.",
    &[],
    get: GetGroupPolicy, GetGroupPolicyOutput, "Tells what an inline policy of a group says.",
    delete: DeleteGroupPolicy, "Deletes an inline policy of a group.",
    &[NO_QUOTA],
    list: ListGroupPolicies, ListGroupPoliciesOutput, "Lists the names of the inline policies of a group.",
    change: group_target, &[]
}

inline_policies! {
    Role, role_name: RoleName, "The role.",
    put: PutRolePolicy, "Creates or replaces an inline policy of a role.",
    &[NO_SERVICE_LINKED_ROLES],
    get: GetRolePolicy, GetRolePolicyOutput, "Tells what an inline policy of a role says.",
    delete: DeleteRolePolicy, "Deletes an inline policy of a role.",
    &[NO_QUOTA, NO_SERVICE_LINKED_ROLES],
    list: ListRolePolicies, ListRolePoliciesOutput, "Lists the names of the inline policies of a role.",
    change: target_on::<Role>, &["iam:PermissionsBoundary"]
}

/// The target of a change to a group, which nothing bounds.
async fn group_target(cx: &mut Cx<'_>, name: &str) -> Result<Target, Fault> {
    Ok(Target::of(<Group as Holder>::check(cx, name).await?))
}
