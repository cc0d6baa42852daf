//! The report's lines, byte for byte.
//!
//! COMPAT: lines end in a line feed, the last in nothing; what holds a comma, a quotation mark or the end of a line is
//! quoted (RFC 4180, section 2), and nothing else is. A value that a spreadsheet would take for a formula stands as it is:
//! programs compare it with what the API calls the user, and who opens the report in a spreadsheet must import it as text.

use std::fmt::Write as _;

use claviger_model::Timestamp;
use claviger_store::Mark;

use crate::entity::{AccessKey, Status};

/// The columns that AWS answers. The guide also names `additional_credentials_info`, which tells of keys and certificates
/// beyond two; AWS leaves it out where nobody has any. It is left out here also where an account has opted for more keys:
/// readers know these columns, and `ListAccessKeyDetails` tells of every key.
const COLUMNS: [&str; 22] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];

/// What does not apply.
const NOT_APPLICABLE: &str = "N/A";
/// What a user could have done and never did.
const NO_INFORMATION: &str = "no_information";
/// What is not told of root.
const NOT_SUPPORTED: &str = "not_supported";

/// A password, as far as the report tells of it.
pub(super) enum Password {
    /// There is none.
    None,
    /// Root's, of which little is told.
    Root { used: Option<Timestamp> },
    /// There is one.
    Set {
        used: Option<Timestamp>,
        changed: Timestamp,
        expires: Option<Timestamp>,
    },
}

/// An access key.
pub(super) struct Key {
    active: bool,
    created: Timestamp,
    used: Option<Mark>,
}

impl Key {
    pub(super) fn new(key: &AccessKey, now: Timestamp, used: Option<Mark>) -> Self {
        Self {
            active: key.status_at(now) == Status::Active,
            created: key.created,
            used,
        }
    }
}

/// A signing certificate.
pub(super) struct Certificate {
    pub(super) active: bool,
    pub(super) uploaded: Timestamp,
}

/// What one line tells.
pub(super) struct Line<'l> {
    pub(super) name: &'l str,
    pub(super) arn: &'l str,
    pub(super) created: Timestamp,
    pub(super) password: Password,
    pub(super) mfa: bool,
    pub(super) keys: &'l [Key],
    pub(super) certificates: &'l [Certificate],
}

/// Writes the names of the columns.
pub(super) fn header(to: &mut String) {
    to.push_str(&COLUMNS.join(","));
}

/// Writes a line behind what is there.
pub(super) fn line(line: &Line<'_>, to: &mut String) {
    to.push('\n');
    quoted(line.name, to);
    let mut fields = Fields(to);
    fields.text(line.arn);
    fields.date(line.created);
    match &line.password {
        Password::None => {
            fields.flag(false);
            for _ in 0..3 {
                fields.text(NOT_APPLICABLE);
            }
        }
        Password::Root { used } => {
            fields.text(NOT_SUPPORTED);
            fields.date_or(*used, NO_INFORMATION);
            fields.text(NOT_SUPPORTED);
            fields.text(NOT_SUPPORTED);
        }
        Password::Set {
            used,
            changed,
            expires,
        } => {
            fields.flag(true);
            fields.date_or(*used, NO_INFORMATION);
            fields.date(*changed);
            fields.date_or(*expires, NOT_APPLICABLE);
        }
    }
    fields.flag(line.mfa);
    for place in 0..2 {
        fields.key(line.keys.get(place));
    }
    for place in 0..2 {
        let certificate = line.certificates.get(place);
        fields.flag(certificate.is_some_and(|certificate| certificate.active));
        fields.date_or(
            certificate.map(|certificate| certificate.uploaded),
            NOT_APPLICABLE,
        );
    }
}

/// The fields behind the first.
struct Fields<'t>(&'t mut String);

