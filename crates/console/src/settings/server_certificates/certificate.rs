//! One server certificate: what it is, its tags, and another name or path for it.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::server_certificates::{
    GetServerCertificate, ServerCertificateShape, UpdateServerCertificate,
};
use claviger_iam::operation::shapes::TagShape;
use claviger_iam::operation::tagging::{TagServerCertificate, UntagServerCertificate};
use claviger_model::Code;
use claviger_model::name::ServerCertificateName;

use super::{Facts, address, wanted};
use crate::answer::{Answer, Failure, go, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "settings/server_certificate.html")]
struct Certificate {
    frame: Frame,
    error: Option<String>,
    it: Facts,
    body: String,
    chain: Option<String>,
    tags: Vec<TagShape>,
    typed_key: String,
    typed_value: String,
    typed_name: String,
    typed_path: String,
}

/// Tells of a certificate.
pub(super) async fn get(
    visit: &Visit,
    name: &ServerCertificateName,
) -> Result<ServerCertificateShape, Fault> {
    let get = GetServerCertificate {
        server_certificate_name: name.clone(),
    };
    Ok(visit.call(&get).await?.server_certificate)
}

async fn one(
    visit: &Visit,
    name: &ServerCertificateName,
    error: Option<String>,
) -> Result<Certificate, Failure> {
    let certificate = get(visit, name).await?;
    let it = Facts::new(visit, &certificate.server_certificate_metadata);
    let form = &visit.asked.form;
    let typed = |field: &str, held: &str| form.get(field).unwrap_or(held).to_owned();
    Ok(Certificate {
        frame: Frame::of(visit, it.name.clone(), "settings"),
        error,
        body: certificate.certificate_body,
        chain: certificate.certificate_chain,
        tags: certificate.tags,
        typed_key: typed("key", ""),
        typed_value: typed("value", ""),
        typed_name: typed("new-name", &it.name),
        typed_path: typed("new-path", &it.path),
        it,
    })
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    page(&one(&visit, &name, None).await?)
}

/// Changes its tags, name or path.
pub(crate) async fn change(visit: Visit) -> Answer {
    let name = wanted(&visit)?;
    match run(&visit, &name).await {
        Ok((name, done)) => go(&format!("{}&done={done}", address(name.as_str()))),
        Err(fault) => page_again(&one(&visit, &name, Some(fault_text(&fault))).await?),
    }
}

async fn run(
    visit: &Visit,
    name: &ServerCertificateName,
) -> Result<(ServerCertificateName, &'static str), Fault> {
    let form = &visit.asked.form;
    let server_certificate_name = name.clone();
    let done = match form.text("do") {
        "tag" => {
            let tag = TagShape {
                key: read(form.text("key"), "The key")?,
                value: read(form.text("value"), "The value")?,
            };
            let tag = TagServerCertificate {
                server_certificate_name,
                tags: vec![tag],
            };
            visit.call(&tag).await.map(|_| "tagged")?
        }
        "untag" => {
            let untag = UntagServerCertificate {
                server_certificate_name,
                tag_keys: vec![read(form.text("key"), "The key")?],
            };
            visit.call(&untag).await.map(|_| "untagged")?
        }
        "rename" => {
            let new: ServerCertificateName = read(form.text("new-name"), "The name")?;
            let update = UpdateServerCertificate {
                server_certificate_name,
                new_path: Some(read(form.text("new-path"), "The path")?),
                new_server_certificate_name: Some(new.clone()),
            };
            visit.call(&update).await?;
            return Ok((new, "server-certificate-renamed"));
        }
        _ => return Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    };
    Ok((name.clone(), done))
}
