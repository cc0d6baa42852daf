//! Administering users.

use super::Needs::Session;
use super::{Route, get, post};
use crate::users;

/// Their routes.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/console/users",
        Session(|visit| Box::pin(users::show(visit))),
    ),
    post(
        "/console/users",
        Session(|visit| Box::pin(users::choose(visit))),
    ),
    get(
        "/console/users/~new",
        Session(|visit| Box::pin(users::new::show(visit))),
    ),
    post(
        "/console/users/~new",
        Session(|visit| Box::pin(users::new::make(visit))),
    ),
    post(
        "/console/users/~csv",
        Session(|visit| Box::pin(users::console_access::take(visit))),
    ),
    get(
        "/console/users/~delete",
        Session(|visit| Box::pin(users::delete::show(visit))),
    ),
    post(
        "/console/users/~delete",
        Session(|visit| Box::pin(users::delete::delete(visit))),
    ),
    get(
        "/console/users/~groups",
        Session(|visit| Box::pin(users::pick::show_groups_of_many(visit))),
    ),
    post(
        "/console/users/~groups",
        Session(|visit| Box::pin(users::pick::join_many(visit))),
    ),
    get(
        "/console/users/{name}",
        Session(|visit| Box::pin(users::detail::show(visit))),
    ),
    post(
        "/console/users/{name}",
        Session(|visit| Box::pin(users::actions::act(visit))),
    ),
    get(
        "/console/users/{name}/policies",
        Session(|visit| Box::pin(users::pick::show_policies(visit))),
    ),
    post(
        "/console/users/{name}/policies",
        Session(|visit| Box::pin(users::pick::attach(visit))),
    ),
    get(
        "/console/users/{name}/groups",
        Session(|visit| Box::pin(users::pick::show_groups(visit))),
    ),
    post(
        "/console/users/{name}/groups",
        Session(|visit| Box::pin(users::pick::join(visit))),
    ),
    get(
        "/console/users/{name}/boundary",
        Session(|visit| Box::pin(users::boundary::show(visit))),
    ),
    post(
        "/console/users/{name}/boundary",
        Session(|visit| Box::pin(users::boundary::save(visit))),
    ),
    get(
        "/console/users/{name}/inline",
        Session(|visit| Box::pin(users::inline::show(visit))),
    ),
    post(
        "/console/users/{name}/inline",
        Session(|visit| Box::pin(users::inline::save(visit))),
    ),
    get(
        "/console/users/{name}/password",
        Session(|visit| Box::pin(users::console_access::show(visit))),
    ),
    post(
        "/console/users/{name}/password",
        Session(|visit| Box::pin(users::console_access::save(visit))),
    ),
    get(
        "/console/users/{name}/reset-password",
        Session(|visit| Box::pin(users::password_reset::show(visit))),
    ),
    post(
        "/console/users/{name}/reset-password",
        Session(|visit| Box::pin(users::password_reset::send(visit))),
    ),
    get(
        "/console/users/{name}/login-protection",
        Session(|visit| Box::pin(users::login_protection::show(visit))),
    ),
    post(
        "/console/users/{name}/login-protection",
        Session(|visit| Box::pin(users::login_protection::save(visit))),
    ),
    get(
        "/console/users/{name}/resync",
        Session(|visit| Box::pin(users::resync::show(visit))),
    ),
    post(
        "/console/users/{name}/resync",
        Session(|visit| Box::pin(users::resync::resync(visit))),
    ),
    get(
        "/console/users/{name}/rename",
        Session(|visit| Box::pin(users::rename::show(visit))),
    ),
    post(
        "/console/users/{name}/rename",
        Session(|visit| Box::pin(users::rename::rename(visit))),
    ),
    get(
        "/console/users/{name}/delete",
        Session(|visit| Box::pin(users::delete::show(visit))),
    ),
    post(
        "/console/users/{name}/delete",
        Session(|visit| Box::pin(users::delete::delete(visit))),
    ),
];
