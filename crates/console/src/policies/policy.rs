//! One policy: what it says, its versions, what it is attached to, and its tags.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::managed_policies::{
    DeletePolicyVersion, GetPolicy, GetPolicyVersion, ListEntitiesForPolicy, ListPolicyVersions,
    PolicyUsage, SetDefaultPolicyVersion,
};
use claviger_iam::operation::shapes::{PolicyShape, TagShape};
use claviger_iam::operation::tagging::{TagPolicy, UntagPolicy};
use claviger_model::{Arn, Code};

use super::{ROWS, address, is_aws, kind};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::attachments::Holder;
use crate::credentials::Section;
use crate::documents::granted::Granted;
use crate::documents::{Line, lines};
use crate::door::Visit;
use crate::field::{paged, read};
use crate::view::{Frame, When, encode, fault_text};

/// A version of the document.
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) in_force: bool,
    pub(crate) shown: bool,
    made: When,
}

/// What a policy is attached to.
pub(crate) struct Entity {
    /// `user`, `group` or `role`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// Whether the policy is its permissions boundary.
    pub(crate) bounded: bool,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct Policy {
    frame: Frame,
    error: Option<String>,
    arn: String,
    /// The resource name in a query.
    encoded: String,
    own: bool,
    kind: &'static str,
    description: String,
    made: When,
    edited: When,
    /// The version whose document is shown.
    version: String,
    document: Section<Line>,
    /// What it allows and denies, where the document may be read.
    granted: Option<Granted>,
    versions: Section<Version>,
    /// The version that came before the one shown, to compare it with.
    before: Option<String>,
    entities: Section<Entity>,
    more_entities: bool,
    tags: Vec<TagShape>,
    typed_name: String,
    typed_kind: String,
    typed_key: String,
    typed_value: String,
}

/// The policy that the address names.
pub(crate) fn wanted(visit: &Visit) -> Result<Arn, Failure> {
    read(visit.asked.query.text("arn"), "The policy").map_err(|_| Failure::Missing)
}

/// Tells about the policy that the address names.
pub(crate) async fn get(visit: &Visit, arn: &Arn) -> Result<PolicyShape, Fault> {
    let get = GetPolicy {
        policy_arn: arn.clone(),
    };
    Ok(visit.call(&get).await?.policy)
}

/// What a version says.
pub(crate) async fn document(visit: &Visit, arn: &Arn, version: &str) -> Result<String, Fault> {
    let get = GetPolicyVersion {
        policy_arn: arn.clone(),
        version_id: read(version, "The version")?,
    };
    let version = visit.call(&get).await?.policy_version;
    Ok(version.document.map(|text| text.0).unwrap_or_default())
}

/// The versions, newest first.
pub(crate) async fn versions(visit: &Visit, arn: &Arn, shown: &str) -> Result<Vec<Version>, Fault> {
    let now = visit.asked.facts.now;
    let list = ListPolicyVersions {
        policy_arn: arn.clone(),
        page: paged(None, ROWS)?,
    };
    let listed = visit.call(&list).await?.versions.into_iter();
    Ok(listed
        .map(|version| Version {
            id: version.version_id.as_str().to_owned(),
            in_force: version.is_default_version,
            shown: version.version_id.as_str() == shown,
            made: When::of(version.create_date, now),
        })
        .collect())
}

/// What a policy is attached to, then whom it bounds, and whether there are more than are told.
pub(crate) async fn entities(visit: &Visit, arn: &Arn) -> Result<(Vec<Entity>, bool), Fault> {
    let mut found = Vec::new();
    let mut more = false;
    for usage in [
        PolicyUsage::PermissionsPolicy,
        PolicyUsage::PermissionsBoundary,
    ] {
        let list = ListEntitiesForPolicy {
            policy_arn: arn.clone(),
            entity_filter: None,
            path_prefix: None,
            policy_usage_filter: Some(usage),
            page: paged(None, ROWS)?,
        };
        let read = visit.call(&list).await?;
        more |= read.end.is_truncated;
        let groups = read.policy_groups.into_iter();
        let users = read.policy_users.into_iter();
        let roles = read.policy_roles.into_iter();
        let named = (groups.map(|group| ("group", group.group_name)))
            .chain(users.map(|user| ("user", user.user_name)))
            .chain(roles.map(|role| ("role", role.role_name)));
        found.extend(named.map(|(kind, name)| Entity {
            kind,
            name,
            bounded: usage == PolicyUsage::PermissionsBoundary,
        }));
    }
    Ok((found, more))
}

async fn one(visit: &Visit, error: Option<String>) -> Result<Policy, Failure> {
    let arn = wanted(visit)?;
    let now = visit.asked.facts.now;
    let policy = get(visit, &arn).await?;
    let shown = visit.asked.query.filled("version");
    let shown = shown
        .unwrap_or(policy.default_version_id.as_str())
        .to_owned();
    let versions = versions(visit, &arn, &shown).await;
    let before = versions.as_ref().ok().and_then(|versions| {
        let after = versions.iter().skip_while(|version| !version.shown);
        after.skip(1).map(|version| version.id.clone()).next()
    });
    let (entities, more_entities) = match entities(visit, &arn).await {
        Ok((entities, more)) => (Ok(entities), more),
        Err(fault) => (Err(fault), false),
    };
    let form = &visit.asked.form;
    let document = document(visit, &arn, &shown).await;
    let granted = match &document {
        Ok(text) => Some(Granted::by(visit, text).await),
        Err(_) => None,
    };
    Ok(Policy {
        frame: Frame::of(visit, policy.policy_name, "policies"),
        error,
        encoded: encode(arn.as_str()),
        own: !is_aws(arn.as_str()),
        kind: kind(arn.as_str()),
        description: policy.description.unwrap_or_default(),
        made: When::of(policy.create_date, now),
        edited: When::of(policy.update_date, now),
        document: Section::of(document.map(|text| lines(&text))),
        granted,
        version: shown,
        versions: Section::of(versions),
        before,
        entities: Section::of(entities),
        more_entities,
        tags: policy.tags.unwrap_or_default(),
        typed_name: form.text("entity").to_owned(),
        typed_kind: form.text("kind").to_owned(),
        typed_key: form.text("key").to_owned(),
        typed_value: form.text("value").to_owned(),
        arn: arn.as_str().to_owned(),
    })
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&one(&visit, None).await?)
}

