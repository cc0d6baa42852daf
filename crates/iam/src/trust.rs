//! Trust policies of roles: who may assume a role, bound to the entity and not to its name.
//!
//! When a trust policy is saved, every user and role that it names is looked up, and what is in force names them by their
//! unique ids. So one who is deleted and made again under the same name is not trusted, and one who is renamed still is
//! (IAM user guide, "AWS JSON policy elements: Principal"; AC-20).
//!
//! What a trust policy may say about entities of other accounts is never checked aloud: one that is there is bound, one
//! that is not can never match, and the answer is the same (AC-25, AC-26).

use std::collections::BTreeMap;
use std::sync::Arc;

use claviger_model::{AccountId, Arn, IdKind, Scalar, UniqueId, arn, text, unique_id};
use claviger_policy::{Policy, PrincipalType};
use claviger_store::{Scope, Unit};
use serde_json::value::RawValue;

use crate::entity::index::{ROLES_BY_NAME, USERS_BY_NAME};
use crate::entity::role::TrustedPrincipal;
use crate::entity::{Document, Role, User};
use crate::fault::Fault;
use crate::principal::{Being, Principal};

/// A trust policy that was checked and resolved.
#[derive(Debug)]
pub struct Trust {
    /// The text as it was sent.
    pub document: Document,
    /// The same with every user and role named by unique id: what decides.
    pub in_force: Document,
    /// Who is named.
    pub trusted: Vec<TrustedPrincipal>,
}

/// Stands in force for a user or role that was not there when the policy was saved. No id has a zero, so it matches
/// nobody, not even one who is made later under the name.
const NOBODY: &str = "AIDA00000000000000000";

/// What a principal's text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named<'a> {
    User {
        account: AccountId,
        name: &'a str,
    },
    Role {
        account: AccountId,
        name: &'a str,
    },
    Session {
        account: AccountId,
        role: &'a str,
    },
    Id(&'a str),
    /// An account, everybody, or what this server has no records of.
    Unbound,
    /// A text that names a user or role, but in no account that can be.
    Nobody,
}

fn named(text: &str) -> Named<'_> {
    let is_id = [IdKind::User, IdKind::Role]
        .iter()
        .any(|kind| text.starts_with(kind.prefix()));
    if is_id {
        return Named::Id(text);
    }
    let Some(parts) = arn::split(text) else {
        return Named::Unbound;
    };
    let last = |rest: &'static str| {
        parts
            .resource
            .strip_prefix(rest)
            .and_then(|rest| rest.rsplit('/').next())
    };
    let account = AccountId::parse(parts.account)
        .ok()
        .filter(|_| parts.partition == "aws");
    match (
        parts.service,
        last("user/"),
        last("role/"),
        last("assumed-role/"),
    ) {
        ("iam", Some(name), _, _) => {
            account.map_or(Named::Nobody, |account| Named::User { account, name })
        }
        ("iam", _, Some(name), _) => {
            account.map_or(Named::Nobody, |account| Named::Role { account, name })
        }
        ("sts", _, _, Some(_)) => {
            let role = parts
                .resource
                .strip_prefix("assumed-role/")
                .and_then(|rest| rest.split_once('/'))
                .map(|(role, _)| role);
            match (account, role) {
                (Some(account), Some(role)) => Named::Session { account, role },
                _ => Named::Nobody,
            }
        }
        _ => Named::Unbound,
    }
}

