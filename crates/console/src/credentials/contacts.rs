//! Where somebody is reached: the own e-mail address and mobile number, each verified by a code that is sent there, and
//! those of a user, which an administrator sets.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::contacts::{
    ContactChannel, GetContacts, GetContactsOutput, RemoveContact, RequestContactCode, SetContact,
    VerifyContact,
};
use claviger_model::{Code, EmailAddress, MobileNumber, Scalar, Secret};

use super::whose::Whose;
use crate::answer::{Answer, Failure, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::view::{Frame, When, fault_text};

/// An address, and since when it is verified.
struct Shown {
    address: String,
    verified: Option<When>,
}

/// A code that was sent, as the page that takes it knows it.
struct Sent {
    to: String,
    /// What comes back with the code.
    ticket: Secret<String>,
}

#[derive(Template)]
#[template(path = "credentials/contacts.html")]
struct Contacts {
    frame: Frame,
    whose: Whose,
    error: Option<String>,
    email: Option<Shown>,
    mobile: Option<Shown>,
    /// Why they are not to be seen.
    refused: Option<String>,
    sent: Option<Sent>,
    /// What was typed, where it comes back.
    typed_email: String,
    typed_mobile: String,
}

impl Contacts {
    async fn load(
        visit: &Visit,
        whose: &Whose,
        error: Option<String>,
        sent: Option<Sent>,
    ) -> Result<Self, Failure> {
        let now = visit.asked.facts.now;
        let get = GetContacts {
            user_name: whose.name(),
        };
        let (known, refused) = match visit.call(&get).await {
            Ok(known) => (known, None),
            Err(fault) if fault.code() == Code::NoSuchEntity => return Err(Failure::Missing),
            Err(fault) => (GetContactsOutput::default(), Some(fault_text(&fault))),
        };
        let shown = |address: Option<String>, verified: Option<_>| {
            address.map(|address| Shown {
                address,
                verified: verified.map(|at| When::of(at, now)),
            })
        };
        let typed = |name| visit.asked.form.text(name).to_owned();
        Ok(Self {
            frame: Frame::of(visit, whose.titled("E-mail and mobile"), whose.here()),
            whose: whose.clone(),
            error,
            email: shown(known.email, known.email_verified),
            mobile: shown(known.mobile, known.mobile_verified),
            refused,
            sent,
            typed_email: typed("email"),
            typed_mobile: typed("mobile"),
        })
    }
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    page(&Contacts::load(&visit, &whose, None, None).await?)
}

/// Sends a code, takes one back, sets an address, or removes one.
pub(crate) async fn act(visit: Visit) -> Answer {
    let whose = Whose::of(&visit)?;
    whose.must_be_fresh(&visit)?;
    match run(&visit, &whose).await {
        Ok(Done::Word(word)) => whose.done(word),
        Ok(Done::Sent(sent)) => page(&Contacts::load(&visit, &whose, None, Some(sent)).await?),
        Err(fault) => {
            let error = Some(fault_text(&fault));
            // A wrong code can be typed again: the one that was sent is still good.
            let sent = Some(Sent {
                to: visit.asked.form.text("to").to_owned(),
                ticket: Secret::new(visit.asked.form.text("ticket").to_owned()),
            })
            .filter(|sent| !sent.ticket.expose().is_empty());
            page_again(&Contacts::load(&visit, &whose, error, sent).await?)
        }
    }
}

/// What became of it.
enum Done {
    Word(&'static str),
    Sent(Sent),
}

/// The field, where something was typed into it.
fn typed<T: Scalar>(visit: &Visit, field: &str, name: &str) -> Result<Option<T>, Fault> {
    let text = visit.asked.form.text(field).trim();
    if text.is_empty() {
        Ok(None)
    } else {
        read(text, name).map(Some)
    }
}

fn email(visit: &Visit) -> Result<Option<EmailAddress>, Fault> {
    typed(visit, "email", "The e-mail address")
}

/// People write numbers in groups; the spaces say nothing.
fn mobile(visit: &Visit) -> Result<Option<MobileNumber>, Fault> {
    let text = visit.asked.form.text("mobile");
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if text.is_empty() {
        Ok(None)
    } else {
        read(&text, "The mobile number").map(Some)
    }
}

async fn run(visit: &Visit, whose: &Whose) -> Result<Done, Fault> {
    let form = &visit.asked.form;
    match form.text("do") {
        "code" if whose.is_own() => {
            let request = RequestContactCode {
                email: email(visit)?,
                mobile: mobile(visit)?,
            };
            let to = match (&request.email, &request.mobile) {
                (Some(email), _) => email.as_str().to_owned(),
                (None, Some(mobile)) => mobile.as_str().to_owned(),
                (None, None) => String::new(),
            };
            let ticket = visit.call(&request).await?.ticket;
            Ok(Done::Sent(Sent { to, ticket }))
        }
        "verify" if whose.is_own() => {
            let verify = VerifyContact {
                ticket: Secret::new(read(form.text("ticket"), "The ticket")?),
                // SECURITY: what was typed may be good but for a slip, so it is not repeated.
                code: Secret::new(read(form.text("code").trim(), "The code")?),
            };
            visit.call(&verify).await?;
            Ok(Done::Word("contact-verified"))
        }
        "set" => {
            let set = SetContact {
                user_name: whose.name(),
                email: email(visit)?,
                mobile: mobile(visit)?,
            };
            visit.call(&set).await?;
            Ok(Done::Word("contact-set"))
        }
        word @ ("remove-email" | "remove-mobile") => {
            let remove = RemoveContact {
                user_name: whose.name(),
                channel: if word == "remove-email" {
                    ContactChannel::Email
                } else {
                    ContactChannel::Mobile
                },
            };
            visit.call(&remove).await?;
            Ok(Done::Word("contact-removed"))
        }
        _ => Err(Fault::new(Code::InvalidInput, "Choose what to do.")),
    }
}
