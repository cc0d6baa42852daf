//! The credential of a request: whose key, for which scope.

use std::borrow::Cow;

use super::SignatureError;

/// Which key a credential names: the day, the region and the service. Together with the access key id it is what a
/// [`SigningKey`](super::SigningKey) is cached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope<'a> {
    /// `YYYYMMDD`.
    pub date: &'a str,
    /// The region, as the client has it.
    pub region: &'a str,
    /// The service.
    pub service: &'a str,
}

/// `keyid/date/region/service/terminator`, visible ASCII, with the places of its slashes.
pub(super) struct Credential<'a> {
    text: Cow<'a, str>,
    slashes: [usize; 4],
}

impl<'a> Credential<'a> {
    pub(super) fn parse(text: Cow<'a, str>) -> Result<Self, SignatureError> {
        let mut slashes = [0; 4];
        let mut found = 0;
        for at in memchr::memchr_iter(b'/', text.as_bytes()) {
            if let Some(slash) = slashes.get_mut(found) {
                *slash = at;
            }
            found += 1;
        }
        // A line break in the scope could shift the lines of the string to sign.
        let visible = text.bytes().fold(true, |all, b| all & b.is_ascii_graphic());
        if found == 4 && visible {
            Ok(Self { text, slashes })
        } else {
            Err(SignatureError::Credential {
                credential: told_back(&text).into(),
            })
        }
    }

    /// What stands before the first slash.
    pub(super) fn access_key_id(&self) -> &str {
        self.part(0, self.slashes[0])
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        let [first, second, third, fourth] = self.slashes;
        Scope {
            date: self.part(first + 1, second),
            region: self.part(second + 1, third),
            service: self.part(third + 1, fourth),
        }
    }

    pub(super) fn terminator(&self) -> &str {
        self.part(self.slashes[3] + 1, self.text.len())
    }

    /// All but the key id, as the string to sign has it.
    pub(super) fn scope_text(&self) -> &str {
        self.part(self.slashes[0] + 1, self.text.len())
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}

/// A malformed credential for the client to see. Secrets hold slashes and get pasted for key ids, so what does not look
/// like a key id is masked.
fn told_back(text: &str) -> String {
    let id = text.split('/').next().unwrap_or_default();
    let elements = text.split('/').count();
    if elements <= 5 && id.len() <= 32 && text.len() <= 256 {
        return text.escape_default().to_string();
    }
    let skipped = elements.saturating_sub(4);
    let rest: Vec<&str> = text.split('/').skip(skipped.max(1)).collect();
    let rest = rest.join("/");
    let end: String = rest.chars().take(128).collect();
    format!("***/{}", end.escape_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        Credential::parse(Cow::Borrowed(text))
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_credential_has_five_parts() {
        let credential = Credential::parse(Cow::Borrowed("AKID/20260102/r/iam/aws4_request"))
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(credential.access_key_id(), "AKID");
        assert_eq!(
            credential.scope(),
            Scope {
                date: "20260102",
                region: "r",
                service: "iam"
            }
        );
        assert_eq!(credential.terminator(), "aws4_request");
        assert_eq!(credential.scope_text(), "20260102/r/iam/aws4_request");
        for bad in [
            "",
            "a",
            "a/b/c/d",
            "a/b/c/d/e/f",
            "a/b/c\n/d/e",
            "a/b/ü/d/e",
            "a b/c/d/e/f",
        ] {
            assert!(Credential::parse(Cow::Borrowed(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_in_the_place_of_the_key_id_is_not_told_back() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let text = told(&format!("{secret}/20260102/us-east-1/iam/aws4_request"));
        assert!(
            text.ends_with("got '***/20260102/us-east-1/iam/aws4_request'"),
            "{text}"
        );
        assert_eq!(
            told("AKID/20260102/us-east-1/iam"),
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             'AKID/20260102/us-east-1/iam'"
        );
    }
}