/// Checks a trust policy and resolves whom it names, for a role of account `own`. `size` is the quota on its characters.
///
/// # Errors
/// `MalformedPolicyDocument`, also for a user or role of the own account that is not there; `LimitExceeded`;
/// `ServiceUnavailable`.
pub async fn resolve(
    unit: &mut Unit,
    own: AccountId,
    text: &str,
    size: u64,
) -> Result<Trust, Fault> {
    claviger_policy::validate_trust(text)
        .map_err(|malformed| Fault::malformed_policy(malformed.message()))?;
    let document = Document::new(text);
    if document.counted_size() > size {
        return Err(Fault::quota("ACLSizePerRole", size));
    }
    let mut names = Vec::new();
    rewrite(text, &mut |name| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
        None
    })?;
    let mut trusted = Vec::new();
    let mut replaced: BTreeMap<String, String> = BTreeMap::new();
    for name in names {
        let what = named(&name);
        let (account, found) = match what {
            Named::Unbound => continue,
            Named::Nobody => (None, None),
            Named::User {
                account,
                name: user,
            } => (Some(account), user_id(unit, account, user, &name).await?),
            Named::Role {
                account,
                name: role,
            } => (Some(account), role_id(unit, account, role, &name).await?),
            Named::Session { account, role } => {
                (Some(account), session_role_id(unit, account, role).await?)
            }
            Named::Id(id) => {
                let account = unique_id::account_of(id);
                (account, live_id(unit, account, id).await?)
            }
        };
        match found {
            Some(id) => {
                // A session stays named by its own name; see [`in_force_for`].
                if !matches!(what, Named::Session { .. }) {
                    replaced.insert(name.clone(), id.as_str().to_owned());
                }
                trusted.push(TrustedPrincipal { named: name, id });
            }
            None if account == Some(own) => {
                return Err(Fault::malformed_policy(format!(
                    "Invalid principal in policy: \"AWS\":\"{name}\""
                )));
            }
            None => {
                replaced.insert(name, NOBODY.to_owned());
            }
        }
    }
    let in_force = rewrite(text, &mut |name| replaced.get(name).cloned())?;
    check_bound(&in_force)?;
    Ok(Trust {
        document,
        in_force: Document::new(in_force),
        trusted,
    })
}

/// Makes sure that what is in force compiles and names no user and no role by resource name.
fn check_bound(in_force: &str) -> Result<(), Fault> {
    let policy = Policy::compile(in_force).map_err(Fault::service)?;
    let by_name = policy.principals().any(|(_, principal)| {
        principal.kind == PrincipalType::Aws
            && matches!(
                named(&principal.text),
                Named::User { .. } | Named::Role { .. } | Named::Nobody
            )
    });
    if by_name {
        return Err(Fault::service(
            "a principal of a trust policy was left unbound",
        ));
    }
    Ok(())
}

async fn user_id(
    unit: &mut Unit,
    account: AccountId,
    name: &str,
    arn: &str,
) -> Result<Option<UniqueId>, Fault> {
    let found = unit
        .find::<User>(
            Scope::Account(account),
            &USERS_BY_NAME,
            text::fold(name).as_bytes(),
        )
        .await
        .map_err(Fault::unavailable)?;
    Ok(found
        .filter(|user| user.arn().as_str() == arn)
        .map(|user| user.id.clone()))
}

async fn role_id(
    unit: &mut Unit,
    account: AccountId,
    name: &str,
    arn: &str,
) -> Result<Option<UniqueId>, Fault> {
    let found = unit
        .find::<Role>(
            Scope::Account(account),
            &ROLES_BY_NAME,
            text::fold(name).as_bytes(),
        )
        .await
        .map_err(Fault::unavailable)?;
    Ok(found
        .filter(|role| role.arn().as_str() == arn)
        .map(|role| role.id.clone()))
}

async fn session_role_id(
    unit: &mut Unit,
    account: AccountId,
    name: &str,
) -> Result<Option<UniqueId>, Fault> {
    let found = unit
        .find::<Role>(
            Scope::Account(account),
            &ROLES_BY_NAME,
            text::fold(name).as_bytes(),
        )
        .await
        .map_err(Fault::unavailable)?;
    Ok(found
        .filter(|role| role.name.as_str() == name)
        .map(|role| role.id.clone()))
}

async fn live_id(
    unit: &mut Unit,
    account: Option<AccountId>,
    id: &str,
) -> Result<Option<UniqueId>, Fault> {
    let (Some(account), Ok(id)) = (account, UniqueId::parse(id)) else {
        return Ok(None);
    };
    Ok(present_arn(unit, account, &id).await?.map(|_| id))
}

/// The resource name that the user or role of this id has now, or `None` if it is gone.
async fn present_arn(
    unit: &mut Unit,
    account: AccountId,
    id: &UniqueId,
) -> Result<Option<Arn>, Fault> {
    let scope = Scope::Account(account);
    if id.as_str().starts_with(IdKind::User.prefix()) {
        let user = unit
            .get::<User>(scope, id.as_str())
            .await
            .map_err(Fault::unavailable)?;
        return Ok(user.map(|user| user.arn()));
    }
    let role = unit
        .get::<Role>(scope, id.as_str())
        .await
        .map_err(Fault::unavailable)?;
    Ok(role.map(|role| role.arn()))
}

