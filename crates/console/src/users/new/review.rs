//! The last look before a user is made: what was chosen, and what goes along with it. A password of one's own is typed here
//! and nowhere before, so that no page has to carry it.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::users::GetUser;
use claviger_model::Code;
use claviger_model::name::{EntityPath, UserName};

use super::{Rights, rights};
use crate::door::Visit;
use crate::field::read;
use crate::users::HERE;
use crate::users::actions::{tags_of, typed_tags};
use crate::users::console_access::Choice;
use crate::users::first_sign_in::Outlook;
use crate::view::Frame;

/// The fields of the form that the review carries on. The password is none of them.
const CARRIED: &[&str] = &[
    "name",
    "path",
    "console",
    "password-kind",
    "reset",
    "group",
    "like",
    "policy",
    "bounded",
    "boundary",
    "key",
    "value",
];

/// A policy that the user is to get, and by what.
struct Given {
    name: String,
    how: String,
}

#[derive(Template)]
#[template(path = "users/review.html")]
pub(super) struct Review {
    frame: Frame,
    pub(super) error: Option<String>,
    name: String,
    path: String,
    console: bool,
    choice: Choice,
    groups: Vec<String>,
    policies: Vec<Given>,
    boundary: Option<String>,
    /// Why the user could not sign in.
    trapped: Option<String>,
    like: String,
    tags: Vec<(String, String)>,
    carried: Vec<(&'static str, String)>,
}

impl Review {
    /// Looks at all that was typed.
    ///
    /// # Errors
    /// What is wrong with it, as far as that can be told before the user is made.
    pub(super) async fn new(visit: &Visit) -> Result<Self, Fault> {
        let form = &visit.asked.form;
        let name: UserName = read(form.text("name"), "The user name")?;
        let path: EntityPath = read(form.filled("path").unwrap_or("/"), "The path")?;
        typed_tags(form)?;
        refuse_taken(visit, &name).await?;
        let Rights {
            groups,
            policies,
            inline,
            boundary,
        } = rights(visit).await?;
        let console = form.ticked("console");
        let choice = Choice::of(visit);
        let mut given: Vec<Given> = policies
            .iter()
            .map(|arn| Given {
                name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
                how: String::from("Attached"),
            })
            .collect();
        given.extend(inline.into_iter().map(|(name, _)| Given {
            name,
            how: String::from("Inline, copied"),
        }));
        let outlook = if console && choice.reset {
            Outlook::of(visit, name.as_str(), &path, boundary.as_ref()).await
        } else {
            Outlook::default()
        };
        if let Some(why) = outlook.attached {
            given.push(Given {
                name: String::from("IAMUserChangePassword"),
                how: format!("Attached, because {why}"),
            });
        }
        let carried = CARRIED.iter().flat_map(|field| {
            let values = form.all(field);
            values.map(|value| (*field, value.to_owned()))
        });
        Ok(Self {
            frame: Frame::of(visit, "Review the new user", HERE),
            error: None,
            name: name.as_str().to_owned(),
            path: path.as_str().to_owned(),
            console,
            choice,
            groups,
            policies: given,
            boundary: boundary.map(|arn| arn.as_str().to_owned()),
            trapped: outlook.trapped,
            like: form.text("like").to_owned(),
            tags: tags_of(form)
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            carried: carried.collect(),
        })
    }
}

/// Refuses a name that somebody has, if that may be known: the making will tell in any case.
async fn refuse_taken(visit: &Visit, name: &UserName) -> Result<(), Fault> {
    let get = GetUser {
        user_name: Some(name.existing()),
    };
    match visit.call(&get).await {
        Ok(_) => Err(Fault::exists(format!(
            "User with name {name} already exists."
        ))),
        Err(fault) if matches!(fault.code(), Code::NoSuchEntity | Code::AccessDenied) => Ok(()),
        Err(fault) => Err(fault),
    }
}
