//! Tags of users, roles, customer-managed policies, virtual MFA devices and server certificates.

use claviger_model::name::{ExistingUserName, RoleName, SerialNumber, ServerCertificateName};
use claviger_model::{Arn, Code, Scalar, TagKey};
use claviger_shape::Shape;

use super::holder::{Holder, Tagged};
use super::managed_policies;
use super::page::{PageEnd, Paged};
use super::server_certificates;
use super::shapes::{TagShape, tags_in};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::{ManagedPolicy, MfaDevice, Role, ServerCertificate, TagRules, Tags, User};
use crate::fault::Fault;
use crate::lookup;
use crate::principal::Held;
use crate::spec::unraised::{ARN_IS_VALIDATED, SERIAL_IS_VALIDATED, TAG_KEYS_ARE_VALIDATED};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<TagUser>(),
    entry::<UntagUser>(),
    entry::<ListUserTags>(),
    entry::<TagRole>(),
    entry::<UntagRole>(),
    entry::<ListRoleTags>(),
    entry::<TagPolicy>(),
    entry::<UntagPolicy>(),
    entry::<ListPolicyTags>(),
    entry::<TagMFADevice>(),
    entry::<UntagMFADevice>(),
    entry::<ListMFADeviceTags>(),
    entry::<TagServerCertificate>(),
    entry::<UntagServerCertificate>(),
    entry::<ListServerCertificateTags>(),
];

/// What a request does to tags.
enum Change<'a> {
    Set(&'a [TagShape]),
    Remove(&'a [TagKey]),
}

impl Change<'_> {
    fn apply(&self, tags: &mut Tags, rules: TagRules) -> Result<(), Fault> {
        match self {
            Self::Set(new) => tags.set(tags_in(new), rules),
            Self::Remove(keys) => {
                tags.remove(keys, rules);
                Ok(())
            }
        }
    }
}

/// A kind of entity that can be tagged, by what requests call it by.
trait Taggable {
    /// What requests call it by: a name, a resource name, a serial number.
    type Key: Send + Sync;

