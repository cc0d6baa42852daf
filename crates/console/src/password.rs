//! Changing the own password.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::login_profiles::{ChangePassword, Password};
use claviger_iam::operation::password_policy::GetAccountPasswordPolicy;
use claviger_iam::operation::password_rules::{GetPasswordRules, GetPasswordRulesOutput};
use claviger_iam::operation::root_user::ChangeRootPassword;
use claviger_iam::signin::Refusal;
use claviger_model::{Code, Scalar as _, Secret};

use crate::answer::{Answer, Failure, go, page, page_again, with_cookies};
use crate::cookies::Cookie;
use crate::door::Visit;
use crate::view::{Frame, fault_text};

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    error: Option<String>,
    rules: Vec<String>,
}

impl PasswordPage {
    async fn new(visit: &Visit, error: Option<String>) -> Self {
        Self {
            frame: Frame::of(visit, "Change your password", "credentials"),
            error,
            rules: rules(visit).await,
        }
    }
}

/// What the account asks of a password, as far as this person may know.
async fn rules(visit: &Visit) -> Vec<String> {
    let fixed = || {
        vec![
            String::from("At least 8 characters"),
            String::from("Three of: upper-case letters, lower-case letters, digits, symbols"),
        ]
    };
    if visit.at.is_root() {
        return fixed();
    }
    let policy = match visit.call(&GetAccountPasswordPolicy {}).await {
        Ok(answer) => answer.password_policy,
        Err(fault) if fault.code() == Code::NoSuchEntity => return fixed(),
        Err(_) => return Vec::new(),
    };
    let mut rules = vec![format!(
        "At least {} characters",
        policy.minimum_password_length
    )];
    for (wanted, what) in [
        (policy.require_uppercase_characters, "An upper-case letter"),
        (policy.require_lowercase_characters, "A lower-case letter"),
        (policy.require_numbers, "A digit"),
        (
            policy.require_symbols,
            "A symbol: ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '",
        ),
    ] {
        if wanted {
            rules.push(what.to_owned());
        }
    }
    if let Ok(more) = visit.call(&GetPasswordRules {}).await {
        rules.extend(more_rules(&more));
    }
    if let Some(reach) = policy.password_reuse_prevention {
        rules.push(format!("None of your last {reach}"));
    }
    rules
}

/// The rules that AWS has none of.
fn more_rules(more: &GetPasswordRulesOutput) -> Vec<String> {
    let kinds = more.required_character_kinds;
    let run = more.maximum_identical_run;
    let said = [
        (kinds > 1).then(|| {
            format!("{kinds} of: upper-case letters, lower-case letters, digits, other signs")
        }),
        (run > 0).then(|| format!("No more than {run} equal characters in a row")),
        (more.refuse_user_name).then(|| String::from("Not your user name, nor that backwards")),
        (more.refuse_contacts)
            .then(|| String::from("Without your e-mail address or mobile number")),
    ];
    said.into_iter().flatten().collect()
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&PasswordPage::new(&visit, None).await)
}

/// Changes it. This session goes on under another token; the others have ended.
pub(crate) async fn change(visit: Visit) -> Answer {
    let asked = &visit.asked;
    let [old, new, again] = ["old", "new", "again"].map(|name| asked.form.secret(name));
    if !new.matches(again.expose().as_bytes()) {
        let error = String::from("The two new passwords are not the same.");
        return page_again(&PasswordPage::new(&visit, Some(error)).await);
    }
    if let Err(fault) = run(&visit, &old, &new).await {
        return match fault.code() {
            Code::ServiceFailure | Code::ServiceUnavailable => Err(Failure::Fault(fault)),
            _ => page_again(&PasswordPage::new(&visit, Some(fault_text(&fault))).await),
        };
    }
    match asked
        .iam()
        .keep_after_own_change(&visit.at, &new, &asked.facts)
        .await
    {
        Ok(token) => Ok(with_cookies(
            go("/console/credentials?done=password")?,
            [asked.set(Cookie::Session, token.expose())],
        )),
        Err(Refusal::Fault(fault)) => Err(Failure::Fault(fault)),
        Err(_) => Err(Failure::SignIn),
    }
}

async fn run(visit: &Visit, old: &Secret<String>, new: &Secret<String>) -> Result<(), Fault> {
    let (old_password, new_password) = (parse(old)?, parse(new)?);
    if visit.user_name().is_some() {
        let change = ChangePassword {
            old_password,
            new_password,
        };
        visit.call(&change).await?;
    } else {
        let change = ChangeRootPassword {
            old_password,
            new_password,
        };
        visit.call(&change).await?;
    }
    Ok(())
}

fn parse(given: &Secret<String>) -> Result<Secret<Password>, Fault> {
    Password::parse(given.expose()).map(Secret::new).map_err(|_| {
        Fault::new(
            Code::PasswordPolicyViolation,
            "A password has 1 to 128 characters: letters of the Latin alphabet, digits, blanks and symbols.",
        )
    })
}
