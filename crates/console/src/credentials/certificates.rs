//! Signing certificates: the page that takes one, or has one made with its key.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::signing_certificates::{
    CreateSigningCertificate, UploadSigningCertificate,
};
use claviger_model::Secret;

use super::whose::Whose;
use crate::answer::{Answer, download, page, page_again};
use crate::door::Visit;
use crate::field::{read, read_filled};
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "credentials/certificate_new.html")]
struct Add {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    days: String,
}

impl Add {
    fn new(visit: &Visit, whose: &Whose, error: Option<String>) -> Self {
        let title = whose.titled("Add a signing certificate");
        Self {
            frame: Frame::of(visit, title, whose.here()),
            whose: whose.clone(),
            error,
            days: visit.asked.form.get("days").unwrap_or("365").to_owned(),
        }
    }
}

/// The page that takes a certificate.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    page(&Add::new(&visit, &whose, None))
}

#[derive(Template)]
#[template(path = "credentials/certificate_made.html")]
struct Made {
    frame: Frame,
    whose: Whose,
    id: String,
    certificate: String,
    private_key: Secret<String>,
}

/// Uploads what was pasted, or makes a certificate. What was pasted does not come back: it may have been the private key.
pub(crate) async fn add(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    let added = match visit.asked.form.text("do") {
        "create" => create(&visit, &whose).await,
        _ => upload(&visit, &whose).await,
    };
    match added {
        Ok(answer) => answer,
        Err(fault) => page_again(&Add::new(&visit, &whose, Some(fault_text(&fault)))),
    }
}

async fn upload(visit: &Visit, whose: &Whose) -> Result<Answer, Fault> {
    let body = read(visit.asked.form.text("certificate"), "The certificate")?;
    let upload = UploadSigningCertificate {
        user_name: whose.name(),
        certificate_body: Secret::new(body),
    };
    visit.call(&upload).await?;
    Ok(whose.done("certificate-uploaded"))
}

/// Shows the key this once: on a page, or as a file with the certificate.
async fn create(visit: &Visit, whose: &Whose) -> Result<Answer, Fault> {
    let form = &visit.asked.form;
    let create = CreateSigningCertificate {
        user_name: whose.name(),
        validity_days: read_filled(form.filled("days"), "The number of days")?,
    };
    let made = visit.call(&create).await?;
    if form.text("as") == "file" {
        let both = format!(
            "{}\n{}\n",
            made.private_key.expose().trim_end(),
            made.certificate.certificate_body.trim_end()
        );
        return Ok(download(
            "signing-certificate.pem",
            "application/x-pem-file",
            both,
        ));
    }
    Ok(page(&Made {
        frame: Frame::of(
            visit,
            whose.titled("The new signing certificate"),
            whose.here(),
        ),
        whose: whose.clone(),
        id: made.certificate.certificate_id.as_str().to_owned(),
        certificate: made.certificate.certificate_body,
        private_key: made.private_key,
    }))
}
