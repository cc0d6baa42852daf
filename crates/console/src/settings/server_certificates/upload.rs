//! Uploading a server certificate with its private key.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::server_certificates::UploadServerCertificate;
use claviger_model::Secret;
use claviger_model::name::ServerCertificateName;

use super::address;
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::field::{read, read_filled};
use crate::policies::edit::tags;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "settings/server_certificate_upload.html")]
struct Upload {
    frame: Frame,
    error: Option<String>,
    name: String,
    path: String,
    body: String,
    chain: String,
    tags: String,
}

impl Upload {
    fn new(visit: &Visit, error: Option<String>) -> Self {
        let form = &visit.asked.form;
        Self {
            frame: Frame::of(visit, "Upload a server certificate", "settings"),
            error,
            name: form.text("name").to_owned(),
            path: form.filled("path").unwrap_or("/").to_owned(),
            body: shown_again(form.text("certificate")).to_owned(),
            chain: shown_again(form.text("chain")).to_owned(),
            tags: form.text("tags").to_owned(),
        }
    }
}

/// What was pasted as certificates, if it is nothing else.
///
/// SECURITY: a private key is pasted into the wrong field now and then, with a certificate or without, and does not come
/// back from there either.
fn shown_again(pasted: &str) -> &str {
    let mut within = false;
    let is_certificates = pasted.lines().map(str::trim).all(|line| match line {
        "" => true,
        "-----BEGIN CERTIFICATE-----" => !std::mem::replace(&mut within, true),
        "-----END CERTIFICATE-----" => std::mem::replace(&mut within, false),
        line => within && !line.contains('-'),
    });
    if is_certificates && !within {
        pasted
    } else {
        ""
    }
}

/// The page to upload one.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&Upload::new(&visit, None))
}

/// Uploads it. The private key does not come back.
pub(crate) async fn run(visit: Visit) -> Answer {
    match upload(&visit).await {
        Ok(name) => go(&format!(
            "{}&done=server-certificate-uploaded",
            address(name.as_str())
        )),
        Err(fault) => page_again(&Upload::new(&visit, Some(fault_text(&fault)))),
    }
}

async fn upload(visit: &Visit) -> Result<ServerCertificateName, Fault> {
    let form = &visit.asked.form;
    let name: ServerCertificateName = read(form.text("name"), "The name")?;
    let chain = read_filled(form.filled("chain"), "The certificate chain")?;
    let upload = UploadServerCertificate {
        path: read_filled(form.filled("path"), "The path")?,
        server_certificate_name: name.clone(),
        certificate_body: Secret::new(read(form.text("certificate"), "The certificate")?),
        private_key: Secret::new(read(form.text("private-key"), "The private key")?),
        certificate_chain: chain.map(Secret::new),
        tags: tags(form.text("tags"))?,
    };
    visit.call(&upload).await?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_back_but_certificates() {
        let pem = |what: &str| format!("-----BEGIN {what}-----\nMIIB+/=\n-----END {what}-----\n");
        let certificate = pem("CERTIFICATE");
        let two = format!("{certificate}\n{certificate}");
        assert_eq!(shown_again(&certificate), certificate);
        assert_eq!(shown_again(&two), two);
        for other in [
            pem("PRIVATE KEY"),
            certificate.clone() + &pem("EC PRIVATE KEY"),
            pem("RSA PRIVATE KEY") + &certificate,
            String::from("MIIB+/="),
            certificate.clone() + "MIIB+/=",
            certificate.replace("-----END CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----"),
            String::from("-----BEGIN CERTIFICATE-----\nMIIB"),
        ] {
            assert_eq!(shown_again(&other), "", "{other}");
        }
    }
}
