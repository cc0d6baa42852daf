//! The catalog of services (Identity API v3, "Service catalog"): this one alone, at the address that clients reach.

use claviger_iam::operation::caller_details::GetCallerDetails;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam("GET", "/v3/auth/catalog", "GetCallerDetails", |asked| {
        Box::pin(own(asked))
    }),
    Route::iam("GET", "/v3/services", "GetCallerDetails", |asked| {
        Box::pin(services(asked))
    }),
    Route::iam(
        "GET",
        "/v3/services/{service_id}",
        "GetCallerDetails",
        |asked| Box::pin(one_service(asked)),
    ),
    Route::iam("GET", "/v3/endpoints", "GetCallerDetails", |asked| {
        Box::pin(endpoints(asked))
    }),
    Route::iam(
        "GET",
        "/v3/endpoints/{endpoint_id}",
        "GetCallerDetails",
        |asked| Box::pin(one_endpoint(asked)),
    ),
    Route::iam("GET", "/v3/regions", "GetCallerDetails", |asked| {
        Box::pin(regions(asked))
    }),
    Route::iam(
        "GET",
        "/v3/regions/{region_id}",
        "GetCallerDetails",
        |asked| Box::pin(one_region(asked)),
    ),
];

/// The id of the service: the same on every server, so that nobody has to look it up.
const SERVICE: &str = "1a3c0b2e5d4f4a6e8b7c9d0e1f2a3b4c";
/// The id of its endpoint for all regions.
const EVERYWHERE: &str = "2b4d1c3f6e5a4b7f9c8dae1f2a3b4c5d";
/// The id of its endpoint for the region of the account's project.
const HERE: &str = "3c5e2d4a7f6b4c8aad9ebf2a3b4c5d6e";

/// The region that a project is of: what its name begins with (API reference, "Creating a Project").
pub(crate) fn region(project: &str) -> &str {
    project
        .split_once('_')
        .map_or(project, |(region, _)| region)
}

/// The catalog, as tokens show it.
pub(crate) fn written(address: &str, project: &str) -> Value {
    let endpoint = |id: &str, region: &str| {
        json!({
            "id": id,
            "interface": "public",
            "region": region,
            "region_id": region,
            "url": format!("{address}/v3"),
        })
    };
    json!([{
        "id": SERVICE,
        "name": "iam",
        "type": "identity",
        "endpoints": [endpoint(EVERYWHERE, "*"), endpoint(HERE, region(project))],
    }])
}

/// Lets everybody pass who is somebody.
async fn admit(asked: Asked<'_>) -> Result<(), Error> {
    asked.call(&GetCallerDetails {}).await?;
    Ok(())
}

/// `GET /v3/auth/catalog`.
async fn own(asked: Asked<'_>) -> Result<Reply, Error> {
    let body = json!({
        "catalog": written(asked.address, asked.project),
        "links": { "self": asked.link(asked.path) },
    });
    admit(asked).await?;
    Ok(Reply::ok(body))
}

fn service(asked: &Asked<'_>) -> Value {
    json!({
        "id": SERVICE,
        "name": "iam",
        "type": "identity",
        "description": "Identity and access management",
        "enabled": true,
        "links": { "self": asked.link(&format!("/v3/services/{SERVICE}")) },
    })
}

/// `GET /v3/services`.
async fn services(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let is_meant = query.get("type").is_none_or(|wanted| wanted == "identity")
        && query.get("name").is_none_or(|wanted| wanted == "iam");
    let found: Vec<Value> = is_meant.then(|| service(&asked)).into_iter().collect();
    let body = json!({ "services": found, "links": asked.links() });
    admit(asked).await?;
    Ok(Reply::ok(body))
}

/// `GET /v3/services/{service_id}`.
async fn one_service(asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let body = (id == SERVICE).then(|| json!({ "service": service(&asked) }));
    admit(asked).await?;
    body.map(Reply::ok)
        .ok_or_else(|| Error::no_such("service", id))
}

fn endpoint(asked: &Asked<'_>, id: &str) -> Option<Value> {
    let region = match id {
        EVERYWHERE => "*",
        HERE => region(asked.project),
        _ => return None,
    };
    Some(json!({
        "id": id,
        "service_id": SERVICE,
        "interface": "public",
        "region": region,
        "region_id": region,
        "url": format!("{}/v3", asked.address),
        "enabled": true,
        "links": { "self": asked.link(&format!("/v3/endpoints/{id}")) },
    }))
}

/// `GET /v3/endpoints`.
async fn endpoints(asked: Asked<'_>) -> Result<Reply, Error> {
    let query = asked.query()?;
    let is_meant = query
        .get("interface")
        .is_none_or(|wanted| wanted == "public")
        && query
            .get("service_id")
            .is_none_or(|wanted| wanted == SERVICE);
    let found: Vec<Value> = [EVERYWHERE, HERE]
        .iter()
        .filter(|_| is_meant)
        .filter_map(|id| endpoint(&asked, id))
        .collect();
    let body = json!({ "endpoints": found, "links": asked.links() });
    admit(asked).await?;
    Ok(Reply::ok(body))
}

/// `GET /v3/endpoints/{endpoint_id}`.
async fn one_endpoint(asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let body = endpoint(&asked, id).map(|endpoint| json!({ "endpoint": endpoint }));
    admit(asked).await?;
    body.map(Reply::ok)
        .ok_or_else(|| Error::no_such("endpoint", id))
}

fn region_of(asked: &Asked<'_>) -> Value {
    let id = region(asked.project);
    json!({
        "id": id,
        "description": "",
        "parent_region_id": null,
        "type": "public",
        "locales": { "en-us": id, "zh-cn": id },
        "links": { "self": asked.link(&format!("/v3/regions/{id}")) },
    })
}

/// `GET /v3/regions`.
async fn regions(asked: Asked<'_>) -> Result<Reply, Error> {
    let body = json!({ "regions": [region_of(&asked)], "links": asked.links() });
    admit(asked).await?;
    Ok(Reply::ok(body))
}

/// `GET /v3/regions/{region_id}`.
async fn one_region(asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.id();
    let body = (id == region(asked.project)).then(|| json!({ "region": region_of(&asked) }));
    admit(asked).await?;
    body.map(Reply::ok)
        .ok_or_else(|| Error::no_such("region", id))
}
