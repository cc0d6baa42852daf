//! Who the caller is (Security Token Service API reference, "GetCallerIdentity").

use claviger_iam::operation::sessions::GetCallerIdentity;
use claviger_iam::{Fault, Service};
use claviger_model::{AccountId, Arn};
use serde_json::json;

use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[Route {
    method: "GET",
    path: "/v5/caller-identity",
    service: Service::Sts,
    operation: "GetCallerIdentity",
    run: |asked| Box::pin(show(asked)),
}];

/// `GET /v5/caller-identity`.
async fn show(asked: Asked<'_>) -> Result<Reply, Error> {
    let caller = asked.call(&GetCallerIdentity {}).await?;
    let domain = ids::domain(caller.account);
    let urn = urn(&caller.arn, &domain)
        .ok_or_else(|| Fault::service("a caller whom this door has no name for"))?;
    let id = id(&caller.user_id, caller.account)
        .ok_or_else(|| Fault::service("a caller whom this door has no id for"))?;
    Ok(Reply::ok(json!({
        "account_id": domain,
        "principal_urn": urn,
        "principal_id": id,
    })))
}

/// What the caller is called here.
fn urn(arn: &Arn, domain: &str) -> Option<String> {
    let resource = arn.as_str().splitn(6, ':').nth(5)?;
    let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
    match kind {
        "root" => Some(format!("iam::{domain}:root")),
        "user" => {
            // Without its path, which this door does not know of.
            let name = name.rsplit('/').next()?;
            Some(format!("iam::{domain}:user:{name}"))
        }
        "assumed-role" => Some(format!("sts::{domain}:assumed-agency:{name}")),
        _ => None,
    }
}

/// The caller's id here; that of a session is `<agency>:<session>`.
fn id(unique: &str, account: AccountId) -> Option<String> {
    match unique.split_once(':') {
        Some((role, session)) => Some(format!("{}:{session}", ids::agency(role)?)),
        None if unique.bytes().all(|byte| byte.is_ascii_digit()) => Some(ids::root(account)),
        None => ids::user(unique),
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar as _;

    use super::*;

    #[test]
    fn every_kind_of_caller_has_a_name_here() {
        for (arn, expected) in [
            ("arn:aws:iam::123456789012:root", Some("iam::d:root")),
            (
                "arn:aws:iam::123456789012:user/team/blue/alice",
                Some("iam::d:user:alice"),
            ),
            (
                "arn:aws:sts::123456789012:assumed-role/Auditor/night",
                Some("sts::d:assumed-agency:Auditor/night"),
            ),
            ("arn:aws:iam::123456789012:group/x", None),
        ] {
            let arn = Arn::parse(arn).expect(arn);
            assert_eq!(urn(&arn, "d").as_deref(), expected, "{}", arn.as_str());
        }
        let account = AccountId::parse("123456789012").expect("an account");
        assert_eq!(id("123456789012", account), Some(ids::root(account)));
        assert_eq!(
            id("AIDAABCDEFGHIJKLMNOPQ", account),
            ids::user("AIDAABCDEFGHIJKLMNOPQ")
        );
        let session = id("AROAABCDEFGHIJKLMNOPQ:night", account).expect("a session");
        assert!(session.ends_with(":night"), "{session}");
        assert_eq!(id("uid:1000", account), None);
    }
}
