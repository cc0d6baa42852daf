//! Administering user groups.

use super::Needs::Session;
use super::{Route, get, post};
use crate::groups;

/// Their routes.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/console/groups",
        Session(|visit| Box::pin(groups::show(visit))),
    ),
    get(
        "/console/groups/new",
        Session(|visit| Box::pin(groups::new::show(visit))),
    ),
    post(
        "/console/groups/new",
        Session(|visit| Box::pin(groups::new::create(visit))),
    ),
];
