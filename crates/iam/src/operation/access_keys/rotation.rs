//! Rotation of access keys in stages, and their bounds: operations of this server's own.

use std::sync::Arc;

use claviger_model::name::ExistingUserName;
use claviger_model::scalar::Bounded;
use claviger_model::{AccessKeyId, Code, Timestamp};
use claviger_shape::Shape;

use super::AccessKeyShape;
use super::holder::Holder;
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::{KeyBounds, SourceNetwork};
use crate::fault::Fault;
use crate::operation::users::check_on_owner;
use crate::operation::{Empty, Operation};
use crate::spec::{Access, ResourceType, Spec};

/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// Hours that a retiring key goes on where the request does not say.
const GRACE_HOURS: i32 = 24;

/// Puts a new access key beside one that retires: both are good until the grace period is over, when the old one expires. An
/// operation of this server's own.
#[derive(Shape)]
pub struct RotateAccessKey {
    /// The user whose key it is; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The key that is to retire. It must be active.
    pub access_key_id: AccessKeyId,
    /// Hours until it expires, 0 to 2,160; 24 when left out. A key that was to expire earlier still does.
    pub grace_period_hours: Option<Bounded<0, 2_160>>,
    /// When the new key is to expire, an instant to come. When left out it has as much time as the old key was given, from
    /// its making to its expiry; no expiry where that has none.
    pub access_key_expiration_date: Option<Timestamp>,
}

/// An access key that gives way to another.
#[derive(Shape)]
pub struct RetiringAccessKey {
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// When it expires.
    pub expiration_date: Timestamp,
}

/// The answer of [`RotateAccessKey`].
#[derive(Shape)]
pub struct RotateAccessKeyOutput {
    /// The new key with its secret. Its source networks are those of the old one.
    pub access_key: AccessKeyShape,
    /// When the new key expires, if ever.
    pub access_key_expiration_date: Option<Timestamp>,
    /// The old key.
    pub retiring_access_key: RetiringAccessKey,
}

impl Operation for RotateAccessKey {
    const SPEC: Spec = Spec::iam("RotateAccessKey", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::LimitExceeded, Code::NoSuchEntity]);
    type Output = RotateAccessKeyOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = check_on_owner(cx, self.user_name.as_ref()).await?;
        // SECURITY: whoever may not make keys, or not touch them, must not do so by another name.
        let create = check.also("iam:CreateAccessKey");
        let update = check.also("iam:UpdateAccessKey");
        Ok(Target::of(check).and(create).and(update))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let holder = Holder::find(cx, self.user_name.as_ref()).await?;
        // SECURITY: a key with bounds would be free of them in the successor of one that has none.
        if cx.principal().await?.key_bounds.is_some()
            && holder.is(cx.caller().who())
            && cx.caller().long_term_key() != Some(&self.access_key_id)
        {
            return Err(Fault::denied(
                "An access key with an expiry or source networks can rotate itself and no other key of its holder.",
            ));
        }
        let limit = holder.limit(cx).await?;
        let mut keys = holder.keys().clone();
        let old = keys.rotatable(&self.access_key_id, cx.now())?;
        let asked = self
            .access_key_expiration_date
            .map(Timestamp::whole_seconds);
        let bounds = old.successor_bounds(asked, cx.now());
        check_expiry(&bounds, cx.now())?;
        keys.check_room(limit)?;
        let access_key_expiration_date = bounds.expires;
        let bounds = (bounds != KeyBounds::default()).then(|| Arc::new(bounds));
        let (new, secret) = holder.draw(cx, bounds).await?;
        let access_key = AccessKeyShape::of(&holder, &new, secret);
        let hours = self.grace_period_hours.map_or(GRACE_HOURS, Bounded::get);
        let end = cx
            .now()
            .whole_seconds()
            .plus_seconds(i64::from(hours) * HOUR);
        let expiration_date = keys.retire(&self.access_key_id, end, cx.now())?;
        keys.add(new, limit)?;
        holder.put(cx, keys);
        Ok(RotateAccessKeyOutput {
            access_key,
            access_key_expiration_date,
            retiring_access_key: RetiringAccessKey {
                access_key_id: self.access_key_id.clone(),
                expiration_date,
            },
        })
    }
}

