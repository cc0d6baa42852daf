//! Deleting a policy, with what hangs on it.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::{DeletePolicy, DeletePolicyVersion};
use claviger_model::{Arn, Code};

use super::policy::{Entity, Version, entities, get, holder, versions, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, encode, fault_text};

#[derive(Template)]
#[template(path = "policy_delete.html")]
struct Delete {
    frame: Frame,
    error: Option<String>,
    name: String,
    encoded: String,
    attached: Vec<Entity>,
    more: bool,
    bounded: Vec<Entity>,
    versions: usize,
}

async fn one(visit: &Visit, arn: &Arn, error: Option<String>) -> Result<Delete, Failure> {
    let policy = get(visit, arn).await?;
    let (entities, more) = entities(visit, arn).await?;
    let (bounded, attached) = entities.into_iter().partition(|entity| entity.bounded);
    Ok(Delete {
        frame: Frame::of(visit, format!("Delete {}", policy.policy_name), "policies"),
        error,
        encoded: encode(arn.as_str()),
        attached,
        more,
        bounded,
        versions: versions(visit, arn, "").await?.len(),
        name: policy.policy_name,
    })
}

/// The page that says what goes along.
pub(crate) async fn show(visit: Visit) -> Answer {
    let arn = wanted(&visit)?;
    page(&one(&visit, &arn, None).await?)
}

/// Detaches the policy from everything, then deletes its versions and itself.
pub(crate) async fn run(visit: Visit) -> Answer {
    let arn = wanted(&visit)?;
    let policy = get(&visit, &arn).await?;
    if visit.asked.form.text("name") != policy.policy_name {
        let said = format!("Type {} to delete it.", policy.policy_name);
        return page_again(&one(&visit, &arn, Some(said)).await?);
    }
    match all(&visit, &arn).await {
        Ok(()) => go("/console/policies?done=policy-deleted"),
        Err(said) => page_again(&one(&visit, &arn, Some(said)).await?),
    }
}

/// What a policy is taken away from.
///
/// # Errors
/// Whatever refuses to tell.
pub(crate) async fn told(visit: &Visit, arn: &Arn) -> Result<Vec<String>, Fault> {
    let (entities, more) = entities(visit, arn).await?;
    let told = entities.iter().map(|entity| match entity.bounded {
        true => format!("Bounds the {} {}, so it stays", entity.kind, entity.name),
        false => format!("Detached from the {} {}", entity.kind, entity.name),
    });
    let more = more.then(|| String::from("And from more"));
    Ok(told.chain(more).collect())
}

/// Detaches a policy from everything, then deletes its versions and itself.
///
/// # Errors
/// What to say of the step that failed.
pub(crate) async fn all(visit: &Visit, arn: &Arn) -> Result<(), String> {
    let at = |step: String| move |fault: Fault| format!("{step} failed: {}", fault_text(&fault));
    loop {
        let (entities, more) = entities(visit, arn)
            .await
            .map_err(at(String::from("Looking for what it is attached to")))?;
        if entities.iter().any(|entity| entity.bounded) {
            // Without its boundary an entity could do more than before.
            return Err(String::from(
                "It is a permissions boundary, so nothing was done. Give those it bounds another boundary first.",
            ));
        }
        for entity in entities {
            holder(entity.kind, &entity.name)
                .map_err(at(String::from("Looking for what it is attached to")))?
                .detach(visit, arn.as_str())
                .await
                .map_err(at(format!(
                    "Detaching it from the {} {}",
                    entity.kind, entity.name
                )))?;
        }
        if !more {
            break;
        }
    }
    let versions = versions(visit, arn, "")
        .await
        .map_err(at(String::from("Looking for its versions")))?;
    for version in versions.into_iter().filter(|version| !version.in_force) {
        delete_version(visit, arn, &version)
            .await
            .map_err(at(format!("Deleting its version {}", version.id)))?;
    }
    let delete = DeletePolicy {
        policy_arn: arn.clone(),
    };
    match visit.call(&delete).await {
        Ok(_) => Ok(()),
        // Somebody else was faster.
        Err(fault) if fault.code() == Code::NoSuchEntity => Ok(()),
        Err(fault) => Err(at(String::from("Deleting the policy"))(fault)),
    }
}

async fn delete_version(visit: &Visit, arn: &Arn, version: &Version) -> Result<(), Fault> {
    let delete = DeletePolicyVersion {
        policy_arn: arn.clone(),
        version_id: read(&version.id, "The version")?,
    };
    visit.call(&delete).await.map(drop)
}
