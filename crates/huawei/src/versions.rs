//! Version discovery, for everybody.

use axum::extract::Request;
use axum::response::Response;
use claviger_iam::context::Origin;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::reply::{Reply, in_json};

/// The list of versions for a client that asks `GET /` and nothing more, `None` for every other request. Who signs it, or
/// names an operation in its query, speaks to the AWS door.
#[must_use]
pub fn list_for_client(request: &Request, address: &str) -> Option<Response> {
    let is_plain = request.method() == Method::GET
        && request.uri().path() == "/"
        && request.uri().query().is_none()
        && !request.headers().contains_key(http::header::AUTHORIZATION);
    let id = request
        .extensions()
        .get::<Origin>()
        .map(|origin| origin.request_id.clone());
    is_plain.then(|| {
        let address = address.trim_end_matches('/');
        let list = json!({ "versions": { "values": [version(address)] } });
        in_json(
            StatusCode::MULTIPLE_CHOICES,
            &list,
            id.as_deref().unwrap_or_default(),
        )
    })
}

/// The description of the one version.
pub(crate) fn one(address: &str) -> Reply {
    Reply::ok(json!({ "version": version(address) }))
}

fn version(address: &str) -> Value {
    json!({
        "id": "v3.6",
        "status": "stable",
        "updated": "2016-04-04T00:00:00Z",
        "links": [{ "rel": "self", "href": format!("{address}/v3/") }],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v3+json",
        }],
    })
}