/// Refuses an expiry that has come.
fn check_expiry(bounds: &KeyBounds, now: Timestamp) -> Result<(), Fault> {
    if bounds.has_ended(now) {
        return Err(Fault::new(
            Code::InvalidInput,
            "The expiration date must lie in the future. To end the use of an access key now, set its status to Inactive or delete it.",
        ));
    }
    Ok(())
}

/// Sets or removes until when and from where an access key is good. What the request does not mention stays as it is. An
/// operation of this server's own.
#[derive(Shape)]
pub struct UpdateAccessKeyBounds {
    /// The user whose key it is; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The key, which must not have expired.
    pub access_key_id: AccessKeyId,
    /// When it is to expire, an instant to come. Of a key that is retiring this moves the end.
    pub expiration_date: Option<Timestamp>,
    /// Whether it is to expire no more. A key that was retiring is then `Active` again. It does not go with an
    /// `ExpirationDate`.
    pub remove_expiration_date: Option<bool>,
    /// The networks that requests signed with it may come from, in place of those that it has: at most twenty, of IPv4 and
    /// IPv6, such as `192.0.2.0/24`.
    #[shape(max = 20)]
    pub source_networks: Vec<SourceNetwork>,
    /// Whether requests may come from anywhere again. It does not go with `SourceNetworks`.
    pub remove_source_networks: Option<bool>,
}

impl UpdateAccessKeyBounds {
    /// What the bounds are to be.
    fn change(&self, mut bounds: KeyBounds) -> Result<KeyBounds, Fault> {
        let invalid = |message| Err(Fault::new(Code::InvalidInput, message));
        let unbound = (
            self.remove_expiration_date == Some(true),
            self.remove_source_networks == Some(true),
        );
        if unbound.0 && self.expiration_date.is_some() {
            return invalid("An expiration date is either set or removed.");
        }
        if unbound.1 && !self.source_networks.is_empty() {
            return invalid("Source networks are either set or removed.");
        }
        if unbound == (false, false)
            && self.expiration_date.is_none()
            && self.source_networks.is_empty()
        {
            return invalid(
                "Give what is to change: ExpirationDate, SourceNetworks, RemoveExpirationDate or RemoveSourceNetworks.",
            );
        }
        if let Some(date) = self.expiration_date {
            bounds.expires = Some(date.whole_seconds());
        }
        if unbound.0 {
            bounds.expires = None;
            bounds.retiring = None;
        }
        if unbound.1 || !self.source_networks.is_empty() {
            bounds.sources.clone_from(&self.source_networks);
        }
        Ok(bounds)
    }
}

impl Operation for UpdateAccessKeyBounds {
    const SPEC: Spec = Spec::iam("UpdateAccessKeyBounds", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidInput, Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        let check = check_on_owner(cx, self.user_name.as_ref()).await?;
        let update = check.also("iam:UpdateAccessKey");
        Ok(Target::of(check).and(update))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let holder = Holder::find(cx, self.user_name.as_ref()).await?;
        let mut keys = holder.keys().clone();
        let bounds = self.change(keys.bounds(&self.access_key_id, cx.now())?)?;
        check_expiry(&bounds, cx.now())?;
        keys.set_bounds(&self.access_key_id, bounds, cx.now())?;
        holder.put(cx, keys);
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use claviger_shape::Type;

    use super::*;
    use crate::entity::key_bounds::MAX_NETWORKS;

    #[test]
    fn a_key_names_no_more_networks_than_it_may() {
        let mut fields = UpdateAccessKeyBounds::FIELDS.iter();
        let networks = fields.find(|field| field.name.wire == "SourceNetworks");
        let Some(Type::List { max, .. }) = networks.map(|field| &field.holds) else {
            panic!("a list");
        };
        assert_eq!(usize::try_from(*max), Ok(MAX_NETWORKS));
    }

    #[test]
    fn the_secret_of_a_new_key_is_hidden_in_audit_events() {
        let secrets = AccessKeyShape::FIELDS.iter().filter(|field| field.secret());
        let names: Vec<_> = secrets.map(|field| field.name.wire).collect();
        assert_eq!(names, ["SecretAccessKey"]);
    }
}
