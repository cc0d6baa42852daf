//! Every path of the door, with the operation behind it. A request for what is not here does nothing.

use std::pin::Pin;

use claviger_iam::Service;

use crate::asked::Asked;
use crate::error::Error;
use crate::reply::Reply;
use crate::{v3, v5, v30};

type Run = for<'a> fn(Asked<'a>) -> Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

/// One call of the API.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The service that a credential's scope must name, where it names one.
    pub(crate) service: Service,
    /// The operation that it runs.
    pub(crate) operation: &'static str,
    pub(crate) run: Run,
}

impl Route {
    /// A call whose operation is IAM's.
    pub(crate) const fn iam(
        method: &'static str,
        path: &'static str,
        operation: &'static str,
        run: Run,
    ) -> Self {
        Self {
            method,
            path,
            service: Service::Iam,
            operation,
            run,
        }
    }
}

/// The calls that are served, family by family.
const FAMILIES: &[&[Route]] = &[
    v3::catalog::ROUTES,
    v3::domains::ROUTES,
    v3::groups::ROUTES,
    v3::projects::ROUTES,
    v3::users::ROUTES,
    v30::credentials::ROUTES,
    v30::login_protection::ROUTES,
    v30::mfa::ROUTES,
    v5::access_keys::ROUTES,
    v5::account::ROUTES,
    v5::agencies::ROUTES,
    v5::attachments::ROUTES,
    v5::caller::ROUTES,
    v5::groups::ROUTES,
    v5::login_profiles::ROUTES,
    v5::mfa_devices::ROUTES,
    v5::policies::ROUTES,
    v5::tags::ROUTES,
    v5::users::ROUTES,
];

/// The calls that are served.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    FAMILIES.iter().copied().flatten()
}

/// What a request asks for.
pub(crate) enum Found<'a> {
    /// The description of `/v3`, for everybody.
    Version,
    /// A call, with what stands in the places of its path.
    Route(&'static Route, Vec<&'a str>),
}

/// Finds what a request asks for. A slash at the end of the path is passed over.
///
/// # Errors
/// 404 where nothing is at the path, 405 where it is for another method.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Result<Found<'a>, Error> {
    let path = without_slash(path);
    if path == "/v3" {
        return match method {
            "GET" => Ok(Found::Version),
            _ => Err(Error::no_such_method()),
        };
    }
    let mut other_method = false;
    for route in all() {
        if let Some(places) = matched(route.path, path) {
            if route.method == method {
                return Ok(Found::Route(route, places));
            }
            other_method = true;
        }
    }
    Err(if other_method {
        Error::no_such_method()
    } else {
        Error::no_such_api()
    })
}

/// A path without the slash at its end.
pub(crate) fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// What stands in the places of a pattern that are in braces, if the path is of it. Ids have no characters that would
/// come escaped, so a segment is what it says.
fn matched<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut places = Vec::new();
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        let segment = segments.next()?;
        if wanted.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            places.push(segment);
        } else if segment != wanted {
            return None;
        }
    }
    segments.next().is_none().then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, path: &str) -> Option<&'static str> {
        match find(method, path) {
            Ok(Found::Route(route, _)) => Some(route.operation),
            _ => None,
        }
    }

    #[test]
    fn a_path_is_found_with_or_without_its_last_slash() {
        assert_eq!(operation("GET", "/v5/users"), Some("ListUsers"));
        assert_eq!(operation("GET", "/v5/users/"), Some("ListUsers"));
        assert_eq!(operation("GET", "/v5/users/abc"), Some("GetUser"));
        assert_eq!(operation("GET", "/v5/users/abc/"), Some("GetUser"));
        assert!(matches!(find("GET", "/v3/"), Ok(Found::Version)));
    }

    #[test]
    fn what_is_not_in_the_table_is_not_there() {
        for (method, path) in [
            ("GET", "/v5"),
            ("GET", "/v5/users//"),
            ("GET", "/v5/users/abc/def"),
            ("GET", "/v5//users"),
            ("GET", "/v5/Users"),
            ("PATCH", "/v5/users"),
            ("get", "/v5/users"),
            ("GET", "/v3/auth/tokens/x"),
        ] {
            assert_eq!(operation(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn every_route_runs_an_operation_that_there_is() {
        let registry = claviger_iam::operation::Registry::new();
        for route in all() {
            let entry = registry.find(route.service, route.operation);
            assert!(entry.is_some(), "{} {}", route.method, route.path);
        }
    }

    #[test]
    fn a_path_is_served_once() {
        let mut seen = std::collections::HashSet::new();
        for route in all() {
            assert!(
                seen.insert((route.method, route.path)),
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}
