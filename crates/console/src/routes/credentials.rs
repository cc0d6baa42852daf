//! Access keys and the other credentials that are not for signing in: the own ones, and those of users, on the same pages.

use super::Needs::{OwnSession, Session};
use super::{Route, get, post};
use crate::access_keys::{self, rotation};
use crate::credentials::{certificates, contacts, device_name, recovery, services, ssh};
use crate::users::removal;

/// Their routes.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/console/credentials/keys/new",
        OwnSession(|visit| Box::pin(access_keys::show_new(visit))),
    ),
    post(
        "/console/credentials/keys/new",
        OwnSession(|visit| Box::pin(access_keys::create(visit))),
    ),
    get(
        "/console/users/{name}/keys/new",
        Session(|visit| Box::pin(access_keys::show_new(visit))),
    ),
    post(
        "/console/users/{name}/keys/new",
        Session(|visit| Box::pin(access_keys::create(visit))),
    ),
    post(
        "/console/credentials/keys/~csv",
        OwnSession(|visit| Box::pin(access_keys::take(visit))),
    ),
    get(
        "/console/credentials/keys/{id}",
        OwnSession(|visit| Box::pin(access_keys::show(visit))),
    ),
    post(
        "/console/credentials/keys/{id}",
        OwnSession(|visit| Box::pin(access_keys::change(visit))),
    ),
    get(
        "/console/users/{name}/keys/{id}",
        Session(|visit| Box::pin(access_keys::show(visit))),
    ),
    post(
        "/console/users/{name}/keys/{id}",
        Session(|visit| Box::pin(access_keys::change(visit))),
    ),
    get(
        "/console/credentials/keys/{id}/rotate",
        OwnSession(|visit| Box::pin(rotation::show(visit))),
    ),
    post(
        "/console/credentials/keys/{id}/rotate",
        OwnSession(|visit| Box::pin(rotation::go_on(visit))),
    ),
    get(
        "/console/users/{name}/keys/{id}/rotate",
        Session(|visit| Box::pin(rotation::show(visit))),
    ),
    post(
        "/console/users/{name}/keys/{id}/rotate",
        Session(|visit| Box::pin(rotation::go_on(visit))),
    ),
    get(
        "/console/credentials/contacts",
        OwnSession(|visit| Box::pin(contacts::show(visit))),
    ),
    post(
        "/console/credentials/contacts",
        OwnSession(|visit| Box::pin(contacts::act(visit))),
    ),
    get(
        "/console/users/{name}/contacts",
        Session(|visit| Box::pin(contacts::show(visit))),
    ),
    post(
        "/console/users/{name}/contacts",
        Session(|visit| Box::pin(contacts::act(visit))),
    ),
    get(
        "/console/credentials/ssh",
        OwnSession(|visit| Box::pin(ssh::show_new(visit))),
    ),
    post(
        "/console/credentials/ssh",
        OwnSession(|visit| Box::pin(ssh::upload(visit))),
    ),
    get(
        "/console/users/{name}/ssh",
        Session(|visit| Box::pin(ssh::show_new(visit))),
    ),
    post(
        "/console/users/{name}/ssh",
        Session(|visit| Box::pin(ssh::upload(visit))),
    ),
    get(
        "/console/credentials/ssh/{id}",
        OwnSession(|visit| Box::pin(ssh::show(visit))),
    ),
    get(
        "/console/users/{name}/ssh/{id}",
        Session(|visit| Box::pin(ssh::show(visit))),
    ),
    get(
        "/console/credentials/services",
        OwnSession(|visit| Box::pin(services::show_new(visit))),
    ),
    post(
        "/console/credentials/services",
        OwnSession(|visit| Box::pin(services::generate(visit))),
    ),
    get(
        "/console/users/{name}/services",
        Session(|visit| Box::pin(services::show_new(visit))),
    ),
    post(
        "/console/users/{name}/services",
        Session(|visit| Box::pin(services::generate(visit))),
    ),
    get(
        "/console/credentials/certificates",
        OwnSession(|visit| Box::pin(certificates::show_new(visit))),
    ),
    post(
        "/console/credentials/certificates",
        OwnSession(|visit| Box::pin(certificates::add(visit))),
    ),
    get(
        "/console/users/{name}/certificates",
        Session(|visit| Box::pin(certificates::show_new(visit))),
    ),
    post(
        "/console/users/{name}/certificates",
        Session(|visit| Box::pin(certificates::add(visit))),
    ),
    get(
        "/console/credentials/remove",
        OwnSession(|visit| Box::pin(removal::show(visit))),
    ),
    post(
        "/console/credentials/remove",
        OwnSession(|visit| Box::pin(removal::remove(visit))),
    ),
    get(
        "/console/users/{name}/remove",
        Session(|visit| Box::pin(removal::show(visit))),
    ),
    post(
        "/console/users/{name}/remove",
        Session(|visit| Box::pin(removal::remove(visit))),
    ),
    get(
        "/console/credentials/device",
        OwnSession(|visit| Box::pin(device_name::show(visit))),
    ),
    post(
        "/console/credentials/device",
        OwnSession(|visit| Box::pin(device_name::rename(visit))),
    ),
    get(
        "/console/users/{name}/device",
        Session(|visit| Box::pin(device_name::show(visit))),
    ),
    post(
        "/console/users/{name}/device",
        Session(|visit| Box::pin(device_name::rename(visit))),
    ),
    get(
        "/console/credentials/recovery",
        OwnSession(|visit| Box::pin(recovery::show(visit))),
    ),
    post(
        "/console/credentials/recovery",
        OwnSession(|visit| Box::pin(recovery::act(visit))),
    ),
    get(
        "/console/users/{name}/recovery",
        Session(|visit| Box::pin(recovery::show(visit))),
    ),
    post(
        "/console/users/{name}/recovery",
        Session(|visit| Box::pin(recovery::act(visit))),
    ),
];
