//! The policy that caps what a user's policies can give.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::permissions_boundaries::PutUserPermissionsBoundary;
use claviger_model::Code;
use claviger_model::name::ExistingUserName;

use super::{HERE, address_of, short, user_of};
use crate::answer::{Answer, go, page, page_again};
use crate::door::Visit;
use crate::field::read;
use crate::picker::Picker;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "users/boundary.html")]
struct Boundary {
    frame: Frame,
    error: Option<String>,
    name: String,
    address: String,
    picker: Picker,
}

impl Boundary {
    async fn new(visit: &Visit, name: &str, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, format!("Set the boundary of {name}"), HERE),
            error,
            address: address_of(name),
            name: name.to_owned(),
            picker: Picker::boundary(visit).await,
        }
    }
}

/// The page that offers policies.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    page(&Boundary::new(&visit, name.as_str(), None).await)
}

/// Sets the one that is chosen.
pub(crate) async fn save(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    let form = &visit.asked.form;
    if form.text("do") == "search" {
        return page(&Boundary::new(&visit, name.as_str(), None).await);
    }
    match set(&visit, &name, form.text("boundary")).await {
        Ok(()) => go(&format!(
            "{}?tab=permissions&done=boundary-set",
            address_of(name.as_str())
        )),
        Err(fault) => {
            page_again(&Boundary::new(&visit, name.as_str(), Some(fault_text(&fault))).await)
        }
    }
}

/// Sets a boundary.
///
/// # Errors
/// As `PutUserPermissionsBoundary`.
pub(super) async fn set(visit: &Visit, name: &ExistingUserName, arn: &str) -> Result<(), Fault> {
    if arn.is_empty() {
        return Err(Fault::new(Code::InvalidInput, "Choose a policy."));
    }
    let put = PutUserPermissionsBoundary {
        user_name: short(name)?,
        permissions_boundary: read(arn, "The policy")?,
    };
    visit.call(&put).await.map(drop)
}
