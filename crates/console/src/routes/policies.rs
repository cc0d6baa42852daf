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
];
