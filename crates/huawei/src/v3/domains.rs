//! Accounts, which are domains here: the caller's own and no other (Identity and Access Management API reference, "Querying
//! Accessible Domains"; Identity API v3, "Domains").

use claviger_iam::operation::caller_details::{GetCallerDetails, GetCallerDetailsOutput};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("GET", "/v3/auth/domains", "GetCallerDetails", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("GET", "/v3/domains", "GetCallerDetails", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam(
        "GET",
        "/v3/domains/{domain_id}",
        "GetCallerDetails",
        |asked| Box::pin(show(asked)),
    ),
];

/// An account as a part of something else.
pub(crate) fn short(details: &GetCallerDetailsOutput) -> Value {
    json!({ "id": ids::domain(details.account), "name": details.account_name })
}

fn written(details: &GetCallerDetailsOutput, address: &str) -> Value {
    let id = ids::domain(details.account);
    json!({
        "id": id,
        "name": details.account_name,
        "enabled": true,
        "description": "",
        "links": { "self": format!("{address}/v3/domains/{id}") },
    })
}

/// `GET /v3/auth/domains`, `GET /v3/domains`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let wanted = query.get("name").map(str::to_owned);
    let (links, address) = (asked.links(), asked.address);
    let details = asked.call(&GetCallerDetails {}).await?;
    let domains: Vec<Value> = wanted
        .is_none_or(|wanted| wanted == details.account_name)
        .then(|| written(&details, address))
        .into_iter()
        .collect();
    Ok(Reply::ok(json!({ "domains": domains, "links": links })))
}

/// `GET /v3/domains/{domain_id}`.
async fn show(asked: Asked<'_>) -> Result<Reply, Error> {
    let (id, address) = (asked.id(), asked.address);
    let details = asked.call(&GetCallerDetails {}).await?;
    if id != ids::domain(details.account) {
        return Err(Error::no_such("domain", id));
    }
    Ok(Reply::ok(json!({ "domain": written(&details, address) })))
}