    /// The check on the one named, which may or may not be there.
    fn check(cx: &mut Cx<'_>, key: &Self::Key)
    -> impl Future<Output = Result<Check, Fault>> + Send;
    /// The tags of the one named, with its id.
    fn read(
        cx: &mut Cx<'_>,
        key: &Self::Key,
    ) -> impl Future<Output = Result<(String, Tags), Fault>> + Send;
    /// Changes the tags of the one named.
    fn write(
        cx: &mut Cx<'_>,
        key: &Self::Key,
        change: Change<'_>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
}

async fn read_of<H: Tagged>(cx: &mut Cx<'_>, name: &str) -> Result<(String, Tags), Fault> {
    let holder = H::named(cx, name).await?;
    Ok((holder.id().to_owned(), holder.tags().clone()))
}

async fn write_of<H: Tagged>(cx: &mut Cx<'_>, name: &str, change: Change<'_>) -> Result<(), Fault> {
    let holder = H::named(cx, name).await?;
    let mut holder: H = H::clone(&holder);
    change.apply(holder.tags_mut(), TagRules::FoldCase)?;
    cx.unit.put(holder);
    Ok(())
}

impl Taggable for User {
    type Key = ExistingUserName;

    async fn check(cx: &mut Cx<'_>, key: &Self::Key) -> Result<Check, Fault> {
        <Self as Holder>::check(cx, key.as_str()).await
    }

    async fn read(cx: &mut Cx<'_>, key: &Self::Key) -> Result<(String, Tags), Fault> {
        read_of::<Self>(cx, key.as_str()).await
    }

    async fn write(cx: &mut Cx<'_>, key: &Self::Key, change: Change<'_>) -> Result<(), Fault> {
        write_of::<Self>(cx, key.as_str(), change).await
    }
}

impl Taggable for Role {
    type Key = RoleName;

    async fn check(cx: &mut Cx<'_>, key: &Self::Key) -> Result<Check, Fault> {
        <Self as Holder>::check(cx, key.as_str()).await
    }

    async fn read(cx: &mut Cx<'_>, key: &Self::Key) -> Result<(String, Tags), Fault> {
        read_of::<Self>(cx, key.as_str()).await
    }

    async fn write(cx: &mut Cx<'_>, key: &Self::Key, change: Change<'_>) -> Result<(), Fault> {
        write_of::<Self>(cx, key.as_str(), change).await
    }
}

impl Taggable for ManagedPolicy {
    type Key = Arn;

    async fn check(cx: &mut Cx<'_>, key: &Self::Key) -> Result<Check, Fault> {
        managed_policies::check_on(cx, key).await
    }

    async fn read(cx: &mut Cx<'_>, key: &Self::Key) -> Result<(String, Tags), Fault> {
        match managed_policies::found(cx, key).await? {
            Held::Customer(policy) => Ok((policy.id.as_str().to_owned(), policy.tags.clone())),
            // AWS-managed policies carry no tags.
            _ => Ok((key.as_str().to_owned(), Tags::default())),
        }
    }

    async fn write(cx: &mut Cx<'_>, key: &Self::Key, change: Change<'_>) -> Result<(), Fault> {
        let Held::Customer(policy) = managed_policies::found(cx, key).await? else {
            return Err(Fault::denied(
                "Cannot update policies outside your own account.",
            ));
        };
        let mut policy: Self = Self::clone(&policy);
        change.apply(&mut policy.tags, TagRules::ExactCase)?;
        cx.unit.put(policy);
        Ok(())
    }
}

impl Taggable for MfaDevice {
    type Key = SerialNumber;

    async fn check(cx: &mut Cx<'_>, key: &Self::Key) -> Result<Check, Fault> {
        let account = cx.account();
        let device = lookup::find_virtual_mfa_device(cx, key).await?;
        let serial = device
            .as_ref()
            .map_or(key.as_str(), |device| device.serial.as_str());
        // The serial number of a virtual device is its resource name; any other is taken for a name.
        let arn = Arn::parse(serial)
            .ok()
            .filter(|arn| arn.parts().is_some())
            .unwrap_or_else(|| Arn::mfa(account, "/", serial));
        let check = Check::on(account, &arn);
        Ok(match device {
            Some(device) => check.tagged(&device.tags),
            None => check,
        })
    }

    async fn read(cx: &mut Cx<'_>, key: &Self::Key) -> Result<(String, Tags), Fault> {
        let device = lookup::find_virtual_mfa_device(cx, key)
            .await?
            .ok_or_else(|| missing_device(key))?;
        Ok((device.id.clone(), device.tags.clone()))
    }

    async fn write(cx: &mut Cx<'_>, key: &Self::Key, change: Change<'_>) -> Result<(), Fault> {
        let device = lookup::find_virtual_mfa_device(cx, key)
            .await?
            .ok_or_else(|| missing_device(key))?;
        let mut device: Self = Self::clone(&device);
        change.apply(&mut device.tags, TagRules::FoldCase)?;
        cx.unit.put(device);
        Ok(())
    }
}

impl Taggable for ServerCertificate {
    type Key = ServerCertificateName;

    async fn check(cx: &mut Cx<'_>, key: &Self::Key) -> Result<Check, Fault> {
        server_certificates::check_on(cx, key).await
    }

    async fn read(cx: &mut Cx<'_>, key: &Self::Key) -> Result<(String, Tags), Fault> {
        let certificate = lookup::server_certificate(cx, key).await?;
        Ok((certificate.id.as_str().to_owned(), certificate.tags.clone()))
    }

    async fn write(cx: &mut Cx<'_>, key: &Self::Key, change: Change<'_>) -> Result<(), Fault> {
        let mut certificate = Self::clone(&**lookup::server_certificate(cx, key).await?);
        change.apply(&mut certificate.tags, TagRules::FoldCase)?;
        cx.unit.put(certificate);
        Ok(())
    }
}

fn missing_device(serial: &SerialNumber) -> Fault {
    Fault::missing(format!(
        "MFA Device with serial number {serial} does not exist."
    ))
}

async fn list<T: Taggable>(
    cx: &mut Cx<'_>,
    key: &T::Key,
    page: &Paged,
) -> Result<(Vec<TagShape>, PageEnd), Fault> {
    let (id, tags) = T::read(cx, key).await?;
    let list = [b"tags/", id.as_bytes()].concat();
    let tags = (0u8..)
        .zip(tags.sorted().into_iter().map(TagShape::from))
        .collect();
    let (tags, end) = page.of_list(cx, &list, tags, |(place, tag): &(u8, TagShape)| {
        marker_key(*place, tag.key.as_str())
    })?;
    Ok((tags.into_iter().map(|(_, tag)| tag).collect(), end))
}

/// What a marker names a tag by: as much of its key as fits, and its place among those that begin alike.
fn marker_key(place: u8, key: &str) -> Vec<u8> {
    key.bytes().take(MARKER_BYTES).chain([place]).collect()
}

/// Bytes of a key that a marker holds: keys have up to 512, and a marker in base64 up to 320 characters.
const MARKER_BYTES: usize = 180;

/// Declares the three operations on the tags of one kind of entity.
macro_rules! tagging {
    (
        $Entity:ident, $Resource:ident, $field:ident: $Key:ident, $field_doc:tt,
        tag: $Tag:ident, $tag_doc:tt,
        untag: $Untag:ident, $untag_doc:tt,
        list: $List:ident, $ListOutput:ident, $list_doc:tt,
        unraised: $unraised:expr, $unraised_of_list:expr
    ) => {
        #[doc = $tag_doc]
        #[derive(Shape)]
        pub struct $Tag {
            #[doc = $field_doc]
            pub $field: $Key,
            /// The tags, at most fifty.
            #[shape(required, max = 50)]
            pub tags: Vec<TagShape>,
        }

        impl Operation for $Tag {
            const SPEC: Spec = Spec::iam(stringify!($Tag), Access::Tagging)
                .on(&[ResourceType::$Resource])
                .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"])
                .faults(&[
                    Code::ConcurrentModification,
                    Code::InvalidInput,
                    Code::LimitExceeded,
                    Code::NoSuchEntity,
                    Code::ServiceFailure,
                ]);
            type Output = Empty;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                let mut target = Target::of(<$Entity as Taggable>::check(cx, &self.$field).await?);
                target.parameters.tags = tags_in(&self.tags);
                Ok(target)
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                <$Entity as Taggable>::write(cx, &self.$field, Change::Set(&self.tags)).await?;
                Ok(Empty {})
            }
        }

        #[doc = $untag_doc]
        #[derive(Shape)]
        pub struct $Untag {
            #[doc = $field_doc]
            pub $field: $Key,
            /// The keys of the tags, at most fifty.
            #[shape(required, max = 50)]
            pub tag_keys: Vec<TagKey>,
        }

        impl Operation for $Untag {
            const SPEC: Spec = Spec::iam(stringify!($Untag), Access::Tagging)
                .on(&[ResourceType::$Resource])
                .keys(&["aws:TagKeys"])
                .faults(&[
                    Code::ConcurrentModification,
                    Code::NoSuchEntity,
                    Code::ServiceFailure,
                ])
                .unraised($unraised);
            type Output = Empty;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                let mut target = Target::of(<$Entity as Taggable>::check(cx, &self.$field).await?);
                target.parameters.tag_keys.clone_from(&self.tag_keys);
                Ok(target)
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                <$Entity as Taggable>::write(cx, &self.$field, Change::Remove(&self.tag_keys))
                    .await?;
                Ok(Empty {})
            }
        }

        #[doc = $list_doc]
        #[derive(Shape)]
        pub struct $List {
            #[doc = $field_doc]
            pub $field: $Key,
            /// Which page.
            #[shape(flatten)]
            pub page: Paged,
        }

        #[doc = "The tags of an entity."]
        #[derive(Shape)]
        pub struct $ListOutput {
            /// The tags, sorted by key.
            pub tags: Vec<TagShape>,
            /// Whether more follow.
            #[shape(flatten)]
            pub end: PageEnd,
        }

        impl Operation for $List {
            const SPEC: Spec = Spec::iam(stringify!($List), Access::List)
                .on(&[ResourceType::$Resource])
                .faults(&[Code::NoSuchEntity, Code::ServiceFailure])
                .unraised($unraised_of_list);
            type Output = $ListOutput;

            async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
                Ok(Target::of(
                    <$Entity as Taggable>::check(cx, &self.$field).await?,
                ))
            }

            async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
                let (tags, end) = list::<$Entity>(cx, &self.$field, &self.page).await?;
                Ok($ListOutput { tags, end })
            }
        }
    };
}

