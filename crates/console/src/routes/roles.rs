//! Administering roles.

use super::Needs::Session;
use super::{Route, get, post};
use crate::roles;

/// Their routes.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/console/roles",
        Session(|visit| Box::pin(roles::show(visit))),
    ),
    get(
        "/console/roles/new",
        Session(|visit| Box::pin(roles::new::show(visit))),
    ),
    post(
        "/console/roles/new",
        Session(|visit| Box::pin(roles::new::create(visit))),
    ),
];
