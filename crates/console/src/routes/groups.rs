//! Administering user groups.

use super::Needs::Session;
use super::{Route, get, post};
use crate::{groups, inline};

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
    get(
        "/console/group",
        Session(|visit| Box::pin(groups::group::show(visit))),
    ),
    post(
        "/console/group",
        Session(|visit| Box::pin(groups::group::change(visit))),
    ),
    get(
        "/console/group/members",
        Session(|visit| Box::pin(groups::add::show_members(visit))),
    ),
    post(
        "/console/group/members",
        Session(|visit| Box::pin(groups::add::members(visit))),
    ),
    get(
        "/console/group/attach",
        Session(|visit| Box::pin(groups::add::show_policies(visit))),
    ),
    post(
        "/console/group/attach",
        Session(|visit| Box::pin(groups::add::policies(visit))),
    ),
    get(
        "/console/group/inline",
        Session(|visit| Box::pin(inline::show(visit))),
    ),
    post(
        "/console/group/inline",
        Session(|visit| Box::pin(inline::save(visit))),
    ),
    get(
        "/console/group/delete",
        Session(|visit| Box::pin(groups::delete::show(visit))),
    ),
    post(
        "/console/group/delete",
        Session(|visit| Box::pin(groups::delete::run(visit))),
    ),
];
