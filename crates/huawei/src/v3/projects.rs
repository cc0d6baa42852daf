//! Projects: each account has one, which is named by configuration (Identity and Access Management API reference, "Project
//! Management").

use claviger_iam::operation::caller_details::GetCallerDetails;
use claviger_iam::operation::users::GetUser;
use claviger_model::AccountId;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::ids;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("GET", "/v3/auth/projects", "GetCallerDetails", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam("GET", "/v3/projects", "GetCallerDetails", |asked| {
        Box::pin(list(asked))
    }),
    Route::iam(
        "GET",
        "/v3/projects/{project_id}",
        "GetCallerDetails",
        |asked| Box::pin(show(asked)),
    ),
    Route::iam("GET", "/v3/users/{user_id}/projects", "GetUser", |asked| {
        Box::pin(of_user(asked))
    }),
];

fn written(account: AccountId, name: &str, address: &str) -> Value {
    let (id, domain) = (ids::project(account), ids::domain(account));
    json!({
        "id": id,
        "name": name,
        "domain_id": domain,
        "parent_id": domain,
        "enabled": true,
        "is_domain": false,
        "description": "",
        "links": { "self": format!("{address}/v3/projects/{id}") },
    })
}

/// `GET /v3/auth/projects`, `GET /v3/projects`.
async fn list(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let account = asked.account();
    let domain = ids::domain(account);
    let is_meant = [
        ("name", asked.project),
        ("domain_id", &domain),
        ("parent_id", &domain),
        ("enabled", "true"),
        ("is_domain", "false"),
    ]
    .iter()
    .all(|(name, own)| {
        query
            .get(name)
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(own) || wanted == *own)
    });
    let is_first = query.get("page").is_none_or(|page| page == "1");
    let projects: Vec<Value> = (is_meant && is_first)
        .then(|| written(account, asked.project, asked.address))
        .into_iter()
        .collect();
    let body = json!({ "projects": projects, "links": asked.links() });
    asked.call(&GetCallerDetails {}).await?;
    Ok(Reply::ok(body))
}

/// `GET /v3/projects/{project_id}`.
async fn show(asked: Asked<'_>) -> Result<Reply, Error> {
    let (id, account) = (asked.id(), asked.account());
    let project = written(account, asked.project, asked.address);
    asked.call(&GetCallerDetails {}).await?;
    if id != ids::project(account) {
        return Err(Error::no_such("project", id));
    }
    Ok(Reply::ok(json!({ "project": project })))
}

/// `GET /v3/users/{user_id}/projects`.
async fn of_user(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let project = written(asked.account(), asked.project, asked.address);
    let body = json!({ "projects": [project], "links": asked.links() });
    if asked.own_id().is_some_and(|own| own == id) {
        asked.call(&GetCallerDetails {}).await?;
        return Ok(Reply::ok(body));
    }
    let operation = GetUser {
        user_name: Some(asked.user(id).await?),
    };
    let found = asked.call(&operation).await;
    found.map_err(|fault| Error::of(fault, "user", id))?;
    Ok(Reply::ok(body))
}
