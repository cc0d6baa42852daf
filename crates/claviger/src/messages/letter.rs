//! Writing a message out: subject, text and HTML.
//!
//! SECURITY: names of users and of devices come from people. None of them stands in a subject or in any header, each is one
//! line wherever it stands, and HTML escapes it.

use askama::Template;
use claviger_iam::dispatch::{Dispatch, Says};
use claviger_iam::notice::{Holder, Notice};
use claviger_model::Timestamp;
use serde_json::{Value, json};

use super::words::{Language, Name};

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// What it is known by for ever.
    pub(super) id: String,
    /// When what it tells of happened.
    pub(super) at: Timestamp,
    pub(super) subject: String,
    /// What a text message says, which has room for no more.
    pub(super) said: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// Who writes.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    /// What the program is called.
    pub(crate) product: &'static str,
    /// Where people reach it.
    pub(crate) address: String,
    /// The language of those who chose none.
    pub(crate) language: Language,
}

struct Fact {
    name: &'static str,
    value: String,
}

struct Words {
    language: &'static str,
    subject: String,
    said: String,
    facts: Vec<Fact>,
    advice: String,
    place: String,
    signature: String,
}

#[derive(Template)]
#[template(path = "message/letter.txt")]
struct Text<'w> {
    letter: &'w Words,
}

#[derive(Template)]
#[template(path = "message/letter.html")]
struct Html<'w> {
    letter: &'w Words,
}

/// A value as one line.
fn line(value: &str) -> String {
    value
        .chars()
        .map(|character| match character {
            // Those that Unicode breaks lines at, and those that turn the direction of what follows.
            '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            character if character.is_control() => ' ',
            character => character,
        })
        .collect()
}

/// What a dispatch comes to in words.
struct Said<'d> {
    subject: &'static str,
    text: String,
    advice: &'static str,
    place: String,
    account: &'d str,
    user: Option<&'d str>,
}

impl<'d> Said<'d> {
    fn of(says: &'d Says, from: &Sender) -> Self {
        let language = from.language;
        match says {
            Says::Code(note) => Self {
                subject: language.code_subject(),
                text: language.code(note.code.expose(), from.product, note.minutes),
                advice: language.code_advice(),
                place: String::new(),
                account: &note.account,
                user: note.user.as_deref(),
            },
            Says::PasswordLink(note) => {
                let (address, token) = (&from.address, note.token.expose());
                let link = format!("{address}/signin/step/password-link?token={token}");
                Self {
                    subject: language.link_subject(),
                    text: language.link(from.product, &link, note.days),
                    advice: language.link_advice(),
                    place: String::new(),
                    account: &note.account,
                    user: Some(&note.user),
                }
            }
            Says::Password(note) => Self {
                subject: language.password_subject(),
                text: language.password(from.product, note.password.expose()),
                advice: language.password_advice(),
                place: language.door(&from.address, &note.account),
                account: &note.account,
                user: Some(&note.user),
            },
        }
    }
}

impl Letter {
    /// The letter that tells of a change of a credential.
    ///
    /// # Errors
    /// A template cannot be rendered.
    pub(super) fn of(id: &str, notice: &Notice, from: &Sender) -> askama::Result<Self> {
        let language = from.language;
        let said = language.changed(notice.credential, notice.change);
        let user = match &notice.holder {
            Holder::User { name, .. } => line(name),
            Holder::Root => language.root().to_owned(),
        };
        let mut facts = vec![
            (Name::Account, notice.account.to_string()),
            (Name::User, user),
        ];
        facts.extend(notice.id.as_ref().map(|id| (Name::Id, line(id))));
        facts.extend([
            (Name::By, line(&notice.by)),
            (Name::From, line(&notice.source_ip)),
            (Name::At, notice.at.to_string()),
        ]);
        Self::write(
            id,
            notice.at,
            &Words {
                language: language.tag(),
                subject: format!("{}: {said} ({})", from.product, notice.account),
                said,
                facts: facts
                    .into_iter()
                    .map(|(name, value)| Fact {
                        name: language.name(name),
                        value,
                    })
                    .collect(),
                advice: language.advice().to_owned(),
                place: language.place(&from.address),
                signature: language.signature(from.product, &from.address),
            },
        )
    }