/// The trust policy of a role as it is shown: the text as it was sent while everybody in it is called as then, else with
/// their present resource names, and with the unique ids of those who are gone.
///
/// # Errors
/// `ServiceUnavailable`; `ServiceFailure` for a stored text that cannot be read.
pub async fn shown(unit: &mut Unit, role: &Role) -> Result<String, Fault> {
    let mut changed: BTreeMap<&str, String> = BTreeMap::new();
    for principal in &role.trusted {
        let foreign = unique_id::account_of(principal.id.as_str()) != Some(role.account);
        if foreign && matches!(named(&principal.named), Named::Id(_)) {
            // Whoever writes an id of another account must not learn from the answer whose it is.
            continue;
        }
        let arn = match unique_id::account_of(principal.id.as_str()) {
            Some(account) => present_arn(unit, account, &principal.id).await?,
            None => None,
        };
        let now = match arn {
            Some(_) if matches!(named(&principal.named), Named::Session { .. }) => {
                principal.named.clone()
            }
            Some(arn) => arn.as_str().to_owned(),
            None => principal.id.as_str().to_owned(),
        };
        if now != principal.named {
            changed.insert(&principal.named, now);
        }
    }
    if changed.is_empty() {
        return Ok(role.trust.text().to_owned());
    }
    rewrite(role.trust.text(), &mut |name| changed.get(name).cloned())
}

/// The trust policy that decides about this caller.
///
/// A session is named by its resource name, which a role of the same name that was made later has too: for a session of
/// such a role the name gives way to the id of the role that was meant.
///
/// # Errors
/// `ServiceFailure` for a stored text that cannot be read.
pub fn in_force_for(role: &Role, caller: &Principal) -> Result<Arc<Policy>, Fault> {
    let Being::Role(of) = &caller.being else {
        return Ok(role.trust_in_force.policy().clone());
    };
    let session = caller.arn.as_str();
    match role.trusted.iter().find(|trusted| trusted.named == session) {
        Some(meant) if meant.id != of.id => {
            let text = rewrite(role.trust_in_force.text(), &mut |name| {
                (name == session).then(|| meant.id.as_str().to_owned())
            })?;
            Ok(Document::new(text).policy().clone())
        }
        _ => Ok(role.trust_in_force.policy().clone()),
    }
}

type Members = BTreeMap<String, Box<RawValue>>;

/// The document with the principals under `AWS` replaced where `replace` says so. Everything else stays as it is
/// written, numbers too.
///
/// The document was validated: no name stands twice in an object, and principals have the types that they must have.
fn rewrite(text: &str, replace: &mut dyn FnMut(&str) -> Option<String>) -> Result<String, Fault> {
    let mut members: Members = serde_json::from_str(text).map_err(Fault::service)?;
    if let Some(statement) = members.get_mut("Statement") {
        let rewritten = if statement.get().trim_start().starts_with('[') {
            let mut statements: Vec<Members> =
                serde_json::from_str(statement.get()).map_err(Fault::service)?;
            for statement in &mut statements {
                rewrite_statement(statement, replace)?;
            }
            raw(&statements)?
        } else {
            let mut statement: Members =
                serde_json::from_str(statement.get()).map_err(Fault::service)?;
            rewrite_statement(&mut statement, replace)?;
            raw(&statement)?
        };
        *statement = rewritten;
    }
    serde_json::to_string(&members).map_err(Fault::service)
}

