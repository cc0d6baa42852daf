//! The Huawei front door: the JSON API of Huawei Cloud's and Open Telekom Cloud's identity service. Wire formats only: it
//! authenticates, finds the route, has `iam` run the operation behind it, and encodes the answer.
//!
//! What there is stands in one table, `routes`; whatever is not in it is answered 404, and does nothing.
//!
//! Sources: Huawei Cloud and Open Telekom Cloud API references, "Identity and Access Management"; `huaweicloudsdkiam`
//! 3.1.219; `keystoneauth1`, for what it reads of an answer.

mod asked;
#[cfg(test)]
mod coverage;
mod error;
mod ids;
mod input;
mod reply;
mod routes;
mod serials;
mod signed;
mod times;
mod user_settings;
mod v3;
mod v30;
mod v5;
mod versions;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use claviger_iam::Iam;
use claviger_iam::context::{Origin, Outcome};
use claviger_intake::body::{self, Budget};
use http::HeaderValue;
use http::request::Parts;

use crate::asked::Asked;
use crate::error::{Error, Family};
use crate::reply::Reply;

pub use versions::list_for_client;

/// What the door works with.
#[derive(Clone)]
struct Door {
    iam: Arc<Iam>,
    budget: Budget,
    /// Where clients reach the server, without a slash at its end.
    address: Arc<str>,
    /// What the one project of every account is called.
    project: Arc<str>,
}

/// The door's router: all below `/v3`, `/v3.0` and `/v5`. `project` is what the one project of every account is called.
/// The outermost layer must have put an [`Origin`] into the
/// request's extensions.
pub fn router(iam: Iam, address: &str, project: &str) -> Router {
    let mut router = Router::new();
    for path in [
        "/v3",
        "/v3/",
        "/v3/{*rest}",
        "/v3.0",
        "/v3.0/",
        "/v3.0/{*rest}",
        "/v5",
        "/v5/",
        "/v5/{*rest}",
    ] {
        router = router.route(path, any(handle));
    }
    router.with_state(Door {
        iam: Arc::new(iam),
        budget: Budget::new(),
        address: address.trim_end_matches('/').into(),
        project: project.into(),
    })
}

async fn handle(State(door): State<Door>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let family = Family::of(parts.uri.path());
    let Some(origin) = parts.extensions.get::<Origin>().cloned() else {
        // INVARIANT: the binary and the tests wrap this router in the layer that adds it.
        return Error::unexpected().respond("");
    };
    let mut outcome = Outcome::default();
    let result = match body::read(&parts, body, claims_proof(&parts), &door.budget).await {
        Ok(body) => answer(&door, &parts, &body, &origin, family, &mut outcome)
            .await
            .map_err(|error| (error, false)),
        // What is left of the body is not read, so the connection cannot be used again.
        Err(status) => Err((Error::of_body(status), true)),
    };
    let mut response = match result {
        Ok(reply) => reply.respond(&origin.request_id),
        Err((error, close)) => {
            if let Some(cause) = error.cause() {
                tracing::error!(request_id = %origin.request_id, operation = outcome.operation, %cause, "the request failed");
            }
            outcome.code = error.fault_code();
            let mut response = error.respond(&origin.request_id);
            if close {
                response
                    .headers_mut()
                    .insert(http::header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        }
    };
    response.extensions_mut().insert(outcome);
    response
}

/// Whether anything in the request claims to prove who sent it.
fn claims_proof(parts: &Parts) -> bool {
    parts.headers.contains_key(http::header::AUTHORIZATION)
        || parts.headers.contains_key(signed::TOKEN)
}

async fn answer(
    door: &Door,
    parts: &Parts,
    body: &[u8],
    origin: &Origin,
    family: Family,
    outcome: &mut Outcome,
) -> Result<Reply, Error> {
    if routes::without_slash(parts.uri.path()) == v3::tokens::PATH {
        return v3::tokens::answer(door, parts, body, origin, outcome).await;
    }
    let found = routes::find(parts.method.as_str(), parts.uri.path())?;
    let (route, places) = match found {
        routes::Found::Version => return Ok(versions::one(&door.address)),
        routes::Found::Route(route, places) => (route, places),
    };
    outcome.operation = Some(route.operation);
    let (admitted, facts) = signed::authenticate(&door.iam, parts, body, route.service, origin)
        .await
        .map_err(|error| error.in_family(family))?;
    outcome.caller = Some(admitted.arn().clone());
    let asked = Asked {
        iam: &door.iam,
        admitted,
        facts: &facts,
        places,
        path: routes::without_slash(parts.uri.path()),
        query: parts.uri.query().unwrap_or_default(),
        body,
        address: &door.address,
        project: &door.project,
    };
    (route.run)(asked)
        .await
        .map_err(|error| error.in_family(family))
}
