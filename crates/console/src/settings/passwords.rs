//! The rules for passwords.

use claviger_iam::Fault;
use claviger_iam::operation::password_policy::{
    DeleteAccountPasswordPolicy, GetAccountPasswordPolicy, PasswordPolicyShape,
    UpdateAccountPasswordPolicy,
};
use claviger_iam::operation::password_rules::{GetPasswordRules, SetPasswordRules};
use claviger_model::Code;

use crate::door::Visit;
use crate::field::{read, read_filled};

/// The rules, as the form shows them: as typed, or as they are.
pub(super) struct Passwords {
    /// Whether the account has rules of its own.
    pub(super) custom: bool,
    pub(super) length: String,
    pub(super) upper: bool,
    pub(super) lower: bool,
    pub(super) numbers: bool,
    pub(super) symbols: bool,
    pub(super) expire: bool,
    pub(super) days: String,
    pub(super) hard: bool,
    pub(super) change: bool,
    pub(super) no_reuse: bool,
    pub(super) remembered: String,
    pub(super) more: More,
}

/// The rules that AWS has none of.
pub(super) struct More {
    pub(super) kinds: String,
    pub(super) run: String,
    pub(super) age: String,
    pub(super) not_name: bool,
    pub(super) not_contacts: bool,
}

impl More {
    async fn held(visit: &Visit) -> Result<Self, Fault> {
        let held = visit.call(&GetPasswordRules {}).await?;
        Ok(Self {
            kinds: if held.has_policy {
                held.required_character_kinds.to_string()
            } else {
                String::from("0")
            },
            run: held.maximum_identical_run.to_string(),
            age: held.minimum_password_age_minutes.to_string(),
            not_name: held.refuse_user_name,
            not_contacts: held.refuse_contacts,
        })
    }

    fn typed(visit: &Visit) -> Self {
        let form = &visit.asked.form;
        Self {
            kinds: form.text("kinds").to_owned(),
            run: form.text("run").to_owned(),
            age: form.text("age").to_owned(),
            not_name: form.ticked("not-name"),
            not_contacts: form.ticked("not-contacts"),
        }
    }
}

impl Passwords {
    pub(super) async fn read(visit: &Visit) -> Result<Self, Fault> {
        let held = match visit.call(&GetAccountPasswordPolicy {}).await {
            Ok(held) => Some(held.password_policy),
            Err(fault) if fault.code() == Code::NoSuchEntity => None,
            Err(fault) => return Err(fault),
        };
        let custom = held.is_some();
        if visit.asked.form.text("do") == "password-policy" {
            return Ok(Self::typed(visit, custom));
        }
        let more = More::held(visit).await?;
        Ok(match held {
            Some(held) => Self::held(&held, more),
            None => Self::suggested(more),
        })
    }

    /// What the form begins with where the account has no rules of its own.
    fn suggested(more: More) -> Self {
        Self {
            custom: false,
            length: String::from("8"),
            upper: true,
            lower: true,
            numbers: true,
            symbols: true,
            expire: false,
            days: String::from("90"),
            hard: false,
            change: true,
            no_reuse: false,
            remembered: String::from("5"),
            more,
        }
    }

    fn held(held: &PasswordPolicyShape, more: More) -> Self {
        let or = |number: Option<i32>, other: &str| {
            number.map_or_else(|| other.to_owned(), |number| number.to_string())
        };
        Self {
            custom: true,
            length: held.minimum_password_length.to_string(),
            upper: held.require_uppercase_characters,
            lower: held.require_lowercase_characters,
            numbers: held.require_numbers,
            symbols: held.require_symbols,
            expire: held.expire_passwords,
            days: or(held.max_password_age, "90"),
            hard: held.hard_expiry.unwrap_or(false),
            change: held.allow_users_to_change_password,
            no_reuse: held.password_reuse_prevention.is_some(),
            remembered: or(held.password_reuse_prevention, "5"),
            more,
        }
    }

    fn typed(visit: &Visit, custom: bool) -> Self {
        let form = &visit.asked.form;
        Self {
            custom,
            length: form.text("length").to_owned(),
            upper: form.ticked("upper"),
            lower: form.ticked("lower"),
            numbers: form.ticked("numbers"),
            symbols: form.ticked("symbols"),
            expire: form.ticked("expire"),
            days: form.text("days").to_owned(),
            hard: form.ticked("hard"),
            change: form.ticked("change"),
            no_reuse: form.ticked("no-reuse"),
            remembered: form.text("remembered").to_owned(),
            more: More::typed(visit),
        }
    }
}

/// Gives the account rules of its own.
pub(super) async fn save(visit: &Visit) -> Result<&'static str, Fault> {
    let form = &visit.asked.form;
    // What belongs to a box that is not ticked is not meant.
    let where_ticked = |tick: &str, name: &str| {
        let text = form.text(name).to_owned();
        form.ticked(tick).then_some(text)
    };
    let days = where_ticked("expire", "days");
    let remembered = where_ticked("no-reuse", "remembered");
    let update = UpdateAccountPasswordPolicy {
        minimum_password_length: Some(read(form.text("length"), "The minimum length")?),
        require_symbols: Some(form.ticked("symbols")),
        require_numbers: Some(form.ticked("numbers")),
        require_uppercase_characters: Some(form.ticked("upper")),
        require_lowercase_characters: Some(form.ticked("lower")),
        allow_users_to_change_password: Some(form.ticked("change")),
        password_reuse_prevention: read_filled(
            remembered.as_deref(),
            "The number of passwords remembered",
        )?,
        max_password_age: read_filled(days.as_deref(), "The number of days")?,
        hard_expiry: Some(form.ticked("expire") && form.ticked("hard")),
    };
    let more = SetPasswordRules {
        minimum_password_length: None,
        required_character_kinds: Some(read(form.text("kinds"), "The number of kinds")?),
        maximum_identical_run: Some(read(form.text("run"), "The number of equal characters")?),
        minimum_password_age_minutes: Some(read(form.text("age"), "The number of minutes")?),
        refuse_user_name: Some(form.ticked("not-name")),
        refuse_contacts: Some(form.ticked("not-contacts")),
        password_reuse_prevention: None,
        max_password_age: None,
        allow_users_to_change_password: None,
    };
    visit.call(&update).await?;
    visit.call(&more).await.map(|_| "settings-saved")
}

/// Takes the account's own rules away.
pub(super) async fn back_to_default(visit: &Visit) -> Result<&'static str, Fault> {
    visit
        .call(&DeleteAccountPasswordPolicy {})
        .await
        .map(|_| "password-default")
}
