//! The sign-in pages: a password, a second factor, another password, and out again.

pub(crate) mod forgotten;
pub(crate) mod link;
pub(crate) mod sent_code;

use askama::Template;
use claviger_iam::entity::console_session::ConsoleToken;
use claviger_iam::signin::{
    AwaitingFactor, Factor, Next, Opened, PasswordAttempt, Refusal, SignInName,
};
use claviger_model::name::MfaDeviceName;
use claviger_model::{Code, Secret};
use percent_encoding::percent_decode_str;

use crate::answer::{Answer, Failure, go, page, page_again, page_with, with_cookies};
use crate::cookies::Cookie;
use crate::door::{Asked, Guest, Visit};
use crate::notices::notice;
use crate::view::{Frame, device_name, encode, fault_text, own_path};

/// What is said whatever was wrong.
const WRONG: &str = "Your sign-in information is not right. Check it and try again.";
const TOO_MANY: &str = "There were too many tries. Wait a quarter of an hour and try again.";
const OVER: &str = "That took too long, or something has changed meanwhile. Please begin again.";
const HARD_EXPIRED: &str =
    "Your password has expired. Ask whoever administers the account to set a new one.";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    frame: Frame,
    error: Option<&'a str>,
    /// What was done before.
    done: Option<&'static str>,
    root: bool,
    account: String,
    user_name: String,
    email: String,
    remember: bool,
    to: String,
}

impl<'a> SignIn<'a> {
    fn new(guest: &Guest, error: Option<&'a str>) -> Self {
        let asked = &guest.asked;
        let (remembered_account, remembered_user) = remembered(asked);
        let typed = |name: &str| asked.form.get(name).map(str::to_owned);
        let account = Some(asked.param("account").to_owned()).filter(|account| !account.is_empty());
        let remember = !remembered_account.is_empty();
        Self {
            frame: Frame::guest(guest, "Sign in"),
            error,
            done: notice(asked.query.text("done")).filter(|_| error.is_none()),
            root: asked.query.text("as") == "root" || asked.form.text("as") == "root",
            user_name: typed("user_name").unwrap_or_else(|| match &account {
                Some(account) if *account != remembered_account => String::new(),
                _ => remembered_user,
            }),
            account: typed("account").or(account).unwrap_or(remembered_account),
            email: typed("email").unwrap_or_default(),
            remember: remember || asked.form.ticked("remember"),
            to: to(asked),
        }
    }
}

/// Where to go once signed in.
pub(crate) fn to(asked: &Asked) -> String {
    let wanted = asked.form.filled("to").unwrap_or(asked.query.text("to"));
    own_path(wanted).unwrap_or("/console").to_owned()
}

/// The account and user of the last sign-in in this browser.
fn remembered(asked: &Asked) -> (String, String) {
    let read = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    asked
        .cookie(Cookie::Remembered)
        .and_then(|value| value.split_once('.'))
        .map(|(account, user)| (read(account), read(user)))
        .unwrap_or_default()
}

/// The page that asks for a name and a password.
pub(crate) async fn show(guest: Guest) -> Answer {
    page(&SignIn::new(&guest, None))
}

/// The first step.
pub(crate) async fn by_password(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let password = asked.form.secret("password");
    let name = if asked.form.text("as") == "root" {
        SignInName::Root {
            email: asked.form.text("email"),
        }
    } else {
        SignInName::User {
            account: asked.form.text("account"),
            name: asked.form.text("user_name"),
        }
    };
    let attempt = PasswordAttempt {
        name,
        password: &password,
        known_browser: asked.cookie(Cookie::KnownBrowser),
    };
    let next = asked.iam().sign_in(&attempt, &asked.facts).await;
    let remember = match name {
        SignInName::User { account, name } if asked.form.ticked("remember") => {
            // Percent-encoded, neither has a full stop.
            asked.set(
                Cookie::Remembered,
                &format!("{}.{}", encode(account), encode(name)),
            )
        }
        SignInName::User { .. } => asked.clear(Cookie::Remembered),
        // The others are not asked for here.
        SignInName::Root { .. }
        | SignInName::InDomain { .. }
        | SignInName::ById(_)
        | SignInName::RootOf { .. } => String::new(),
    };
    match next {
        Ok(next) => {
            let answer = go_on(asked, next).await?;
            Ok(with_cookies(
                answer,
                Some(remember).filter(|cookie| !cookie.is_empty()),
            ))
        }
        Err(refusal) => {
            let error = told(&refusal);
            page_again(&SignIn::new(&guest, Some(&error)))
        }
    }
}

/// What is said of a refusal.
pub(crate) fn told(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Wrong => WRONG.to_owned(),
        Refusal::TooMany => TOO_MANY.to_owned(),
        Refusal::Over => OVER.to_owned(),
        Refusal::HardExpired => HARD_EXPIRED.to_owned(),
        Refusal::Unable(why) => (*why).to_owned(),
        Refusal::Fault(fault) => fault_text(fault),
    }
}

