//! The credential of a request: whose key, for which scope.

use std::borrow::Cow;

use claviger_model::Secret;

use crate::key::SigningKey;
use crate::sdk_hmac;

/// How a key is made of a secret. Keys of two schemes are never the same, even for one day, region and service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// AWS Signature Version 4.
    SigV4,
    /// SDK-HMAC-SHA256 as Huawei Cloud's SDKs speak it: the secret is the key.
    SdkAccess,
    /// SDK-HMAC-SHA256 as Open Telekom Cloud's Go client speaks it: a key for a day, a region and a service.
    SdkCredential,
    /// V11-HMAC-SHA256: the key of an SDK that was told to derive one.
    V11,
}

/// Which key a credential names: the scheme, the day, the region and the service. Together with the access key id it is
/// what a [`SigningKey`] is cached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope<'a> {
    /// How the key is made.
    pub scheme: Scheme,
    /// `YYYYMMDD`; empty where the scheme's keys are good for every day.
    pub date: &'a str,
    /// The region, as the client has it.
    pub region: &'a str,
    /// The service.
    pub service: &'a str,
}

impl Scope<'_> {
    /// Derives the key of a secret for this scope. Whatever the texts are, a key comes out; one for a scope that nobody
    /// presents verifies nothing.
    #[must_use]
    pub fn derive(&self, access_key_id: &str, secret: &Secret<String>) -> SigningKey {
        let Self {
            scheme,
            date,
            region,
            service,
        } = *self;
        match scheme {
            Scheme::SigV4 => SigningKey::derive(secret, date, region, service),
            Scheme::SdkAccess => SigningKey::plain(secret),
            Scheme::SdkCredential => {
                SigningKey::chain("SDK", secret, [date, region, service, sdk_hmac::TERMINATOR])
            }
            Scheme::V11 => SigningKey::extracted(access_key_id, secret, [date, region, service]),
        }
    }
}

/// `keyid/date/region/service`, with or without `/terminator`, visible ASCII, with the places of its slashes.
pub(crate) struct Credential<'a> {
    text: Cow<'a, str>,
    scheme: Scheme,
    slashes: [usize; 4],
}

impl<'a> Credential<'a> {
    /// The credential, or `None` where it does not have as many parts as the scheme's do.
    pub(crate) fn parse(scheme: Scheme, text: Cow<'a, str>) -> Result<Self, Cow<'a, str>> {
        let wanted = match scheme {
            Scheme::SigV4 | Scheme::SdkCredential => 4,
            Scheme::V11 => 3,
            Scheme::SdkAccess => 0,
        };
        // The parts that a scheme does not have are empty, behind the end.
        let mut slashes = [text.len(); 4];
        let mut found = 0;
        for at in memchr::memchr_iter(b'/', text.as_bytes()) {
            if let Some(slash) = slashes.get_mut(found) {
                *slash = at;
            }
            found += 1;
        }
        // A line break in the scope could shift the lines of the string to sign.
        let visible = text.bytes().fold(true, |all, b| all & b.is_ascii_graphic());
        if found == wanted && visible {
            Ok(Self {
                text,
                scheme,
                slashes,
            })
        } else {
            Err(text)
        }
    }

    /// What stands before the first slash.
    pub(crate) fn access_key_id(&self) -> &str {
        self.part(0, self.slashes[0])
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        let [first, second, third, fourth] = self.slashes;
        Scope {
            scheme: self.scheme,
            date: self.part(first + 1, second),
            region: self.part(second + 1, third),
            service: self.part(third + 1, fourth),
        }
    }

    pub(crate) fn terminator(&self) -> &str {
        self.part(self.slashes[3] + 1, self.text.len())
    }

    /// All but the key id, as the string to sign has it.
    pub(crate) fn scope_text(&self) -> &str {
        self.part(self.slashes[0] + 1, self.text.len())
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(scheme: Scheme, text: &str) -> Option<Credential<'_>> {
        Credential::parse(scheme, Cow::Borrowed(text)).ok()
    }

    #[test]
    fn a_credential_has_as_many_parts_as_its_scheme_says() {
        let credential = parse(Scheme::SigV4, "AKID/20260102/r/iam/aws4_request").expect("five");
        assert_eq!(credential.access_key_id(), "AKID");
        assert_eq!(
            credential.scope(),
            Scope {
                scheme: Scheme::SigV4,
                date: "20260102",
                region: "r",
                service: "iam"
            }
        );
        assert_eq!(credential.terminator(), "aws4_request");
        assert_eq!(credential.scope_text(), "20260102/r/iam/aws4_request");
        let credential = parse(Scheme::V11, "AKID/20260102/globe/iam").expect("four");
        assert_eq!(credential.access_key_id(), "AKID");
        assert_eq!(credential.scope().region, "globe");
        assert_eq!(credential.scope().service, "iam");
        assert_eq!(credential.terminator(), "");
        assert_eq!(credential.scope_text(), "20260102/globe/iam");
        let credential = parse(Scheme::SdkAccess, "AKID").expect("one");
        assert_eq!(credential.access_key_id(), "AKID");
        assert_eq!(credential.scope().date, "");
        assert_eq!(credential.scope_text(), "");
        for bad in [
            "",
            "a",
            "a/b/c/d",
            "a/b/c/d/e/f",
            "a/b/c\n/d/e",
            "a/b/ü/d/e",
            "a b/c/d/e/f",
        ] {
            assert!(parse(Scheme::SigV4, bad).is_none(), "{bad}");
            assert!(parse(Scheme::SdkCredential, bad).is_none(), "{bad}");
        }
        for bad in ["", "a/b/c", "a/b/c/d/e", "a/b /c/d"] {
            assert!(parse(Scheme::V11, bad).is_none(), "{bad}");
        }
        for bad in ["a/b", "a b", "a\n"] {
            assert!(parse(Scheme::SdkAccess, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn no_two_schemes_make_the_same_key() {
        use hmac::Mac as _;

        let secret = Secret::new(String::from("a secret"));
        let macs: Vec<_> = [
            Scheme::SigV4,
            Scheme::SdkAccess,
            Scheme::SdkCredential,
            Scheme::V11,
        ]
        .into_iter()
        .map(|scheme| {
            let scope = Scope {
                scheme,
                date: "20260102",
                region: "globe",
                service: "iam",
            };
            scope.derive("AKID", &secret).mac().finalize().into_bytes()
        })
        .collect();
        for (at, mac) in macs.iter().enumerate() {
            assert!(!macs[..at].contains(mac), "{at}");
        }
    }
}