impl Fields<'_> {
    fn text(&mut self, text: &str) {
        self.0.push(',');
        quoted(text, self.0);
    }

    fn flag(&mut self, flag: bool) {
        self.text(if flag { "true" } else { "false" });
    }

    /// COMPAT: AWS has written both `Z` and `+00:00`; well-known readers take the latter alone.
    fn date(&mut self, at: Timestamp) {
        let c = at.civil();
        // Writing into a string does not fail.
        let _ = write!(
            self.0,
            ",{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        );
    }

    fn date_or(&mut self, at: Option<Timestamp>, otherwise: &str) {
        match at {
            Some(at) => self.date(at),
            None => self.text(otherwise),
        }
    }

    fn key(&mut self, key: Option<&Key>) {
        self.flag(key.is_some_and(|key| key.active));
        self.date_or(key.map(|key| key.created), NOT_APPLICABLE);
        let used = key.and_then(|key| key.used.as_ref());
        self.date_or(
            used.map(|mark| Timestamp::from_micros(mark.value)),
            NOT_APPLICABLE,
        );
        // A mark's detail is the region and the service, with a space between.
        let (region, service) = used
            .and_then(|mark| mark.detail.split_once(' '))
            .unwrap_or_default();
        for known in [region, service] {
            self.text(if known.is_empty() {
                NOT_APPLICABLE
            } else {
                known
            });
        }
    }
}

fn quoted(text: &str, to: &mut String) {
    if !text.contains([',', '"', '\n', '\r']) {
        to.push_str(text);
        return;
    }
    to.push('"');
    for piece in text.split_inclusive('"') {
        to.push_str(piece);
        if piece.ends_with('"') {
            to.push('"');
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_767_323_045 + seconds)
    }

    fn written(line: &Line<'_>) -> String {
        let mut text = String::new();
        super::line(line, &mut text);
        text
    }

    #[test]
    fn every_line_has_a_field_for_every_column() {
        for password in [
            Password::None,
            Password::Root { used: None },
            Password::Set {
                used: None,
                changed: at(0),
                expires: None,
            },
        ] {
            let line = written(&Line {
                name: "alice",
                arn: "arn:aws:iam::123456789012:user/alice",
                created: at(0),
                password,
                mfa: false,
                keys: &[],
                certificates: &[],
            });
            assert_eq!(line.split(',').count(), COLUMNS.len(), "{line}");
        }
    }

    #[test]
    fn a_line_tells_of_every_credential() {
        let used = Mark {
            value: at(60).micros(),
            detail: String::from("eu-central-1 sts"),
        };
        let keys = [
            Key {
                active: true,
                created: at(1),
                used: Some(used),
            },
            Key {
                active: false,
                created: at(2),
                used: None,
            },
        ];
        let certificates = [
            Certificate {
                active: false,
                uploaded: at(3),
            },
            Certificate {
                active: true,
                uploaded: at(4),
            },
        ];
        let line = written(&Line {
            name: "alice",
            arn: "arn:aws:iam::123456789012:user/alice",
            created: at(0),
            password: Password::Set {
                used: Some(at(10)),
                changed: at(5),
                expires: Some(at(86_405)),
            },
            mfa: true,
            keys: &keys,
            certificates: &certificates,
        });
        assert_eq!(
            line,
            "\nalice,arn:aws:iam::123456789012:user/alice,2026-01-02T03:04:05+00:00,\
             true,2026-01-02T03:04:15+00:00,2026-01-02T03:04:10+00:00,2026-01-03T03:04:10+00:00,true,\
             true,2026-01-02T03:04:06+00:00,2026-01-02T03:05:05+00:00,eu-central-1,sts,\
             false,2026-01-02T03:04:07+00:00,N/A,N/A,N/A,\
             false,2026-01-02T03:04:08+00:00,true,2026-01-02T03:04:09+00:00"
        );
    }

    #[test]
    fn only_what_must_be_quoted_is() {
        for (text, expected) in [
            ("=SUM(1)", "=SUM(1)"),
            ("+a@b-c", "+a@b-c"),
            ("a,b", "\"a,b\""),
            ("/a\"b\"/", "\"/a\"\"b\"\"/\""),
            ("\"", "\"\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("", ""),
        ] {
            let mut written = String::new();
            quoted(text, &mut written);
            assert_eq!(written, expected);
        }
    }
}