    /// What one address alone is told.
    ///
    /// # Errors
    /// A template cannot be rendered.
    pub(super) fn dispatched(id: &str, dispatch: &Dispatch, from: &Sender) -> askama::Result<Self> {
        let language = from.language;
        let said = Said::of(&dispatch.says, from);
        let facts = [
            (Name::Account, line(said.account)),
            (
                Name::User,
                said.user.map_or_else(|| language.root().to_owned(), line),
            ),
            (Name::At, dispatch.at.to_string()),
        ];
        Self::write(
            id,
            dispatch.at,
            &Words {
                language: language.tag(),
                // Nothing secret is part of it: subjects are shown on locked screens.
                subject: format!("{}: {}", from.product, said.subject),
                said: said.text,
                facts: facts
                    .into_iter()
                    .map(|(name, value)| Fact {
                        name: language.name(name),
                        value,
                    })
                    .collect(),
                advice: said.advice.to_owned(),
                place: said.place,
                signature: language.signature(from.product, &from.address),
            },
        )
    }

    /// A letter that only shows that letters arrive.
    ///
    /// # Errors
    /// A template cannot be rendered.
    pub(crate) fn test(id: &str, at: Timestamp, from: &Sender) -> askama::Result<Self> {
        let language = from.language;
        let (subject, said) = language.test(from.product, &from.address);
        Self::write(
            id,
            at,
            &Words {
                language: language.tag(),
                subject,
                said,
                facts: vec![Fact {
                    name: language.name(Name::At),
                    value: at.to_string(),
                }],
                advice: String::new(),
                place: String::new(),
                signature: language.signature(from.product, &from.address),
            },
        )
    }

    fn write(id: &str, at: Timestamp, words: &Words) -> askama::Result<Self> {
        Ok(Self {
            id: id.to_owned(),
            at,
            subject: line(&words.subject),
            said: words.said.clone(),
            text: Text { letter: words }.render()?,
            html: Html { letter: words }.render()?,
        })
    }

    /// The letter as it is kept in a file.
    pub(super) fn json(&self, to: Option<&str>) -> Value {
        json!({
            "id": self.id,
            "channel": "email",
            "at": self.at.to_string(),
            "to": to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
        })
    }
}

#[cfg(test)]
mod tests {
    use claviger_iam::dispatch::{CodeNote, LinkNote, PasswordNote};
    use claviger_iam::entity::contact::Address;
    use claviger_iam::notice::{Change, Credential};
    use claviger_model::{AccountId, EmailAddress, Scalar as _, Secret};

    use super::*;

    fn sender(language: Language) -> Sender {
        Sender {
            product: "Claviger",
            address: String::from("https://iam.example.com"),
            language,
        }
    }

    fn notice(name: &str, id: &str) -> Notice {
        Notice {
            holder: Holder::User {
                id: String::from("AIDA1"),
                name: name.to_owned(),
            },
            account: AccountId::parse("123456789012").unwrap(),
            to: None,
            credential: Credential::MfaDevice,
            id: Some(id.to_owned()),
            change: Change::Made,
            operation: String::from("EnableMFADevice"),
            by: String::from("arn:aws:iam::123456789012:user/x"),
            source_ip: String::from("203.0.113.7"),
            at: Timestamp::from_seconds(1_767_323_045),
        }
    }

    #[test]
    fn a_letter_says_what_which_by_whom_from_where_and_when_in_both_languages() {
        for ((_, language), said) in Language::ALL
            .into_iter()
            .zip(["An MFA device of yours was assigned", "您的MFA 设备已绑定"])
        {
            let letter =
                Letter::of("1", &notice("alice", "arn:mfa/phone"), &sender(language)).unwrap();
            assert_eq!(letter.subject, format!("Claviger: {said} (123456789012)"));
            for body in [&letter.text, &letter.html] {
                for fact in [
                    said,
                    "alice",
                    "arn:mfa/phone",
                    "arn:aws:iam::123456789012:user/x",
                    "203.0.113.7",
                    "2026-01-02T03:04:05Z",
                    "https://iam.example.com/console/credentials",
                ] {
                    assert!(body.contains(fact), "{fact}: {body}");
                }
            }
        }
    }

