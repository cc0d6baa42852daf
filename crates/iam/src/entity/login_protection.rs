//! What a sign-in to the console asks of one user besides the password, and whatever it needs for that.

use claviger_model::{Code, enum_scalar};

use super::User;
use super::contact::{Address, Contacts};
use super::fido_device::is_fido;
use super::user::AssignedMfaDevice;
use crate::fault::Fault;

enum_scalar! {
    /// What is asked for after the password.
    ProtectionMethod {
        /// A code that is sent to the mobile number.
        Sms = "sms",
        /// A code that is sent to the e-mail address.
        Email = "email",
        /// A code of the virtual MFA device.
        VirtualMfa = "vmfa",
        /// Nothing.
        None = "none",
    }
}

/// The login protection of a user.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoginProtection {
    /// What is asked for.
    pub method: ProtectionMethod,
    /// Whether a password alone gets no token of the API either. Only with a virtual MFA device.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub api: bool,
}

impl AssignedMfaDevice {
    /// Whether it is a virtual device: one that shows codes, and no token of its own.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        // A vendor's serial number is no resource name.
        self.serial.as_str().starts_with("arn:") && !is_fido(&self.serial)
    }
}

impl Contacts {
    /// Where a code of this method goes: nowhere that was not shown to be the holder's.
    #[must_use]
    pub fn verified(&self, method: ProtectionMethod) -> Option<Address> {
        match method {
            ProtectionMethod::Sms => {
                let mobile = self.mobile.as_ref().filter(|one| one.verified.is_some())?;
                Some(Address::Mobile(mobile.address.clone()))
            }
            ProtectionMethod::Email => {
                let email = self.email.as_ref().filter(|one| one.verified.is_some())?;
                Some(Address::Email(email.address.clone()))
            }
            ProtectionMethod::VirtualMfa | ProtectionMethod::None => None,
        }
    }
}

impl User {
    /// What is asked for after the password.
    #[must_use]
    pub fn protected_by(&self) -> ProtectionMethod {
        self.login_protection
            .as_ref()
            .map_or(ProtectionMethod::None, |protection| protection.method)
    }

    /// Whether a token of the API takes the code of an MFA device besides the password.
    #[must_use]
    pub fn token_needs_code(&self) -> bool {
        self.login_protection.as_ref().is_some_and(|protection| {
            protection.api && protection.method == ProtectionMethod::VirtualMfa
        })
    }

    /// Whether the user has what this method needs.
    #[must_use]
    pub fn has_means_of(&self, method: ProtectionMethod) -> bool {
        match method {
            ProtectionMethod::Sms | ProtectionMethod::Email => {
                self.contacts.verified(method).is_some()
            }
            ProtectionMethod::VirtualMfa => {
                self.mfa_devices.iter().any(AssignedMfaDevice::is_virtual)
            }
            ProtectionMethod::None => true,
        }
    }

    /// Refuses to become `after`, who lacks what login protection needs: the next sign-in would be refused.
    ///
    /// # Errors
    /// `LoginProtectionInUse`.
    pub fn check_means_stay(&self, after: &Self) -> Result<(), Fault> {
        let method = after.protected_by();
        if after.has_means_of(method) || !self.has_means_of(method) {
            return Ok(());
        }
        Err(Fault::new(
            Code::LoginProtectionInUse,
            match method {
                ProtectionMethod::Sms => {
                    "Login protection sends its codes to the mobile number. Set another method or switch it off first."
                }
                ProtectionMethod::Email => {
                    "Login protection sends its codes to the e-mail address. Set another method or switch it off first."
                }
                ProtectionMethod::VirtualMfa | ProtectionMethod::None => {
                    "Login protection asks for codes of the virtual MFA device. Set another method or switch it off first."
                }
            },
        ))
    }
}
