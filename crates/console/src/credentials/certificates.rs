//! Signing certificates: the page that takes one.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::signing_certificates::UploadSigningCertificate;
use claviger_model::Secret;

use super::whose::Whose;
use crate::answer::{Answer, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "credentials/certificate_new.html")]
struct Add {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
}

impl Add {
    fn new(visit: &Visit, whose: &Whose, error: Option<String>) -> Self {
        let title = whose.titled("Add a signing certificate");
        Self {
            frame: Frame::of(visit, title, whose.here()),
            whose: whose.clone(),
            error,
        }
    }
}

/// The page that takes a certificate.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    page(&Add::new(&visit, &whose, None))
}

/// Uploads it. What was pasted does not come back: it may have been the private key.
pub(crate) async fn add(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    match upload(&visit, &whose).await {
        Ok(()) => whose.done("certificate-uploaded"),
        Err(fault) => page_again(&Add::new(&visit, &whose, Some(fault_text(&fault)))),
    }
}

async fn upload(visit: &Visit, whose: &Whose) -> Result<(), Fault> {
    let body = read(visit.asked.form.text("certificate"), "The certificate")?;
    let upload = UploadSigningCertificate {
        user_name: whose.name(),
        certificate_body: Secret::new(body),
    };
    visit.call(&upload).await.map(drop)
}