/// Leads to the next step, or into the console. Each level has a cookie of its own, and takes away the one before.
pub(crate) async fn go_on(asked: &Asked, next: Next) -> Answer {
    let to = to(asked);
    let onward = |path: &str| format!("{path}?to={}", encode(&to));
    match next {
        Next::Factor(waiting) => {
            let cookie = asked.set(Cookie::Factor, waiting.seal(asked.iam())?.expose());
            Ok(with_cookies(go(&onward("/signin/step/factor"))?, [cookie]))
        }
        Next::Code(waiting) => {
            let cookie = asked.set(Cookie::Code, waiting.seal(asked.iam())?.expose());
            Ok(with_cookies(go(&onward("/signin/step/code"))?, [cookie]))
        }
        Next::Password(waiting) => {
            let cookie = asked.set(Cookie::Password, waiting.seal(asked.iam())?.expose());
            let cookies = [
                cookie,
                asked.clear(Cookie::Factor),
                asked.clear(Cookie::Code),
            ];
            Ok(with_cookies(go(&onward("/signin/step/password"))?, cookies))
        }
        Next::Open(opened) => open(asked, &opened, &to).await,
    }
}

/// The session that this browser had is over with that: nobody could find it any more to end it (OWASP ASVS 5.0, 7.2.4).
async fn open(asked: &Asked, opened: &Opened, to: &str) -> Answer {
    let before = asked.cookie(Cookie::Session).and_then(ConsoleToken::parse);
    if let Some(before) = before
        && let Err(Refusal::Fault(fault)) = asked.iam().sign_out(&before, &asked.facts).await
    {
        return Err(Failure::Fault(fault));
    }
    let cookies = [
        asked.set(Cookie::Session, opened.token.expose()),
        asked.set(
            Cookie::KnownBrowser,
            opened.known_browser.seal(asked.iam())?.expose(),
        ),
        asked.clear(Cookie::Factor),
        asked.clear(Cookie::Code),
        asked.clear(Cookie::Password),
        asked.clear(Cookie::Visit),
    ];
    Ok(with_cookies(go(to)?, cookies))
}

/// A second factor to choose.
struct Choice {
    id: String,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "factor.html")]
struct FactorPage<'a> {
    frame: Frame,
    error: Option<&'a str>,
    /// What there is besides the one that is asked for.
    choices: Vec<Choice>,
    /// `totp`, `key`, `recovery`, or empty where there is none that can be used here.
    kind: &'static str,
    id: String,
    label: String,
    /// What the browser is told to ask a security key for.
    options: Option<String>,
    to: String,
}

/// What a factor is called in addresses.
fn id_of(factor: &Factor) -> &str {
    match factor {
        Factor::Totp { serial, .. } | Factor::SecurityKey { serial, .. } => serial,
        Factor::RecoveryCode => "recovery",
    }
}

fn label_of(factor: &Factor) -> String {
    let called = |serial: &str, name: &Option<MfaDeviceName>| {
        name.as_ref().map_or_else(
            || device_name(serial).to_owned(),
            |name| name.as_str().to_owned(),
        )
    };
    match factor {
        Factor::Totp {
            serial,
            name,
            hardware: true,
        } => format!("Hardware token {}", called(serial, name)),
        Factor::Totp { serial, name, .. } => {
            format!("Authenticator app “{}”", called(serial, name))
        }
        Factor::SecurityKey { serial, name } => {
            format!("Security key or passkey “{}”", called(serial, name))
        }
        Factor::RecoveryCode => String::from("A recovery code"),
    }
}

impl<'a> FactorPage<'a> {
    async fn new(
        guest: &Guest,
        waiting: &AwaitingFactor,
        error: Option<&'a str>,
    ) -> Result<Self, Refusal> {
        let asked = &guest.asked;
        let factors = &waiting.factors;
        let wanted = asked
            .form
            .filled("with")
            .unwrap_or(asked.query.text("with"));
        let chosen = factors
            .iter()
            .find(|factor| id_of(factor) == wanted)
            .or_else(|| factors.first());
        let options = match chosen {
            Some(Factor::SecurityKey { .. }) => {
                Some(asked.iam().factor_challenge(waiting, &asked.facts).await?)
            }
            _ => None,
        };
        Ok(Self {
            frame: Frame::guest(guest, "Second factor"),
            options,
            error,
            kind: match chosen {
                Some(Factor::Totp { .. }) => "totp",
                Some(Factor::SecurityKey { .. }) => "key",
                Some(Factor::RecoveryCode) => "recovery",
                None => "",
            },
            id: chosen.map(id_of).unwrap_or_default().to_owned(),
            label: chosen.map(label_of).unwrap_or_default(),
            choices: factors
                .iter()
                .map(|factor| Choice {
                    id: encode(id_of(factor)),
                    label: label_of(factor),
                    chosen: chosen == Some(factor),
                })
                .collect(),
            to: to(asked),
        })
    }
}

/// Back to the beginning, with the reason.
pub(crate) fn begin_again(guest: &Guest, refusal: &Refusal) -> Answer {
    let error = told(refusal);
    let asked = &guest.asked;
    let answer = page_with(
        http::StatusCode::UNPROCESSABLE_ENTITY,
        &SignIn::new(guest, Some(&error)),
    )?;
    let cookies =
        [Cookie::Factor, Cookie::Code, Cookie::Password].map(|cookie| asked.clear(cookie));
    Ok(with_cookies(answer, cookies))
}