tagging! {
    User, User, user_name: ExistingUserName, "The user.",
    tag: TagUser, "Sets tags on a user. Keys are compared without regard to case; one that is there gets the new value.",
    untag: UntagUser, "Removes tags from a user. A key that is not there is passed over.",
    list: ListUserTags, ListUserTagsOutput, "Lists the tags of a user.",
    unraised: &[], &[]
}

tagging! {
    Role, Role, role_name: RoleName, "The role.",
    tag: TagRole, "Sets tags on a role. Keys are compared without regard to case; one that is there gets the new value.",
    untag: UntagRole, "Removes tags from a role. A key that is not there is passed over.",
    list: ListRoleTags, ListRoleTagsOutput, "Lists the tags of a role.",
    unraised: &[], &[]
}

tagging! {
    ManagedPolicy, Policy, policy_arn: Arn, "The managed policy.",
    tag: TagPolicy, "Sets tags on a customer-managed policy. Keys that differ in case are different keys.",
    untag: UntagPolicy, "Removes tags from a customer-managed policy. A key that is not there is passed over.",
    list: ListPolicyTags, ListPolicyTagsOutput, "Lists the tags of a managed policy.",
    unraised: &[ARN_IS_VALIDATED], &[ARN_IS_VALIDATED]
}

tagging! {
    MfaDevice, Mfa, serial_number: SerialNumber, "The serial number of the device.",
    tag: TagMFADevice, "Sets tags on a virtual MFA device. Keys are compared without regard to case.",
    untag: UntagMFADevice, "Removes tags from a virtual MFA device. A key that is not there is passed over.",
    list: ListMFADeviceTags, ListMFADeviceTagsOutput, "Lists the tags of a virtual MFA device.",
    unraised: &[SERIAL_IS_VALIDATED], &[SERIAL_IS_VALIDATED]
}

tagging! {
    ServerCertificate, ServerCertificate, server_certificate_name: ServerCertificateName, "The certificate.",
    tag: TagServerCertificate, "Sets tags on a server certificate. Keys are compared without regard to case.",
    untag: UntagServerCertificate, "Removes tags from a server certificate. A key that is not there is passed over.",
    list: ListServerCertificateTags, ListServerCertificateTagsOutput, "Lists the tags of a server certificate.",
    unraised: &[TAG_KEYS_ARE_VALIDATED], &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_follow_the_order_of_the_keys_however_long_they_are() {
        let long = "é".repeat(120);
        let keys = [
            String::from("a"),
            format!("{long}a"),
            format!("{long}b"),
            String::from("ü"),
        ];
        let markers: Vec<Vec<u8>> = (0u8..)
            .zip(&keys)
            .map(|(place, key)| marker_key(place, key))
            .collect();
        assert!(markers.is_sorted_by(|a, b| a < b), "{markers:?}");
        assert!(
            markers
                .iter()
                .all(|marker| marker.len() <= MARKER_BYTES + 1)
        );
    }
}
