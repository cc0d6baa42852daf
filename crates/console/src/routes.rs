//! Every route of the console, with what it asks for. A page that is not in this table is not there.

mod account;
mod credentials;
mod groups;
mod person;
mod policies;
mod roles;
mod users;

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodFilter, any, on};
use http::{Method, StatusCode};

use crate::answer::harden;
use crate::door::{self, Coming, Door, Guest, Visit};

/// What a route asks of who comes.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    /// Nothing: whoever comes is about to sign in.
    Nobody(fn(Guest) -> Coming),
    /// A session that reaches as far as policies let it.
    Session(fn(Visit) -> Coming),
    /// Any session, also one that reaches no further than assigning a device.
    AnySession(fn(Visit) -> Coming),
}

/// A route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
}

const fn get(path: &'static str, needs: Needs) -> Route {
    Route {
        method: Method::GET,
        path,
        needs,
    }
}

const fn post(path: &'static str, needs: Needs) -> Route {
    Route {
        method: Method::POST,
        path,
        needs,
    }
}

/// Every route, by family.
pub(crate) static FAMILIES: &[&[Route]] = &[
    person::ROUTES,
    credentials::ROUTES,
    users::ROUTES,
    groups::ROUTES,
    policies::ROUTES,
    roles::ROUTES,
    account::ROUTES,
];

fn all() -> impl Iterator<Item = &'static Route> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// A route, for whoever wants to look at all of them.
#[derive(Debug, Clone)]
pub struct Listed {
    /// `GET` or `POST`.
    pub method: Method,
    /// The path, with `{names}` of its parts.
    pub path: &'static str,
    /// Whether somebody must be signed in.
    pub needs_session: bool,
}

/// Every route of the console.
pub fn routes() -> impl Iterator<Item = Listed> {
    all().map(|route| Listed {
        method: route.method.clone(),
        path: route.path,
        needs_session: !matches!(route.needs, Needs::Nobody(_)),
    })
}

/// The router over the table.
pub(crate) fn router(door: Door) -> Router {
    let mut router = Router::new();
    for route in all() {
        let filter = if route.method == Method::POST {
            MethodFilter::POST
        } else {
            MethodFilter::GET
        };
        let door = door.clone();
        router = router.route(
            route.path,
            on(filter, move |params: RawPathParams, request: Request| {
                door::answer(door.clone(), route, params, request)
            }),
        );
    }
    let over_tls = door.site.address.starts_with("https://");
    let other = door.clone();
    router
        .route(
            "/console/{*rest}",
            any(move |request: Request| {
                door::nothing(door.clone(), StatusCode::NOT_FOUND, request)
            }),
        )
        .method_not_allowed_fallback(move |request: Request| {
            door::nothing(other.clone(), StatusCode::METHOD_NOT_ALLOWED, request)
        })
        // SECURITY: over everything, also what no page answers.
        .layer(map_response(move |mut answer: Response| async move {
            harden(&mut answer, over_tls);
            answer
        }))
}
