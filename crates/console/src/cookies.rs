//! The console's cookies. Each has the `__Host-` prefix, so that no other site of the domain can set it (RFC 6265bis,
//! section 4.1.3.2), is out of reach of scripts, and is sent to this site alone.

use http::HeaderMap;
use http::header::COOKIE;

/// A cookie of the console's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session of who is signed in.
    Session,
    /// A sign-in that waits for a second factor.
    Factor,
    /// A sign-in that waits for a code that was sent.
    Code,
    /// A sign-in that waits for another password.
    Password,
    /// What stood in a link that sets a password.
    Link,
    /// Who is about to sign in: what its forms are bound to.
    Visit,
    /// A browser in which somebody has signed in before.
    KnownBrowser,
    /// The account and name of the last sign-in, to fill in.
    Remembered,
    /// The columns of the list of users.
    Columns,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Session => "claviger-session",
            Self::Factor => "claviger-factor",
            Self::Code => "claviger-code",
            Self::Password => "claviger-password",
            Self::Link => "claviger-link",
            Self::Visit => "claviger-visit",
            Self::KnownBrowser => "claviger-browser",
            Self::Remembered => "claviger-remembered",
            Self::Columns => "claviger-columns",
        }
    }

    /// How long a browser keeps it, in seconds; `None` for as long as it is open.
    const fn seconds(self) -> Option<i64> {
        match self {
            Self::Session | Self::Visit => None,
            Self::Factor | Self::Code | Self::Password => Some(600),
            Self::Link => Some(3_600),
            Self::KnownBrowser => Some(180 * 86_400),
            Self::Remembered | Self::Columns => Some(365 * 86_400),
        }
    }

    fn full_name(self, secure: bool) -> String {
        if secure {
            format!("__Host-{}", self.name())
        } else {
            self.name().to_owned()
        }
    }

    /// What the browser sent of it. Of two of one name, neither counts: one of them was not set here.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let name = self.full_name(secure);
        let mut found = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let one = found.next()?;
        found.next().is_none().then_some(one)
    }

    /// Sets it. `value` has no characters that a cookie cannot hold.
    pub(crate) fn set(self, value: &str, secure: bool) -> String {
        let age = self
            .seconds()
            .map(|seconds| format!("; Max-Age={seconds}"))
            .unwrap_or_default();
        self.line(value, &age, secure)
    }

    /// Takes it away.
    pub(crate) fn clear(self, secure: bool) -> String {
        self.line("", "; Max-Age=0", secure)
    }

    fn line(self, value: &str, age: &str, secure: bool) -> String {
        let name = self.full_name(secure);
        let secure = if secure { "; Secure" } else { "" };
        // Lax, not strict: who follows a link to the console is signed in there.
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(cookies: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static(cookies));
        headers
    }

    #[test]
    fn ac_43_a_cookie_that_was_tossed_in_does_not_count() {
        let one = headers("a=b; __Host-claviger-session=token; c=d");
        assert_eq!(Cookie::Session.read(&one, true), Some("token"));
        for tossed in [
            "claviger-session=token",
            "__Host-claviger-session=token; __Host-claviger-session=other",
            "__host-claviger-session=token",
        ] {
            assert_eq!(
                Cookie::Session.read(&headers(tossed), true),
                None,
                "{tossed}"
            );
        }
    }

    #[test]
    fn ac_43_cookies_are_bound_to_the_host_and_hidden_from_scripts() {
        let set = Cookie::Session.set("token", true);
        assert!(
            set.starts_with(
                "__Host-claviger-session=token; Path=/; HttpOnly; SameSite=Lax; Secure"
            )
        );
        assert!(!set.contains("Domain"));
        assert!(Cookie::Session.clear(true).contains("Max-Age=0"));
    }
}
