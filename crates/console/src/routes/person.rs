//! Signing in, and what a person does with the own credentials.

use super::Needs::{AnySession, Nobody, OwnAnySession, OwnSession, Session};
use super::{Route, get, post};
use crate::{
    assets, confirm, credentials, home, mfa, my_access, passkey, password, security_key, sessions,
    sign_in, switch_role, temporary,
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
        "/signin/step/forgot",
        Nobody(|guest| Box::pin(sign_in::forgotten::show(guest))),
    ),
    post(
        "/signin/step/forgot",
        Nobody(|guest| Box::pin(sign_in::forgotten::act(guest))),
    ),
    get(
        "/signin/step/password-link",
        Nobody(|guest| Box::pin(sign_in::link::show(guest))),
    ),
    post(
        "/signin/step/password-link",
        Nobody(|guest| Box::pin(sign_in::link::set(guest))),
    ),
    get(
        "/signin/step/code",
        Nobody(|guest| Box::pin(sign_in::sent_code::show(guest))),
    ),
    post(
        "/signin/step/code",
        Nobody(|guest| Box::pin(sign_in::sent_code::act(guest))),
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
        OwnAnySession(|visit| Box::pin(confirm::show(visit))),
    ),
    post(
        "/console/confirm",
        OwnAnySession(|visit| Box::pin(confirm::confirm(visit))),
    ),
    get(
        "/console/access",
        Session(|visit| Box::pin(my_access::show(visit))),
    ),
    get(
        "/console/credentials",
        OwnSession(|visit| Box::pin(credentials::show(visit))),
    ),
    post(
        "/console/credentials",
        OwnSession(|visit| Box::pin(credentials::act(visit))),
    ),
    get(
        "/console/credentials/basic",
        OwnSession(|visit| Box::pin(credentials::basic::show(visit))),
    ),
    get(
        "/console/credentials/password",
        OwnSession(|visit| Box::pin(password::show(visit))),
    ),
    post(
        "/console/credentials/password",
        OwnSession(|visit| Box::pin(password::change(visit))),
    ),
    get(
        "/console/credentials/mfa/new",
        OwnAnySession(|visit| Box::pin(mfa::show_new(visit))),
    ),
    post(
        "/console/credentials/mfa/new",
        OwnAnySession(|visit| Box::pin(mfa::create(visit))),
    ),
    get(
        "/console/credentials/mfa/enable",
        OwnAnySession(|visit| Box::pin(mfa::show_enable(visit))),
    ),
    post(
        "/console/credentials/mfa/enable",
        OwnAnySession(|visit| Box::pin(mfa::enable(visit))),
    ),
    get(
        "/console/credentials/mfa/key",
        OwnAnySession(|visit| Box::pin(security_key::show(visit))),
    ),
    post(
        "/console/credentials/mfa/key",
        OwnAnySession(|visit| Box::pin(security_key::register(visit))),
    ),
    get(
        "/console/credentials/mfa/remove",
        OwnSession(|visit| Box::pin(mfa::show_remove(visit))),
    ),
    post(
        "/console/credentials/mfa/remove",
        OwnSession(|visit| Box::pin(mfa::remove(visit))),
    ),
    get(
        "/console/credentials/mfa/resync",
        OwnSession(|visit| Box::pin(mfa::show_resync(visit))),
    ),
    post(
        "/console/credentials/mfa/resync",
        OwnSession(|visit| Box::pin(mfa::resync(visit))),
    ),
    get(
        "/console/credentials/sessions",
        OwnSession(|visit| Box::pin(sessions::show(visit))),
    ),
    post(
        "/console/credentials/sessions",
        OwnSession(|visit| Box::pin(sessions::end(visit))),
    ),
    get(
        "/console/credentials/temporary",
        OwnSession(|visit| Box::pin(temporary::show(visit))),
    ),
    post(
        "/console/credentials/temporary",
        OwnSession(|visit| Box::pin(temporary::make(visit))),
    ),
    get(
        "/console/switch-role",
        Session(|visit| Box::pin(switch_role::show(visit))),
    ),
    post(
        "/console/switch-role",
        Session(|visit| Box::pin(switch_role::switch(visit))),
    ),
    post(
        "/console/switch-back",
        Session(|visit| Box::pin(switch_role::back(visit))),
    ),
];
