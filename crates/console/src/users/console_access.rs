//! Whether a user signs in to the console: a password that is drawn and shown once, or one that is typed.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::first_account::draw_password;
use claviger_iam::operation::login_profiles::{CreateLoginProfile, Password, UpdateLoginProfile};
use claviger_iam::operation::password_policy::GetAccountPasswordPolicy;
use claviger_model::name::ExistingUserName;
use claviger_model::{Code, Scalar as _, Secret};

use super::credentials::profile;
use super::first_sign_in::Outlook;
use super::{HERE, address_of, be_fresh_for, short, user_of};
use crate::answer::{Answer, download, page, page_again};
use crate::door::Visit;
use crate::settings::alias::sign_in_address;
use crate::view::{Frame, encode, fault_text};

/// How a password comes to be: what a form says, but for the password.
pub(super) struct Choice {
    pub(super) custom: bool,
    /// Whether the user has to choose another at the next sign-in.
    pub(super) reset: bool,
}

impl Choice {
    /// What stands in a form that nobody filled in yet.
    pub(super) const NEW: Self = Self {
        custom: false,
        reset: true,
    };

    pub(super) fn of(visit: &Visit) -> Self {
        let form = &visit.asked.form;
        Self {
            custom: form.text("password-kind") == "custom",
            reset: form.ticked("reset"),
        }
    }
}

/// A password for a user: as operations take it, and to be shown if nobody knows it yet.
pub(super) struct Chosen {
    pub(super) password: Secret<Password>,
    pub(super) drawn: Option<Secret<String>>,
}

/// The password that a form asks for.
///
/// # Errors
/// `InvalidInput` for a text that is no password.
pub(super) async fn choose(visit: &Visit, choice: &Choice) -> Result<Chosen, Fault> {
    let drawn = if choice.custom {
        None
    } else {
        Some(draw(visit).await)
    };
    let typed = visit.asked.form.secret("password");
    let text = drawn.as_ref().unwrap_or(&typed);
    let password = Password::parse(text.expose()).map_err(|_| {
        Fault::new(
            Code::InvalidInput,
            "Type a password of 1 to 128 characters, or have one generated.",
        )
    })?;
    Ok(Chosen {
        password: Secret::new(password),
        drawn,
    })
}

/// Draws a password of every kind of character, as long as the account asks for.
async fn draw(visit: &Visit) -> Secret<String> {
    let policy = visit.call(&GetAccountPasswordPolicy {}).await.ok();
    let least = policy.map_or(0, |answer| answer.password_policy.minimum_password_length);
    let least = usize::try_from(least).unwrap_or(0);
    let rng = &visit.asked.iam().settings().rng;
    loop {
        let mut password = draw_password(rng);
        while password.expose().len() < least {
            let more = draw_password(rng);
            password = Secret::new(format!("{}{}", password.expose(), more.expose()));
        }
        let has = |kind: fn(&char) -> bool| password.expose().chars().any(|c| kind(&c));
        let has_all = has(char::is_ascii_lowercase)
            && has(char::is_ascii_uppercase)
            && has(char::is_ascii_digit)
            && has(char::is_ascii_punctuation);
        if has_all && password.expose().len() <= 128 {
            return password;
        }
        if password.expose().len() > 128 {
            let cut: String = password.expose().chars().take(128).collect();
            return Secret::new(cut);
        }
    }
}

#[derive(Template)]
#[template(path = "users/password.html")]
struct Access {
    frame: Frame,
    error: Option<String>,
    name: String,
    address: String,
    enabled: bool,
    choice: Choice,
}

impl Access {
    async fn new(visit: &Visit, name: &ExistingUserName, choice: Choice) -> Result<Self, Fault> {
        let enabled = profile(visit, name).await?.is_some();
        let title = if enabled {
            format!("Set a new password for {name}")
        } else {
            format!("Enable console access for {name}")
        };
        Ok(Self {
            frame: Frame::of(visit, title, HERE),
            error: None,
            address: address_of(name.as_str()),
            name: name.as_str().to_owned(),
            enabled,
            choice,
        })
    }
}