    #[test]
    fn a_code_stands_in_the_text_and_not_in_the_subject() {
        let evil = "<b>\r\nBcc: x";
        let dispatch = |user: Option<&str>| Dispatch {
            to: Address::Email(EmailAddress::parse("alice@example.com").unwrap()),
            at: Timestamp::from_seconds(1_767_323_045),
            until: Timestamp::from_seconds(1_767_323_645),
            says: Says::Code(CodeNote {
                code: Secret::new(String::from("271828")),
                minutes: 10,
                account: String::from("acme"),
                user: user.map(str::to_owned),
            }),
        };
        for (_, language) in Language::ALL {
            let letter = Letter::dispatched("1", &dispatch(Some(evil)), &sender(language)).unwrap();
            assert!(!letter.subject.contains("271828"), "{}", letter.subject);
            for body in [&letter.text, &letter.html] {
                assert!(body.contains("271828") && body.contains("acme"), "{body}");
                assert!(body.lines().all(|line| !line.starts_with("Bcc")), "{body}");
            }
            assert!(!letter.html.contains("<b>"), "{}", letter.html);
            let of_root = Letter::dispatched("1", &dispatch(None), &sender(language)).unwrap();
            assert!(of_root.text.contains(language.root()));
        }
    }

    #[test]
    fn a_link_and_a_password_stand_in_the_text_and_not_in_the_subject() {
        let secret = || Secret::new(String::from("q1-w2_E3"));
        let says = [
            Says::PasswordLink(LinkNote {
                token: secret(),
                days: 7,
                account: String::from("acme"),
                user: String::from("<b>\r\nBcc: x"),
            }),
            Says::Password(PasswordNote {
                password: secret(),
                account: String::from("acme"),
                user: String::from("<b>\r\nBcc: x"),
            }),
        ];
        for says in says {
            let dispatch = Dispatch {
                to: Address::Email(EmailAddress::parse("alice@example.com").unwrap()),
                at: Timestamp::from_seconds(1_767_323_045),
                until: Timestamp::from_seconds(1_767_323_645),
                says,
            };
            for (_, language) in Language::ALL {
                let letter = Letter::dispatched("1", &dispatch, &sender(language)).unwrap();
                assert!(!letter.subject.contains("q1-w2_E3"), "{}", letter.subject);
                for body in [&letter.text, &letter.html] {
                    assert!(body.contains("q1-w2_E3") && body.contains("acme"), "{body}");
                    assert!(body.lines().all(|line| !line.starts_with("Bcc")), "{body}");
                }
                assert!(!letter.html.contains("<b>"), "{}", letter.html);
            }
            let debug = format!("{dispatch:?}");
            assert!(!debug.contains("q1-w2_E3"), "{debug}");
        }
    }

    #[test]
    fn every_change_of_every_credential_is_said_in_its_own_words() {
        let mut said = std::collections::BTreeSet::new();
        let credentials = [
            Credential::Password,
            Credential::AccessKey,
            Credential::MfaDevice,
            Credential::SshPublicKey,
            Credential::SigningCertificate,
            Credential::ServiceSpecificCredential,
            Credential::RecoveryCodes,
            Credential::EmailAddress,
            Credential::MobileNumber,
            Credential::LoginProtection,
            Credential::PasswordLink,
            Credential::ConsoleSignIn,
        ];
        for (_, language) in Language::ALL {
            for credential in credentials {
                for change in [Change::Made, Change::Changed, Change::Removed] {
                    assert!(said.insert(language.changed(credential, change)));
                }
            }
        }
    }

    #[test]
    fn names_of_peoples_choice_break_out_of_nothing() {
        let evil = "<b>x</b>\r\nBcc: all@example.com\r\n\r\n\u{2028}--\u{202e}&";
        for (_, language) in Language::ALL {
            let letter = Letter::of("1", &notice(evil, evil), &sender(language)).unwrap();
            assert!(!letter.subject.contains("Bcc") && !letter.subject.contains('\n'));
            assert!(!letter.html.contains("<b>"), "{}", letter.html);
            for text in [&letter.text, &letter.html] {
                assert!(text.lines().all(|line| !line.starts_with("Bcc")), "{text}");
                assert!(!text.contains(['\r', '\u{2028}', '\u{202e}']), "{text:?}");
            }
        }
    }
}
