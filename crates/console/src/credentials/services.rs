//! Credentials for services that cannot check signatures: the page that generates one, and the drawing of another secret.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::entity::service_credential::SERVICES;
use claviger_iam::operation::service_specific_credentials::{
    CreateServiceSpecificCredential, ResetServiceSpecificCredential, ServiceSpecificCredential,
};
use claviger_model::Secret;

use super::once::Once;
use super::whose::Whose;
use crate::answer::{Answer, page, page_again};
use crate::door::Visit;
use crate::field::{read, read_filled};
use crate::view::{Frame, fault_text};

/// What a service's credentials are to people.
fn title(service: &str) -> &str {
    match service {
        "codecommit.amazonaws.com" => "CodeCommit: user name and password for Git over HTTPS",
        "cassandra.amazonaws.com" => "Keyspaces: user name and password for Cassandra drivers",
        "bedrock.amazonaws.com" => "Bedrock: API key",
        "logs.amazonaws.com" => "CloudWatch Logs: API key",
        other => other,
    }
}

#[derive(Template)]
#[template(path = "credentials/service_new.html")]
struct Generate {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    /// What operations and people call them.
    services: Vec<(&'static str, &'static str)>,
    chosen: String,
    days: String,
}

impl Generate {
    fn new(visit: &Visit, whose: &Whose, error: Option<String>) -> Self {
        let form = &visit.asked.form;
        let services = SERVICES.iter().map(|service| service.name);
        let first = services.clone().next().unwrap_or_default();
        Self {
            frame: Frame::of(
                visit,
                whose.titled("Generate credentials for a service"),
                whose.here(),
            ),
            whose: whose.clone(),
            error,
            services: services.map(|name| (name, title(name))).collect(),
            chosen: form.filled("service").unwrap_or(first).to_owned(),
            days: form.text("days").to_owned(),
        }
    }
}

/// The page that asks for which service.
pub(crate) async fn show_new(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    page(&Generate::new(&visit, &whose, None))
}

/// Generates them, and shows the secret this once.
pub(crate) async fn generate(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    match run(&visit, &whose).await {
        Ok(made) => once(&visit, &whose, "New credentials", made),
        Err(fault) => page_again(&Generate::new(&visit, &whose, Some(fault_text(&fault)))),
    }
}

async fn run(visit: &Visit, whose: &Whose) -> Result<ServiceSpecificCredential, Fault> {
    let form = &visit.asked.form;
    let create = CreateServiceSpecificCredential {
        user_name: whose.short()?,
        service_name: form.text("service").to_owned(),
        credential_age_days: read_filled(form.filled("days"), "The number of days")?,
    };
    let made = visit.call(&create).await?;
    Ok(made.service_specific_credential)
}

/// Draws another secret for the one that the form names, and shows it this once.
///
/// # Errors
/// What the operation refuses.
pub(crate) async fn reset(visit: &Visit, whose: &Whose) -> Result<Answer, Fault> {
    let reset = ResetServiceSpecificCredential {
        user_name: Some(whose.short()?),
        service_specific_credential_id: read(visit.asked.form.text("id"), "The ID")?,
    };
    let made = visit.call(&reset).await?.service_specific_credential;
    Ok(once(visit, whose, "A new secret", made))
}

fn once(visit: &Visit, whose: &Whose, title: &str, made: ServiceSpecificCredential) -> Answer {
    let mut plain = vec![("Service", made.service_name)];
    plain.extend(made.service_user_name.map(|user| ("User name", user)));
    plain.extend(made.service_credential_alias.map(|alias| ("Name", alias)));
    let (label, secret) = match (made.service_password, made.service_credential_secret) {
        (Some(password), _) => ("Password", password),
        (None, secret) => ("Key", secret.unwrap_or_else(|| Secret::new(String::new()))),
    };
    Once::new(visit, whose, title, plain, label, secret).answer(visit, "credentials.csv")
}
