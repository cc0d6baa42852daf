//! Deleting a server certificate.

use askama::Template;
use claviger_iam::operation::server_certificates::DeleteServerCertificate;
use claviger_model::name::ServerCertificateName;

use super::certificate::get;
use super::{Facts, LIST, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::door::Visit;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "settings/server_certificate_delete.html")]
struct Delete {
    frame: Frame,
    error: Option<String>,
    it: Facts,
}

async fn one(
    visit: &Visit,
    name: &ServerCertificateName,
    error: Option<String>,
) -> Result<Delete, Failure> {
    let certificate = get(visit, name).await?;
    let it = Facts::new(visit, &certificate.server_certificate_metadata);
    Ok(Delete {
        frame: Frame::of(visit, format!("Delete {}", it.name), "settings"),
        error,
        it,
    })
}

/// The page that says what stops working.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    page(&one(&visit, &name, None).await?)
}

/// Deletes it.
pub(crate) async fn run(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    let certificate = one(&visit, &name, None).await?;
    if visit.asked.form.text("name") != certificate.it.name {
        let error = Some(format!("Type {} to delete it.", certificate.it.name));
        return page_again(&Delete {
            error,
            ..certificate
        });
    }
    let delete = DeleteServerCertificate {
        server_certificate_name: name,
    };
    match visit.call(&delete).await {
        Ok(_) => go(&format!("{LIST}?done=server-certificate-deleted")),
        Err(fault) => page_again(&Delete {
            error: Some(fault_text(&fault)),
            ..certificate
        }),
    }
}
