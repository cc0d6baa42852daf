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
    /// The same as `Session`, of a person who acts as themselves: it concerns what is the person's own.
    OwnSession(fn(Visit) -> Coming),
    /// The same as `AnySession`, of a person who acts as themselves.
    OwnAnySession(fn(Visit) -> Coming),
}

impl Needs {
    /// Whether a role that somebody has switched to has no such page.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::OwnSession(_) | Self::OwnAnySession(_))
    }

    /// Whether a session must reach as far as policies let it.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Session(_) | Self::OwnSession(_))
    }
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
    /// Whether it is closed to who acts as a role.
    pub is_own: bool,
}

/// Every route of the console.
pub fn routes() -> impl Iterator<Item = Listed> {
    all().map(|route| Listed {
        method: route.method.clone(),
        path: route.path,
        needs_session: !matches!(route.needs, Needs::Nobody(_)),
        is_own: route.needs.is_own(),
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

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn what_is_a_persons_own_is_closed_to_roles_and_nothing_else_is() {
        let own = ["/console/credentials", "/console/confirm"];
        for route in all() {
            let is_own = own.iter().any(|own| route.path.starts_with(own));
            assert_eq!(
                route.needs.is_own(),
                is_own,
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}