/// The page that asks for a second factor.
pub(crate) async fn show_factor(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let Some(cookie) = asked.cookie(Cookie::Factor) else {
        return go("/signin");
    };
    match asked.iam().awaiting_factor(cookie, &asked.facts).await {
        Ok(waiting) => match FactorPage::new(&guest, &waiting, None).await {
            Ok(shown) => page(&shown),
            Err(refusal) => begin_again(&guest, &refusal),
        },
        Err(refusal) => begin_again(&guest, &refusal),
    }
}

/// The second step.
pub(crate) async fn by_factor(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let (iam, facts) = (asked.iam(), &asked.facts);
    let cookie = asked.cookie(Cookie::Factor).unwrap_or_default();
    let waiting = match iam.awaiting_factor(cookie, facts).await {
        Ok(waiting) => waiting,
        Err(refusal) => return begin_again(&guest, &refusal),
    };
    let again = waiting.clone();
    let with = asked.form.text("with");
    let next = match again.factors.iter().find(|factor| id_of(factor) == with) {
        Some(Factor::Totp { serial, .. }) => {
            // People copy codes with a blank in the middle; nothing but digits reaches the check.
            let code: String = asked.form.text("code").split(' ').collect();
            iam.sign_in_with_code(waiting, serial, &Secret::new(code), facts)
                .await
        }
        Some(Factor::RecoveryCode) => {
            let code = asked.form.secret("code");
            iam.sign_in_with_recovery_code(waiting, &code, facts).await
        }
        Some(Factor::SecurityKey { .. }) => {
            let response = asked.form.secret("response");
            iam.sign_in_with_security_key(waiting, response.expose(), facts)
                .await
        }
        None => Err(Refusal::Wrong),
    };
    match next {
        Ok(next) => go_on(asked, next).await,
        Err(Refusal::Wrong) => {
            let error = "That is not right. Wait for the next code and try again.";
            match FactorPage::new(&guest, &again, Some(error)).await {
                Ok(shown) => page_again(&shown),
                Err(refusal) => begin_again(&guest, &refusal),
            }
        }
        Err(refusal) => begin_again(&guest, &refusal),
    }
}

#[derive(Template)]
#[template(path = "new_password.html")]
struct NewPassword<'a> {
    frame: Frame,
    error: Option<&'a str>,
    /// Whether policies forbid the change.
    denied: bool,
    expired: bool,
    to: String,
}

impl<'a> NewPassword<'a> {
    fn new(guest: &Guest, expired: bool, error: Option<&'a str>) -> Self {
        Self {
            frame: Frame::guest(guest, "Choose another password"),
            error,
            denied: false,
            expired,
            to: to(&guest.asked),
        }
    }
}

/// The page that asks for another password.
pub(crate) async fn show_password(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let Some(cookie) = asked.cookie(Cookie::Password) else {
        return go("/signin");
    };
    match asked.iam().awaiting_password(cookie, &asked.facts).await {
        Ok(waiting) => page(&NewPassword::new(&guest, waiting.expired, None)),
        Err(refusal) => begin_again(&guest, &refusal),
    }
}

/// The step of another password.
pub(crate) async fn by_new_password(guest: Guest) -> Answer {
    let asked = &guest.asked;
    let (iam, facts) = (asked.iam(), &asked.facts);
    let cookie = asked.cookie(Cookie::Password).unwrap_or_default();
    let waiting = match iam.awaiting_password(cookie, facts).await {
        Ok(waiting) => waiting,
        Err(refusal) => return begin_again(&guest, &refusal),
    };
    let expired = waiting.expired;
    let [old, new, again] = ["old", "new", "again"].map(|name| asked.form.secret(name));
    if !new.matches(again.expose().as_bytes()) {
        let error = "The two new passwords are not the same.";
        return page_again(&NewPassword::new(&guest, expired, Some(error)));
    }
    match iam
        .sign_in_with_new_password(waiting, &old, &new, facts)
        .await
    {
        Ok(next) => go_on(asked, next).await,
        Err(Refusal::Fault(fault)) => {
            let error = fault_text(&fault);
            let mut shown = NewPassword::new(&guest, expired, Some(&error));
            shown.denied = fault.code() == Code::AccessDenied;
            page_again(&shown)
        }
        Err(refusal) => begin_again(&guest, &refusal),
    }
}

/// Out.
pub(crate) async fn sign_out(visit: Visit) -> Answer {
    let asked = &visit.asked;
    match asked.iam().sign_out(&visit.token, &asked.facts).await {
        Ok(()) | Err(Refusal::Over) => {}
        Err(Refusal::Fault(fault)) => return Err(Failure::Fault(fault)),
        Err(_) => return Err(Failure::SignIn),
    }
    let account = visit.at.person().account;
    Ok(with_cookies(
        go(&format!("/signin/{account}"))?,
        [asked.clear(Cookie::Session)],
    ))
}
