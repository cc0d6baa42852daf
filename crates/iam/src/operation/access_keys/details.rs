//! All that is known of access keys: their stages, their bounds and their last use. An operation of this server's own.

use claviger_model::name::ExistingUserName;
use claviger_model::{AccessKeyId, Code, Timestamp};
use claviger_shape::Shape;

use super::AccessKeyLastUsed;
use super::holder::Holder;
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::credential::{Stage, Status};
use crate::entity::{KeyBounds, SourceNetwork};
use crate::fault::Fault;
use crate::operation::Operation;
use crate::operation::page::{PageEnd, Paged};
use crate::operation::users::check_on_owner;
use crate::spec::{Access, ResourceType, Spec};

/// An access key with its stage, its bounds and its last use.
#[derive(Shape)]
pub struct AccessKeyDetails {
    /// The user it belongs to; root has no name.
    pub user_name: Option<String>,
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// Whether requests signed with it are accepted: `Active` of one that is retiring too.
    pub status: Status,
    /// Where it stands between its making and its end.
    pub stage: Stage,
    /// When it was made.
    pub create_date: Timestamp,
    /// Since when it gives way to another key, if it does.
    pub retiring_date: Option<Timestamp>,
    /// When it expires or did, if ever.
    pub expiration_date: Option<Timestamp>,
    /// The networks that requests signed with it may come from; from anywhere if there is none.
    pub source_networks: Vec<SourceNetwork>,
    /// Its last use.
    pub access_key_last_used: AccessKeyLastUsed,
}

/// Lists the access keys of a user, or of the caller, with stage, bounds and last use. An operation of this server's own.
#[derive(Shape)]
pub struct ListAccessKeyDetails {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListAccessKeyDetails`].
#[derive(Shape)]
pub struct ListAccessKeyDetailsOutput {
    /// The keys, oldest first.
    pub access_key_details: Vec<AccessKeyDetails>,
    /// Whether more follow.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListAccessKeyDetails {
    const SPEC: Spec = Spec::iam("ListAccessKeyDetails", Access::List)
        .governed_by("ListAccessKeys")
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = ListAccessKeyDetailsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let holder = Holder::find(cx, self.user_name.as_ref()).await?;
        let (keys, end) = holder.page(cx, &self.page, "access_key_details")?;
        let marks: Vec<_> = keys.iter().map(|key| holder.mark_of_use(&key.id)).collect();
        let marks = cx.iam().store().marks_of(&marks).await;
        let marks = marks.map_err(Fault::unavailable)?;
        let access_key_details = keys
            .into_iter()
            .zip(marks)
            .map(|(key, mark)| {
                let bounds: Option<&KeyBounds> = key.bounds.as_deref();
                AccessKeyDetails {
                    user_name: holder.name(),
                    access_key_id: key.id.clone(),
                    status: key.status_at(cx.now()),
                    stage: key.stage_at(cx.now()),
                    create_date: key.created,
                    retiring_date: bounds.and_then(|bounds| bounds.retiring),
                    expiration_date: bounds.and_then(|bounds| bounds.expires),
                    source_networks: bounds.map_or_else(Vec::new, |bounds| bounds.sources.clone()),
                    access_key_last_used: AccessKeyLastUsed::of(mark.as_ref()),
                }
            })
            .collect();
        Ok(ListAccessKeyDetailsOutput {
            access_key_details,
            end,
        })
    }
}
