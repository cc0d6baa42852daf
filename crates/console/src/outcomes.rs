//! What became of each of several things that were done at once.

use askama::Template;
use claviger_iam::Fault;

use crate::answer::{Answer, page};
use crate::view::{Frame, fault_text};

/// What became of something.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) refused: Option<String>,
}

impl Outcome {
    /// What became of what the operations call by this id.
    pub(crate) fn of(id: &str, done: Result<(), String>) -> Self {
        Self {
            name: name_of(id),
            refused: done.err(),
        }
    }
}

/// What something is called: of a resource name, its last part.
pub(crate) fn name_of(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What to say of why something could not be done.
pub(crate) fn said(fault: Fault) -> String {
    fault_text(&fault)
}

#[derive(Template)]
#[template(path = "outcomes.html")]
struct Done {
    frame: Frame,
    outcomes: Vec<Outcome>,
    refused: usize,
    back: String,
    back_to: String,
}

/// The page that tells of each. `back` is where to go on, and `back_to` what that is called.
pub(crate) fn told(frame: Frame, outcomes: Vec<Outcome>, back: String, back_to: &str) -> Answer {
    let refused = outcomes.iter().filter(|one| one.refused.is_some()).count();
    page(&Done {
        frame,
        outcomes,
        refused,
        back,
        back_to: back_to.to_owned(),
    })
}
