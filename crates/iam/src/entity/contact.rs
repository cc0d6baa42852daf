//! Where users and root are reached: an e-mail address and a mobile number each, unique on this server.

use claviger_model::{EmailAddress, MobileNumber, Timestamp};
use claviger_store::Entries;

use super::index::{EMAILS, MOBILES};

/// An address of one kind or the other.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Address {
    /// An e-mail address.
    Email(EmailAddress),
    /// A mobile number.
    Mobile(MobileNumber),
}

impl Address {
    /// The form in which addresses of its kind are compared.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Email(email) => email.key(),
            Self::Mobile(mobile) => mobile.e164().into_bytes(),
        }
    }

    /// The address as far as somebody is shown it who may not know it: enough to tell one's own again.
    #[must_use]
    pub fn masked(&self) -> String {
        let text = self.as_str();
        match (self, text.split_once('@')) {
            (Self::Email(_), Some((name, host))) => {
                let first: String = name.chars().take(1).collect();
                format!("{first}***@{host}")
            }
            _ => {
                let hidden = text.chars().count().saturating_sub(2);
                let last: String = text.chars().skip(hidden).collect();
                format!("***{last}")
            }
        }
    }

    /// The address as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Mobile(mobile) => mobile.as_str(),
        }
    }
}

/// An address of somebody, and whether it was shown to be that person's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact<T> {
    /// The address.
    pub address: T,
    /// Since when it is there.
    pub since: Timestamp,
    /// When a code that was sent there came back; absent where somebody else has set it.
    pub verified: Option<Timestamp>,
}

/// Where a user or root is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contacts {
    /// The e-mail address. Root's is what root signs in with, and stands here once it is verified.
    #[serde(default)]
    pub email: Option<Contact<EmailAddress>>,
    /// The mobile number.
    #[serde(default)]
    pub mobile: Option<Contact<MobileNumber>>,
    /// Raised with every change: a code that was sent before is worth nothing after.
    #[serde(default)]
    pub changes: u64,
}

impl Contacts {
    /// Sets an address. One that is there already keeps what is known of it.
    pub fn set(&mut self, address: Address, now: Timestamp) {
        self.changes += 1;
        match address {
            Address::Email(email) => set(&mut self.email, email, now, |one, other| {
                one.key() == other.key()
            }),
            Address::Mobile(mobile) => set(&mut self.mobile, mobile, now, |one, other| {
                one.e164() == other.e164()
            }),
        }
    }

    /// Sets an address that was shown to be the holder's.
    pub fn verify(&mut self, address: Address, now: Timestamp) {
        self.set(address.clone(), now);
        match address {
            Address::Email(_) => mark(&mut self.email, now),
            Address::Mobile(_) => mark(&mut self.mobile, now),
        }
    }

    /// The index entries that keep an address from being somebody else's too.
    pub fn entries(&self, out: &mut Entries) {
        if let Some(email) = &self.email {
            out.unique(&EMAILS, email.address.key());
        }
        if let Some(mobile) = &self.mobile {
            out.unique(&MOBILES, mobile.address.e164().as_bytes());
        }
    }
}

fn set<T>(
    slot: &mut Option<Contact<T>>,
    address: T,
    now: Timestamp,
    is_same: impl Fn(&T, &T) -> bool,
) {
    match slot {
        Some(contact) if is_same(&contact.address, &address) => contact.address = address,
        _ => {
            *slot = Some(Contact {
                address,
                since: now,
                verified: None,
            });
        }
    }
}

fn mark<T>(slot: &mut Option<Contact<T>>, now: Timestamp) {
    if let Some(contact) = slot {
        contact.verified = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar;

    use super::*;

    fn email(text: &str) -> Address {
        Address::Email(EmailAddress::parse(text).expect("an address"))
    }

    #[test]
    fn another_address_is_not_verified_by_what_verified_the_last() {
        let at = |second| Timestamp::from_seconds(second);
        let mut contacts = Contacts::default();
        contacts.verify(email("a@example.com"), at(1));
        assert_eq!(contacts.email.as_ref().expect("one").verified, Some(at(1)));
        contacts.set(email("A@example.com"), at(2));
        let kept = contacts.email.clone().expect("one");
        assert_eq!((kept.verified, kept.since), (Some(at(1)), at(1)));
        contacts.set(email("b@example.com"), at(3));
        let new = contacts.email.clone().expect("one");
        assert_eq!((new.verified, new.since), (None, at(3)));
        assert_eq!(contacts.changes, 3);
    }

    #[test]
    fn a_number_that_is_grouped_otherwise_is_the_same() {
        let mobile = |text| Address::Mobile(MobileNumber::parse(text).expect("a number"));
        let mut contacts = Contacts::default();
        contacts.verify(mobile("+1684-5551234"), Timestamp::EPOCH);
        contacts.set(mobile("+1-6845551234"), Timestamp::EPOCH);
        let kept = contacts.mobile.expect("one");
        assert_eq!(kept.verified, Some(Timestamp::EPOCH));
        assert_eq!(kept.address.code(), "1");
    }
}
