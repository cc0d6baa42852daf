//! The AWS-managed policies that every account has: constants, compiled on first use.
//!
//! What they say is published by AWS (AWS managed policy reference guide). `docs/compatibility.md` names those that are
//! narrower here than on AWS, and those that are missing.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use claviger_model::name::PolicyVersionId;
use claviger_model::{Arn, Scalar, Timestamp};
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use crate::entity::Document;

/// One AWS-managed policy, in its one version.
#[derive(Debug)]
pub struct AwsManagedPolicy {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// Its resource name.
    pub arn: Arn,
    /// `ANPA…`, the same on every server.
    pub id: String,
    /// The version that AWS had made the default when this list was made.
    pub version: PolicyVersionId,
    /// When AWS made it.
    pub created: Timestamp,
    /// When AWS last changed it.
    pub updated: Timestamp,
    /// What it says.
    pub document: Document,
}

#[derive(serde::Deserialize)]
struct Row {
    name: String,
    path: String,
    version: String,
    created: String,
    updated: String,
    document: Box<serde_json::value::RawValue>,
}

struct Catalogue {
    /// Sorted by path and name.
    all: Vec<Arc<AwsManagedPolicy>>,
    by_arn: HashMap<String, Arc<AwsManagedPolicy>>,
    by_id: HashMap<String, Arc<AwsManagedPolicy>>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // INVARIANT: the file is part of the binary and a test reads all of it, so nothing is left out here.
    let rows: Vec<Row> =
        serde_json::from_str(include_str!("aws_managed/policies.json")).unwrap_or_default();
    let mut all: Vec<Arc<AwsManagedPolicy>> =
        rows.into_iter().filter_map(read).map(Arc::new).collect();
    all.sort_by(|a, b| (&a.path, &a.name).cmp(&(&b.path, &b.name)));
    let by_arn = all
        .iter()
        .map(|policy| (policy.arn.as_str().to_owned(), policy.clone()))
        .collect();
    let by_id = all
        .iter()
        .map(|policy| (policy.id.clone(), policy.clone()))
        .collect();
    Catalogue { all, by_arn, by_id }
});

fn read(row: Row) -> Option<AwsManagedPolicy> {
    let digest = Sha256::digest(row.name.as_bytes());
    let tail = BASE32_NOPAD.encode(&digest);
    Some(AwsManagedPolicy {
        arn: Arn::aws_managed_policy(&row.path, &row.name),
        id: format!("ANPA{}", tail.get(..17)?),
        version: PolicyVersionId::parse(&row.version).ok()?,
        created: Timestamp::parse_extended(&row.created)?,
        updated: Timestamp::parse_extended(&row.updated)?,
        document: Document::new(row.document.get()),
        name: row.name,
        path: row.path,
    })
}

/// All of them, sorted by path and name.
#[must_use]
pub fn all() -> &'static [Arc<AwsManagedPolicy>] {
    &CATALOGUE.all
}

/// The policy of this resource name.
#[must_use]
pub fn by_arn(arn: &str) -> Option<&'static Arc<AwsManagedPolicy>> {
    CATALOGUE.by_arn.get(arn)
}

/// The policy of this unique id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Arc<AwsManagedPolicy>> {
    CATALOGUE.by_id.get(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_catalogue_is_a_valid_policy() {
        let rows: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("aws_managed/policies.json"))
                .expect("the file is JSON");
        assert_eq!(rows.len(), all().len());
        for policy in all() {
            let text = policy.document.text();
            assert!(
                claviger_policy::Policy::compile(text).is_ok(),
                "{}",
                policy.name
            );
            assert!(
                claviger_policy::validate_identity(text).is_ok(),
                "{}",
                policy.name
            );
        }
    }

    #[test]
    fn a_policy_is_found_by_its_resource_name() {
        let policy = by_arn("arn:aws:iam::aws:policy/AdministratorAccess").expect("there is one");
        assert_eq!(policy.name, "AdministratorAccess");
        assert_eq!(by_id(&policy.id).map(|same| &same.arn), Some(&policy.arn));
        assert!(by_arn("arn:aws:iam::aws:policy/administratoraccess").is_none());
    }
}
