//! The serial numbers of virtual MFA devices as this API writes them, made of their resource names and read back.

use claviger_model::name::SerialNumber;
use claviger_model::{AccountId, Scalar as _};

use crate::ids;

/// `iam:<domain id>:mfa/<name>`, as below `/v3.0`; `None` where the device is no virtual one.
pub(crate) fn v30(serial: &SerialNumber, account: AccountId) -> Option<String> {
    let name = name(serial, account)?;
    Some(format!("iam:{}:mfa/{name}", ids::domain(account)))
}

/// `iam::<domain id>:mfa:<name>`, as below `/v5`; `None` where the device is no virtual one.
pub(crate) fn v5(serial: &SerialNumber, account: AccountId) -> Option<String> {
    let name = name(serial, account)?;
    Some(format!("iam::{}:mfa:{name}", ids::domain(account)))
}

/// The serial number behind what a client sends: either of the forms above, or the resource name itself.
pub(crate) fn read(text: &str, account: AccountId) -> Option<SerialNumber> {
    let domain = ids::domain(account);
    let name = text
        .strip_prefix(&format!("iam:{domain}:mfa/"))
        .or_else(|| text.strip_prefix(&format!("iam::{domain}:mfa:")));
    match name {
        Some(name) => SerialNumber::parse(&format!("{}{name}", prefix(account))).ok(),
        None => SerialNumber::parse(text)
            .ok()
            .filter(|serial| self::name(serial, account).is_some()),
    }
}

/// Path and name of a virtual device, which together are unique in the account.
fn name(serial: &SerialNumber, account: AccountId) -> Option<&str> {
    serial.as_str().strip_prefix(&prefix(account))
}

fn prefix(account: AccountId) -> String {
    format!("arn:aws:iam::{account}:mfa/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_lead_back_to_the_device() {
        let account = AccountId::parse("123456789012").expect("an account");
        for name in ["phone", "team/blue/phone"] {
            let arn = format!("arn:aws:iam::123456789012:mfa/{name}");
            let serial = SerialNumber::parse(&arn).expect("a serial number");
            let written = [v30(&serial, account), v5(&serial, account), Some(arn)];
            for text in written {
                let text = text.expect("a virtual device");
                assert_eq!(read(&text, account), Some(serial.clone()), "{text}");
            }
        }
    }

    #[test]
    fn what_is_of_another_account_or_no_virtual_device_is_none() {
        let account = AccountId::parse("123456789012").expect("an account");
        let other = AccountId::parse("210987654321").expect("an account");
        let serial = SerialNumber::parse("arn:aws:iam::210987654321:mfa/phone").expect("a serial");
        let of_other = v30(&serial, other).expect("a virtual device");
        for text in [
            of_other.as_str(),
            "arn:aws:iam::210987654321:mfa/phone",
            "arn:aws:iam::123456789012:u2f/user/alice/key",
            "GAHT12345678",
            "iam:x:mfa/phone",
            "",
        ] {
            assert_eq!(read(text, account), None, "{text}");
        }
        for key in [
            "arn:aws:iam::123456789012:u2f/user/alice/key",
            "GAHT12345678",
        ] {
            let serial = SerialNumber::parse(key).expect("a serial number");
            assert_eq!((v30(&serial, account), v5(&serial, account)), (None, None));
        }
    }
}