fn rewrite_statement(
    statement: &mut Members,
    replace: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<(), Fault> {
    for element in ["Principal", "NotPrincipal"] {
        let Some(principal) = statement.get_mut(element) else {
            continue;
        };
        if !principal.get().trim_start().starts_with('{') {
            continue;
        }
        let mut kinds: Members = serde_json::from_str(principal.get()).map_err(Fault::service)?;
        if let Some(named) = kinds.get_mut("AWS") {
            let mut value: serde_json::Value =
                serde_json::from_str(named.get()).map_err(Fault::service)?;
            let texts = match &mut value {
                serde_json::Value::Array(texts) => texts.as_mut_slice(),
                one => std::slice::from_mut(one),
            };
            for text in texts {
                if let serde_json::Value::String(text) = text
                    && let Some(other) = replace(text)
                {
                    *text = other;
                }
            }
            *named = raw(&value)?;
        }
        *principal = raw(&kinds)?;
    }
    Ok(())
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, Fault> {
    serde_json::value::to_raw_value(value).map_err(Fault::service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u64) -> AccountId {
        AccountId::from_number(number).expect("twelve digits")
    }

    #[test]
    fn a_principal_is_read_for_what_it_names() {
        assert_eq!(
            named("arn:aws:iam::000000000001:user/a/b/alice"),
            Named::User {
                account: account(1),
                name: "alice"
            }
        );
        assert_eq!(
            named("arn:aws:iam::000000000001:role/r"),
            Named::Role {
                account: account(1),
                name: "r"
            }
        );
        assert_eq!(
            named("arn:aws:sts::000000000001:assumed-role/r/session"),
            Named::Session {
                account: account(1),
                role: "r"
            }
        );
        assert_eq!(
            named("AROAQAAAAAAACXXXXXXXX"),
            Named::Id("AROAQAAAAAAACXXXXXXXX")
        );
        for unbound in ["*", "000000000001", "arn:aws:iam::000000000001:root"] {
            assert_eq!(named(unbound), Named::Unbound, "{unbound}");
        }
        for nobody in [
            "arn:aws-cn:iam::000000000001:user/alice",
            "arn:aws:iam::1:role/r",
            "arn:aws:sts::000000000001:assumed-role/r",
        ] {
            assert_eq!(named(nobody), Named::Nobody, "{nobody}");
        }
    }

    #[test]
    fn principals_are_replaced_and_everything_else_stays_as_written() {
        let text = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["a", "b"], "Service": "a"}, "Action": "sts:AssumeRole",
             "Condition": {"NumericEquals": {"k": 12345678901234567890.123456789012345678901}}},
            {"Effect": "Deny", "NotPrincipal": {"AWS": "a"}, "Action": "sts:AssumeRole"},
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}"#;
        let changed = rewrite(text, &mut |name| (name == "a").then(|| String::from("A")))
            .expect("a document");
        assert!(
            changed.contains("12345678901234567890.123456789012345678901"),
            "{changed}"
        );
        let changed: serde_json::Value = serde_json::from_str(&changed).expect("JSON");
        assert_eq!(
            changed["Statement"][0]["Principal"],
            serde_json::json!({"AWS": ["A", "b"], "Service": "a"})
        );
        assert_eq!(
            changed["Statement"][1]["NotPrincipal"],
            serde_json::json!({"AWS": "A"})
        );
        assert_eq!(changed["Statement"][2]["Principal"], "*");
    }

    #[test]
    fn a_single_statement_is_rewritten_too_and_so_is_an_escaped_name() {
        let text = r#"{"Statement": {"Effect": "Allow", "Princip\u0061l": {"AW\u0053": "\u0061"}, "Action": "sts:AssumeRole"}}"#;
        let changed = rewrite(text, &mut |name| (name == "a").then(|| String::from("A")))
            .expect("a document");
        let changed: serde_json::Value = serde_json::from_str(&changed).expect("JSON");
        assert_eq!(changed["Statement"]["Principal"]["AWS"], "A");
    }

    #[test]
    fn ac_20_what_is_in_force_names_nobody_by_resource_name() {
        let with = |principal: &str| {
            format!(
                r#"{{"Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "sts:AssumeRole"}}}}"#
            )
        };
        assert!(check_bound(&with("arn:aws:iam::000000000001:user/alice")).is_err());
        assert!(check_bound(&with("arn:aws:iam::000000000001:role/r")).is_err());
        assert!(check_bound(&with("arn:aws-cn:iam::000000000001:role/r")).is_err());
        assert!(check_bound(&with("AIDAQAAAAAAACXXXXXXXX")).is_ok());
        assert!(check_bound(&with(NOBODY)).is_ok());
        assert!(check_bound(&with("arn:aws:iam::000000000001:root")).is_ok());
    }

    #[test]
    fn nobody_is_an_id_that_no_entity_can_have() {
        assert!(NOBODY.contains('0'));
        assert_eq!(unique_id::account_of(NOBODY), None);
        assert_eq!(NOBODY.len(), IdKind::User.length());
    }
}
