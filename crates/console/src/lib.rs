//! The console: pages for people. It decodes forms, calls operations as whoever is signed in, and writes HTML; the rules
//! are all below it.
//!
//! Every route stands in the tables of `routes` with what it asks for. Whoever has no session, a session that reaches no
//! further than assigning a device, or a form that does not come from the session's own pages, is turned away in one place
//! (`door`) before a page runs.
//!
//! Pages work without scripts, but for security keys, which need one. No script or style stands in a page, and nothing
//! comes from elsewhere.

mod access_keys;
mod answer;
mod assets;
mod attachments;
mod bulk;
mod confirm;
mod cookies;
mod credentials;
mod documents;
mod door;
mod events;
mod field;
mod form;
mod groups;
mod home;
mod inline;
mod listing;
mod mfa;
mod my_access;
mod notices;
mod order;
mod outcomes;
mod passkey;
mod password;
mod picker;
mod policies;
mod report;
mod roles;
mod routes;
mod security_key;
mod sessions;
mod settings;
mod sign_in;
mod simulator;
mod switch_role;
mod temporary;
mod users;
mod view;

use std::sync::Arc;

use axum::Router;
use claviger_iam::Iam;

pub use self::door::{LARGEST_FORM, browser_to_sign_in};
pub use self::routes::{Listed, routes};

/// What the console is told of its surroundings.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where people reach it, without a slash at the end: `https://iam.example.com`.
    pub address: String,
    /// What it calls itself.
    pub product: String,
}

impl Site {
    /// Whether browsers keep a cookie of it that is marked as secure: over TLS, and on the machine itself.
    #[must_use]
    pub fn keeps_secure_cookies(&self) -> bool {
        let local = |scheme: &str| {
            self.address
                .strip_prefix(scheme)
                .and_then(|rest| rest.split([':', '/']).next())
                == Some("localhost")
        };
        self.address.starts_with("https://") || local("http://")
    }
}

/// The console's router. The outermost layer must have put an [`Origin`](claviger_iam::context::Origin) into the request's
/// extensions.
pub fn router(iam: Iam, site: Site) -> Router {
    routes::router(door::Door {
        iam,
        site: Arc::new(site),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secure_cookie_is_kept_over_tls_and_on_the_machine_itself() {
        let keeps = |address: &str| {
            Site {
                address: address.to_owned(),
                product: String::new(),
            }
            .keeps_secure_cookies()
        };
        assert!(keeps("https://iam.example.com"));
        assert!(keeps("http://localhost:8040"));
        assert!(!keeps("http://localhost.example.com"));
        assert!(!keeps("http://127.0.0.1:8040"));
        assert!(!keeps("http://iam.example.com"));
    }
}
