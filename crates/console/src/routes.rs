//! Every route of the console, with what it asks for. A page that is not in this table is not there.

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::routing::{MethodFilter, on};
use http::Method;

use crate::door::{self, Coming, Door, Guest, Visit};
use crate::{
    access_keys, confirm, credentials, events, groups, home, inline, mfa, my_access, passkey, password, policies, report, roles, security_key, sessions, settings, sign_in, simulator, users,
};

/// What a route asks of who comes.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    /// Nothing: whoever comes is about to sign in.
    Nobody(fn(Guest) -> Coming),
    /// A session that reaches as far as policies let it.
    Session(fn(Visit) -> Coming),
    /// Any session, also one that reaches no further than assigning a device.
    AnySession(fn(Visit) -> Coming),
}

/// A route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
}

const fn get(path: &'static str, needs: Needs) -> Route {
    Route {
        method: Method::GET,
        path,
        needs,
    }
}

const fn post(path: &'static str, needs: Needs) -> Route {
    Route {
        method: Method::POST,
        path,
        needs,
    }
}

use Needs::{AnySession, Nobody, Session};

/// Every route.
pub(crate) static ROUTES: &[Route] = &[
    get(
        "/console/assets/{version}/{name}",
        Nobody(|guest| {
            Box::pin(async move {
                crate::assets::answer(guest.asked.param("version"), guest.asked.param("name"))
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
        "/console/credentials/keys/new",
        Session(|visit| Box::pin(access_keys::show_new(visit))),
    ),
    post(
        "/console/credentials/keys/new",
        Session(|visit| Box::pin(access_keys::create(visit))),
    ),
    get(
        "/console/credentials/keys/{id}",
        Session(|visit| Box::pin(access_keys::show(visit))),
    ),
    post(
        "/console/credentials/keys/{id}",
        Session(|visit| Box::pin(access_keys::change(visit))),
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
        "/console/users/{name}/keys",
        Session(|visit| Box::pin(users::keys::show_new(visit))),
    ),
    post(
        "/console/users/{name}/keys",
        Session(|visit| Box::pin(users::keys::create(visit))),
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
        "/console/users/{name}/remove",
        Session(|visit| Box::pin(users::removal::show(visit))),
    ),
    post(
        "/console/users/{name}/remove",
        Session(|visit| Box::pin(users::removal::remove(visit))),
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
        "/console/policies",
        Session(|visit| Box::pin(policies::show(visit))),
    ),
        "/console/policies/new",
        Session(|visit| Box::pin(policies::edit::show_new(visit))),
    ),
        Session(|visit| Box::pin(policies::edit::create(visit))),
    ),
        "/console/policy",
        Session(|visit| Box::pin(policies::policy::show(visit))),
    ),
        Session(|visit| Box::pin(policies::policy::change(visit))),
    ),
        "/console/policy/edit",
        Session(|visit| Box::pin(policies::edit::show(visit))),
    ),
        Session(|visit| Box::pin(policies::edit::save(visit))),
    ),
        "/console/policy/compare",
        Session(|visit| Box::pin(policies::compare::show(visit))),
    ),
        "/console/policy/delete",
        Session(|visit| Box::pin(policies::delete::show(visit))),
    ),
        Session(|visit| Box::pin(policies::delete::run(visit))),
    ),
        "/console/groups",
        Session(|visit| Box::pin(groups::show(visit))),
    ),
        "/console/groups/new",
        Session(|visit| Box::pin(groups::new::show(visit))),
    ),
        Session(|visit| Box::pin(groups::new::create(visit))),
    ),
        "/console/group",
        Session(|visit| Box::pin(groups::group::show(visit))),
    ),
        Session(|visit| Box::pin(groups::group::change(visit))),
    ),
        "/console/group/members",
        Session(|visit| Box::pin(groups::add::show_members(visit))),
    ),
        Session(|visit| Box::pin(groups::add::members(visit))),
    ),
        "/console/group/attach",
        Session(|visit| Box::pin(groups::add::show_policies(visit))),
    ),
        Session(|visit| Box::pin(groups::add::policies(visit))),
    ),
        "/console/group/inline",
        Session(|visit| Box::pin(inline::show(visit))),
    ),
        Session(|visit| Box::pin(groups::inline::save(visit))),
    post(
        "/console/group/inline",
        Session(|visit| Box::pin(inline::save(visit))),
    ),
        "/console/group/delete",
        Session(|visit| Box::pin(groups::delete::show(visit))),
    ),
        Session(|visit| Box::pin(groups::delete::run(visit))),
    ),
    get(
        "/console/settings",
        Session(|visit| Box::pin(settings::show(visit))),
    ),
    post(
        "/console/settings",
        Session(|visit| Box::pin(settings::save(visit))),
    ),
    get(
        "/console/report",
        Session(|visit| Box::pin(report::show(visit))),
    ),
    post(
        "/console/report",
        Session(|visit| Box::pin(report::generate(visit))),
    ),
    get(
        "/console/report/download",
        Session(|visit| Box::pin(report::take(visit))),
    ),
    get(
        "/console/events",
        Session(|visit| Box::pin(events::show(visit))),
    ),
    get(
        "/console/event",
        Session(|visit| Box::pin(events::show_one(visit))),
    ),
    get(
        "/console/roles",
        Session(|visit| Box::pin(roles::show(visit))),
    ),
    get(
        "/console/roles/new",
        Session(|visit| Box::pin(roles::edit::show_new(visit))),
    ),
    post(
        "/console/roles/new",
        Session(|visit| Box::pin(roles::edit::create(visit))),
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
    get(
        "/console/simulator",
        Session(|visit| Box::pin(simulator::show(visit))),
    ),
];

/// A route, for whoever wants to look at all of them.
#[derive(Debug, Clone)]
pub struct Listed {
    /// `GET` or `POST`.
    pub method: Method,
    /// The path, with `{names}` of its parts.
    pub path: &'static str,
    /// Whether somebody must be signed in.
    pub needs_session: bool,
}

/// Every route of the console.
pub fn routes() -> impl Iterator<Item = Listed> {
    ROUTES.iter().map(|route| Listed {
        method: route.method.clone(),
        path: route.path,
        needs_session: !matches!(route.needs, Nobody(_)),
    })
}

/// The router over the table.
pub(crate) fn router(door: Door) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let filter = if route.method == Method::POST {
            MethodFilter::POST
        } else {
            MethodFilter::GET
        };
        let door = door.clone();
        router = router.route(
            route.path,
            on(filter, move |params: RawPathParams, request: Request| {
                door::answer(door.clone(), route, params, request)
            }),
        );
    }
    router
}
