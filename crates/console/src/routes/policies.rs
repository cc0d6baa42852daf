//! Administering managed policies.

use super::Needs::Session;
use super::{Route, get, post};
use crate::{documents, policies};

/// Their routes.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/console/policies",
        Session(|visit| Box::pin(policies::show(visit))),
    ),
    get(
        "/console/policies/new",
        Session(|visit| Box::pin(policies::edit::show_new(visit))),
    ),
    post(
        "/console/policies/new",
        Session(|visit| Box::pin(policies::edit::create(visit))),
    ),
    post(
        "/console/documents/check",
        Session(|visit| Box::pin(documents::live::answer(visit))),
    ),
    get(
        "/console/policy",
        Session(|visit| Box::pin(policies::policy::show(visit))),
    ),
    post(
        "/console/policy",
        Session(|visit| Box::pin(policies::policy::change(visit))),
    ),
    get(
        "/console/policy/edit",
        Session(|visit| Box::pin(policies::edit::show(visit))),
    ),
    post(
        "/console/policy/edit",
        Session(|visit| Box::pin(policies::edit::save(visit))),
    ),
    get(
        "/console/policy/compare",
        Session(|visit| Box::pin(policies::compare::show(visit))),
    ),
    get(
        "/console/policy/delete",
        Session(|visit| Box::pin(policies::delete::show(visit))),
    ),
    post(
        "/console/policy/delete",
        Session(|visit| Box::pin(policies::delete::run(visit))),
    ),
];
