//! Administering roles.

use super::Needs::Session;
use super::{Route, get, post};
use crate::{inline, roles};

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
    get(
        "/console/role",
        Session(|visit| Box::pin(roles::role::show(visit))),
    ),
    post(
        "/console/role",
        Session(|visit| Box::pin(roles::role::change(visit))),
    ),
    get(
        "/console/role/trust",
        Session(|visit| Box::pin(roles::edit::show_trust(visit))),
    ),
    post(
        "/console/role/trust",
        Session(|visit| Box::pin(roles::edit::save_trust(visit))),
    ),
    get(
        "/console/role/attach",
        Session(|visit| Box::pin(roles::role::show_attach(visit))),
    ),
    post(
        "/console/role/attach",
        Session(|visit| Box::pin(roles::role::attach(visit))),
    ),
    get(
        "/console/role/inline",
        Session(|visit| Box::pin(inline::show(visit))),
    ),
    post(
        "/console/role/inline",
        Session(|visit| Box::pin(inline::save(visit))),
    ),
    get(
        "/console/role/delete",
        Session(|visit| Box::pin(roles::delete::show(visit))),
    ),
    post(
        "/console/role/delete",
        Session(|visit| Box::pin(roles::delete::run(visit))),
    ),
];
