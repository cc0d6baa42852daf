//! Server certificates: what the account keeps for services that serve TLS, and when each ends.

pub(crate) mod certificate;
pub(crate) mod delete;
pub(crate) mod upload;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::server_certificates::{
    ListServerCertificates, ServerCertificateMetadata,
};
use claviger_model::name::ServerCertificateName;

use crate::answer::{Answer, Failure, page};
use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{next, paged, read};
use crate::view::{Frame, When, encode};

/// The list of them.
const LIST: &str = "/console/settings/server-certificates";
/// Rows of a page.
const ROWS: i32 = 50;
/// Seconds before its end from which a certificate is told to need another.
const SOON: i64 = 30 * 86_400;

/// Where the page of a certificate is.
fn address(name: &str) -> String {
    format!("/console/settings/server-certificate?name={}", encode(name))
}

/// The certificate that the address names.
fn wanted(visit: &Visit) -> Result<ServerCertificateName, Failure> {
    read(visit.asked.query.text("name"), "The certificate").map_err(|_| Failure::Missing)
}

/// What a certificate is called, and its dates.
struct Facts {
    name: String,
    encoded: String,
    address: String,
    path: String,
    id: String,
    arn: String,
    uploaded: When,
    expires: When,
    /// How it stands: `good`, `warn` shortly before its end, `bad` after it.
    state: &'static str,
}

impl Facts {
    fn new(visit: &Visit, certificate: &ServerCertificateMetadata) -> Self {
        let now = visit.asked.facts.now;
        let name = certificate.server_certificate_name.as_str();
        Self {
            encoded: encode(name),
            address: address(name),
            name: name.to_owned(),
            path: certificate.path.as_str().to_owned(),
            id: certificate.server_certificate_id.as_str().to_owned(),
            arn: certificate.arn.as_str().to_owned(),
            uploaded: When::of(certificate.upload_date, now),
            expires: When::of(certificate.expiration, now),
            state: state(certificate.expiration.seconds_since(now)),
        }
    }
}

/// How a certificate stands that ends in so many seconds.
const fn state(left: i64) -> &'static str {
    match left {
        ..0 => "bad",
        0..SOON => "warn",
        SOON.. => "good",
    }
}

#[derive(Template)]
#[template(path = "settings/server_certificates.html")]
struct Certificates {
    frame: Frame,
    certificates: Section<Facts>,
    next: Option<String>,
}

async fn rows(visit: &Visit, next_page: &mut Option<String>) -> Result<Vec<Facts>, Fault> {
    let list = ListServerCertificates {
        path_prefix: None,
        page: paged(visit.asked.query.filled("marker"), ROWS)?,
    };
    let listed = visit.call(&list).await?;
    *next_page = next(LIST, &listed.end);
    let certificates = listed.server_certificate_metadata_list.iter();
    Ok(certificates
        .map(|certificate| Facts::new(visit, certificate))
        .collect())
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let mut next = None;
    let certificates = Section::of(rows(&visit, &mut next).await);
    page(&Certificates {
        frame: Frame::of(&visit, "Server certificates", "settings"),
        certificates,
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_for_thirty_days_before_its_end() {
        let days = |days: i64| state(days * 86_400);
        assert_eq!((days(31), days(30)), ("good", "good"));
        assert_eq!((state(SOON - 1), days(0)), ("warn", "warn"));
        assert_eq!((state(-1), days(-400)), ("bad", "bad"));
    }
}
