//! Signing in, and what a person does with the own credentials.

use super::Needs::{AnySession, Nobody, Session};
use super::{Route, get, post};
use crate::{
    assets, confirm, credentials, events, groups, home, inline, mfa, my_access, passkey, password,
    policies, roles, security_key, sessions, sign_in, temporary,
};

/// Their routes.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/console/assets/{version}/{name}",
        Nobody(|guest| {
            Box::pin(async move {
                assets::answer(guest.asked.param("version"), guest.asked.param("name"))
            })
        }),
    ),
    get("/signin", Nobody(|guest| Box::pin(sign_in::show(guest)))),
    post(
        "/signin",
        Nobody(|guest| Box::pin(sign_in::by_password(guest))),
    ),
    get(
        "/signin/step/factor",
        Nobody(|guest| Box::pin(sign_in::show_factor(guest))),
    ),
    post(
        "/signin/step/factor",
        Nobody(|guest| Box::pin(sign_in::by_factor(guest))),
    ),
    get(
        "/signin/step/password",
        Nobody(|guest| Box::pin(sign_in::show_password(guest))),
    ),
    post(
        "/signin/step/password",
        Nobody(|guest| Box::pin(sign_in::by_new_password(guest))),
    ),
    get(
        "/signin/step/passkey",
        Nobody(|guest| Box::pin(passkey::show(guest))),
    ),
    post(
        "/signin/step/passkey",
        Nobody(|guest| Box::pin(passkey::sign_in(guest))),
    ),
    get(
        "/signin/{account}",
        Nobody(|guest| Box::pin(sign_in::show(guest))),
    ),
    post(
        "/signout",
        AnySession(|visit| Box::pin(sign_in::sign_out(visit))),
    ),
    get("/console", Session(|visit| Box::pin(home::show(visit)))),
    get(
        "/console/confirm",
        AnySession(|visit| Box::pin(confirm::show(visit))),
    ),
    post(
        "/console/confirm",
        AnySession(|visit| Box::pin(confirm::confirm(visit))),
    ),
    get(
        "/console/access",
        Session(|visit| Box::pin(my_access::show(visit))),
    ),
    get(
        "/console/credentials",
        Session(|visit| Box::pin(credentials::show(visit))),
    ),
    post(
        "/console/credentials",
        Session(|visit| Box::pin(credentials::act(visit))),
    ),
    get(
        "/console/credentials/password",
        Session(|visit| Box::pin(password::show(visit))),
    ),
    post(
        "/console/credentials/password",
        Session(|visit| Box::pin(password::change(visit))),
    ),
    get(
        "/console/credentials/mfa/new",
        AnySession(|visit| Box::pin(mfa::show_new(visit))),
    ),
    post(
        "/console/credentials/mfa/new",
        AnySession(|visit| Box::pin(mfa::create(visit))),
    ),
    get(
        "/console/credentials/mfa/enable",
        AnySession(|visit| Box::pin(mfa::show_enable(visit))),
    ),
    post(
        "/console/credentials/mfa/enable",
        AnySession(|visit| Box::pin(mfa::enable(visit))),
    ),
    get(
        "/console/credentials/mfa/key",
        AnySession(|visit| Box::pin(security_key::show(visit))),
    ),
    post(
        "/console/credentials/mfa/key",
        AnySession(|visit| Box::pin(security_key::register(visit))),
    ),
    get(
        "/console/credentials/mfa/remove",
        Session(|visit| Box::pin(mfa::show_remove(visit))),
    ),
    post(
        "/console/credentials/mfa/remove",
        Session(|visit| Box::pin(mfa::remove(visit))),
    ),
    get(
        "/console/credentials/mfa/resync",
        Session(|visit| Box::pin(mfa::show_resync(visit))),
    ),
    post(
        "/console/credentials/mfa/resync",
        Session(|visit| Box::pin(mfa::resync(visit))),
    ),
    get(
        "/console/credentials/sessions",
        Session(|visit| Box::pin(sessions::show(visit))),
    ),
    post(
        "/console/credentials/sessions",
        Session(|visit| Box::pin(sessions::end(visit))),
    ),
    get(
        "/console/credentials/temporary",
        Session(|visit| Box::pin(temporary::show(visit))),
    ),
    post(
        "/console/credentials/temporary",
        Session(|visit| Box::pin(temporary::make(visit))),
    ),
    get(
        "/signin/factor",
        Nobody(|guest| Box::pin(sign_in::show_factor(guest))),
    ),
    post(
        "/signin/factor",
        Nobody(|guest| Box::pin(sign_in::by_factor(guest))),
    ),
    get(
        "/signin/password",
        Nobody(|guest| Box::pin(sign_in::show_password(guest))),
    ),
    post(
        "/signin/password",
        Nobody(|guest| Box::pin(sign_in::by_new_password(guest))),
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
    get(
        "/console/event",
        Session(|visit| Box::pin(events::show_one(visit))),
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