/// What somebody needs to sign in for the first time.
#[derive(Template)]
#[template(path = "users/access_made.html")]
pub(super) struct Made {
    pub(super) frame: Frame,
    pub(super) name: String,
    pub(super) sign_in_address: Option<String>,
    pub(super) password: Option<Secret<String>>,
    pub(super) reset: bool,
    /// What else was done.
    pub(super) notes: Vec<String>,
    /// What could not be done.
    pub(super) faults: Vec<String>,
    pub(super) back: String,
}

impl Made {
    /// A letter to the user that says where to sign in. The password is not in it: mail is no place for one.
    fn letter(&self) -> Option<String> {
        let address = self.sign_in_address.as_ref()?;
        let body = format!(
            "You can sign in now.\r\n\r\nAddress: {address}\r\nUser name: {}\r\n\r\nYou get the password in another way.\r\n",
            self.name
        );
        Some(format!(
            "mailto:?subject={}&body={}",
            encode("Your sign-in"),
            encode(&body)
        ))
    }
}

/// Gives what a page has just shown as a file. The page sends it back: it is kept nowhere.
pub(crate) async fn take(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let password = form.secret("password");
    let fields = [
        form.text("name"),
        password.expose(),
        form.text("sign-in-address"),
    ];
    let quoted: Vec<String> = fields
        .iter()
        .map(|field| format!("\"{}\"", field.replace('"', "\"\"")))
        .collect();
    let text = format!(
        "User name,Password,Console sign-in URL\r\n{}\r\n",
        quoted.join(",")
    );
    download("credentials.csv", "text/csv; charset=utf-8", text)
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    page(&Access::new(&visit, &name, Choice::NEW).await?)
}

/// Sets the password.
pub(crate) async fn save(visit: Visit) -> Answer {
    let name = user_of(&visit)?;
    be_fresh_for(&visit, name.as_str())?;
    let choice = Choice::of(&visit);
    let drawn = match set(&visit, &name, &choice).await {
        Ok(drawn) => drawn,
        Err(fault) => {
            let mut again = Access::new(&visit, &name, choice).await?;
            again.error = Some(fault_text(&fault));
            return page_again(&again);
        }
    };
    let (notes, faults) = if choice.reset {
        let outlook = Outlook::of_user(&visit, &name).await;
        outlook.prepare(&visit, &name).await
    } else {
        Default::default()
    };
    page(&Made {
        frame: Frame::of(&visit, format!("{name} can sign in"), HERE),
        sign_in_address: Some(sign_in_address(&visit).await),
        password: drawn,
        reset: choice.reset,
        notes,
        faults,
        back: format!("{}?tab=credentials", address_of(name.as_str())),
        name: name.as_str().to_owned(),
    })
}

/// Gives the user a password, the first or another: the drawn one, if one was drawn.
async fn set(
    visit: &Visit,
    name: &ExistingUserName,
    choice: &Choice,
) -> Result<Option<Secret<String>>, Fault> {
    super::password_reset::refuse_generated(visit, name).await?;
    let chosen = choose(visit, choice).await?;
    if profile(visit, name).await?.is_some() {
        let update = UpdateLoginProfile {
            user_name: short(name)?,
            password: Some(chosen.password),
            password_reset_required: Some(choice.reset),
        };
        visit.call(&update).await?;
    } else {
        create(visit, name, chosen.password, choice.reset).await?;
    }
    Ok(chosen.drawn)
}

/// Gives a user the first password.
///
/// # Errors
/// As `CreateLoginProfile`.
pub(super) async fn create(
    visit: &Visit,
    name: &ExistingUserName,
    password: Secret<Password>,
    reset: bool,
) -> Result<(), Fault> {
    let create = CreateLoginProfile {
        user_name: Some(short(name)?),
        password: Some(password),
        password_reset_required: Some(reset),
    };
    visit.call(&create).await.map(drop)
}