/// Changes its versions, attachments or tags.
pub(crate) async fn change(visit: Visit) -> Answer {
    let arn = wanted(&visit)?;
    match run(&visit, &arn).await {
        Ok(done) => go(&format!("{}&done={done}", address(arn.as_str()))),
        Err(fault) => page_again(&one(&visit, Some(fault_text(&fault))).await?),
    }
}

async fn run(visit: &Visit, arn: &Arn) -> Result<&'static str, Fault> {
    let form = &visit.asked.form;
    let policy_arn = arn.clone();
    match form.text("do") {
        "default" => {
            let version_id = read(form.text("version"), "The version")?;
            let set = SetDefaultPolicyVersion {
                policy_arn,
                version_id,
            };
            visit.call(&set).await.map(|_| "policy-default")
        }
        "delete-version" => {
            let version_id = read(form.text("version"), "The version")?;
            let delete = DeletePolicyVersion {
                policy_arn,
                version_id,
            };
            visit.call(&delete).await.map(|_| "policy-version-deleted")
        }
        "attach" => {
            let holder = holder(form.text("kind"), form.text("entity"))?;
            holder.attach(visit, arn.as_str()).await?;
            Ok("attached")
        }
        "detach" => {
            let (kind, name) = form.text("from").split_once('/').unwrap_or_default();
            holder(kind, name)?.detach(visit, arn.as_str()).await?;
            Ok("detached")
        }
        "tag" => {
            let tag = TagShape {
                key: read(form.text("key"), "The key")?,
                value: read(form.text("value"), "The value")?,
            };
            let tag = TagPolicy {
                policy_arn,
                tags: vec![tag],
            };
            visit.call(&tag).await.map(|_| "tagged")
        }
        "untag" => {
            let untag = UntagPolicy {
                policy_arn,
                tag_keys: vec![read(form.text("key"), "The key")?],
            };
            visit.call(&untag).await.map(|_| "untagged")
        }
        _ => Err(choose()),
    }
}

fn choose() -> Fault {
    Fault::new(Code::InvalidInput, "Choose what to do.")
}

/// What is named, of this kind.
pub(super) fn holder<'a>(kind: &str, name: &'a str) -> Result<Holder<'a>, Fault> {
    Holder::of(kind, name).ok_or_else(choose)
}
