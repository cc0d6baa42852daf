//! What pages have in common: their frame, notices, times, and the page for what went wrong.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::user::AssignedMfaDevice;
use claviger_model::name::MfaDeviceName;
use claviger_model::{Code, Timestamp};
use http::{Method, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::door::{Guest, Visit};
use crate::notices::notice;
use crate::{Site, assets};

/// What stands around a page.
pub(crate) struct Frame {
    /// What the page is called.
    pub(crate) title: String,
    pub(crate) product: String,
    /// The part of the console that it belongs to.
    pub(crate) here: &'static str,
    /// Who is signed in; empty for guests.
    pub(crate) who: String,
    pub(crate) account: String,
    /// What its forms carry.
    pub(crate) proof: String,
    /// What was just done.
    pub(crate) notice: Option<&'static str>,
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
    /// Whether nothing but assigning a device is open.
    pub(crate) enrolment: bool,
    /// The role that the person acts as.
    pub(crate) acting: Option<Acting>,
    /// Whether it is somebody who can act as roles.
    pub(crate) may_switch: bool,
}

/// A role that somebody acts as.
pub(crate) struct Acting {
    /// Its name.
    pub(crate) role: String,
    pub(crate) account: String,
    /// What the person calls it.
    pub(crate) name: Option<String>,
    pub(crate) colour: &'static str,
    pub(crate) person: String,
    pub(crate) ends: When,
}

impl Acting {
    fn of(visit: &Visit) -> Option<Self> {
        let switched = visit.at.switched()?;
        let issuer = visit.at.principal().issuer.as_ref()?;
        let role = issuer.as_str().split_once(":role/")?.1;
        Some(Self {
            role: role.to_owned(),
            account: switched.account().to_string(),
            name: switched.name().map(str::to_owned),
            colour: switched.colour().as_str(),
            person: person_name(visit),
            ends: When::of(switched.expires(), visit.asked.facts.now),
        })
    }
}

/// What the person who is signed in is called, also while acting as a role.
pub(crate) fn person_name(visit: &Visit) -> String {
    visit
        .at
        .person()
        .user()
        .map_or_else(|| String::from("Root user"), |user| user.name.to_string())
}

impl Frame {
    /// Around a page of somebody who is signed in.
    pub(crate) fn of(visit: &Visit, title: impl Into<String>, here: &'static str) -> Self {
        let done = visit.asked.query.text("done");
        let principal = visit.at.principal();
        Self {
            here,
            who: person_name(visit),
            acting: Acting::of(visit),
            may_switch: visit.at.person().user().is_some(),
            account: principal.account.to_string(),
            proof: (visit.token).form_proof_as(visit.at.session().switched.as_deref()),
            notice: notice(done),
            enrolment: visit.at.must_enrol(),
            ..Self::plain(&visit.asked.door.site, title.into())
        }
    }

    /// Around a page of a guest.
    pub(crate) fn guest(guest: &Guest, title: impl Into<String>) -> Self {
        Self {
            proof: guest.visit.form_proof(),
            ..Self::plain(&guest.asked.door.site, title.into())
        }
    }

    fn plain(site: &Site, title: String) -> Self {
        Self {
            title,
            product: site.product.clone(),
            here: "",
            who: String::new(),
            account: String::new(),
            proof: String::new(),
            notice: None,
            style: assets::address("console.css"),
            script: assets::address("console.js"),
            icon: assets::address("key.svg"),
            enrolment: false,
            acting: None,
            may_switch: false,
        }
    }
}

/// The page for what went wrong.
#[derive(Template)]
#[template(path = "problem.html")]
pub(crate) struct Problem {
    frame: Frame,
    what: String,
    advice: &'static str,
    request_id: String,
}

impl Problem {
    fn new(site: &Site, title: &str, what: String, advice: &'static str, request_id: &str) -> Self {
        Self {
            frame: Frame::plain(site, title.to_owned()),
            what,
            advice,
            request_id: request_id.to_owned(),
        }
    }

    pub(crate) fn missing(site: &Site, request_id: &str) -> Self {
        let what = String::from("There is no such page.");
        Self::new(site, "Not found", what, "Check the address.", request_id)
    }

    pub(crate) fn forged(site: &Site, request_id: &str) -> Self {
        let what = String::from(
            "This form does not come from a page of your session, so nothing was done.",
        );
        let advice =
            "Open the page again and try once more. Cookies must be allowed for this site.";
        Self::new(site, "Not accepted", what, advice, request_id)
    }

    pub(crate) fn of(site: &Site, fault: &Fault, request_id: &str) -> Self {
        let (title, advice) = match fault.code() {
            Code::AccessDenied => (
                "Not allowed",
                "Whoever administers the account can allow it. Tell them the sentence above.",
            ),
            Code::ServiceFailure | Code::ServiceUnavailable => {
                ("The server has a problem", "Try again in a moment.")
            }
            _ => ("That did not work", "Go back and change what it says."),
        };
        Self::new(site, title, fault_text(fault), advice, request_id)
    }
}

/// What a fault says to a person.
pub(crate) fn fault_text(fault: &Fault) -> String {
    fault
        .message()
        .map_or_else(|| fault.code().to_string(), str::to_owned)
}

/// What an MFA device is called by its owner: the last part of a resource name, without what makes that of a security key
/// unique; a vendor's serial number as it is.
pub(crate) fn device_name(serial: &str) -> &str {
    let name = serial.rsplit('/').next().unwrap_or_default();
    if serial.contains(":u2f/") {
        name.rsplit_once('-').map_or(name, |(name, _)| name)
    } else {
        name
    }
}

/// What an MFA device is called by its owner, who may have given it another name.
pub(crate) fn name_of_device(device: &AssignedMfaDevice) -> &str {
    device.name.as_ref().map_or_else(
        || device_name(device.serial.as_str()),
        MfaDeviceName::as_str,
    )
}

/// A moment, as pages show it: how long ago, and exactly.
pub(crate) struct When {
    pub(crate) ago: String,
    pub(crate) exact: String,
}

impl When {
    /// This moment, seen from now.
    pub(crate) fn of(at: Timestamp, now: Timestamp) -> Self {
        let seconds = now.seconds_since(at);
        let (ahead, seconds) = (seconds < 0, seconds.abs());
        let (count, unit) = match seconds {
            0..60 => (seconds, "second"),
            60..3_600 => (seconds / 60, "minute"),
            3_600..86_400 => (seconds / 3_600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        let plural = if count == 1 { "" } else { "s" };
        let ago = match (ahead, seconds) {
            (_, 0..10) => String::from("just now"),
            (false, _) => format!("{count} {unit}{plural} ago"),
            (true, _) => format!("in {count} {unit}{plural}"),
        };
        Self {
            ago,
            exact: at.whole_seconds().to_string(),
        }
    }
}

/// Where a person wants to go back to after signing in: what was asked for, if it was a page of the console.
pub(crate) fn return_path(method: &Method, uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let joint = if query.is_empty() { "" } else { "?" };
    let mut wanted = format!("{}{joint}{query}", uri.path());
    // What was sent in a form is not kept: the page it was on comes again, and says so.
    if *method != Method::GET {
        let joint = if query.is_empty() { '?' } else { '&' };
        wanted = format!("{wanted}{joint}done=confirmed");
    }
    encode(own_path(&wanted).unwrap_or("/console"))
}

/// The path, if it leads to a page of the console and nowhere else.
pub(crate) fn own_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/console")?;
    let is_own = rest.is_empty() || rest.starts_with(['/', '?']);
    let is_plain = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.contains("//");
    (is_own && is_plain && path.len() <= 2_000).then_some(path)
}

/// Text in a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The address of a list that is asked this. What is empty is left out.
pub(crate) fn asking(list: &str, parts: &[(&str, &str)]) -> String {
    let mut address = list.to_owned();
    for (name, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        address.push_str(&encode(value));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_leads_to_the_console_and_nowhere_else() {
        for own in ["/console", "/console/users?search=a", "/console?done=x"] {
            assert_eq!(own_path(own), Some(own));
        }
        for other in [
            "",
            "/",
            "//evil.example",
            "/console//evil.example",
            "/consoles",
            "https://evil.example/console",
            "/console/\\evil.example",
            "/console/\r\nSet-Cookie:a=b",
        ] {
            assert_eq!(own_path(other), None, "{other}");
        }
    }

    #[test]
    fn the_way_back_from_a_form_keeps_the_query_of_its_page() {
        let back = |method: &Method, uri: &str| {
            let back = return_path(method, &uri.parse().expect("an address"));
            let decoded = percent_encoding::percent_decode_str(&back).decode_utf8_lossy();
            decoded.into_owned()
        };
        let page = "/console/users/alice/remove?what=ssh&id=APKA";
        assert_eq!(back(&Method::GET, page), page);
        assert_eq!(back(&Method::POST, page), format!("{page}&done=confirmed"));
        assert_eq!(
            back(&Method::POST, "/console/credentials"),
            "/console/credentials?done=confirmed"
        );
        assert_eq!(
            back(&Method::POST, "/signout?to=//evil.example"),
            "/console"
        );
    }

    #[test]
    fn a_device_is_called_what_its_owner_called_it() {
        let of = |resource: &str| {
            device_name(&format!("arn:aws:iam::123456789012:{resource}")).to_owned()
        };
        assert_eq!(of("mfa/staff/my-phone"), "my-phone");
        assert_eq!(
            of("u2f/user/alice/yellow-key-ANLSA5O3VHNVVPB6E3B4FWPYCF"),
            "yellow-key"
        );
        assert_eq!(device_name("GAHT12345678"), "GAHT12345678");
    }

    #[test]
    fn a_moment_is_told_in_its_largest_unit() {
        let now = Timestamp::from_seconds(1_767_323_045);
        let ago = |seconds: i64| When::of(now.plus_seconds(-seconds), now).ago;
        assert_eq!(ago(3), "just now");
        assert_eq!(ago(61), "1 minute ago");
        assert_eq!(ago(7_300), "2 hours ago");
        assert_eq!(ago(86_400 * 90), "90 days ago");
        assert_eq!(ago(-7_300), "in 2 hours");
    }

    #[test]
    fn an_address_holds_what_was_asked_and_nothing_else() {
        let parts = [("search", "a&b"), ("type", ""), ("sort", "-name")];
        assert_eq!(
            asking("/console/groups", &parts),
            "/console/groups?search=a%26b&sort=%2Dname"
        );
        assert_eq!(
            asking("/console/groups", &[("search", "")]),
            "/console/groups"
        );
    }
}
