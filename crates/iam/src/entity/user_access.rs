//! Which ways in are open to a user: all, none, the console alone, or signed requests alone. AWS has none of this; the
//! fields are those of Huawei Cloud's IAM (API reference, "Modifying IAM User Information": `enabled`, `access_mode`).

use claviger_model::scalar::Constraint::{MaxLength, Pattern};
use claviger_model::{enum_scalar, text_scalar};

enum_scalar! {
    /// By which ways a user may come in while enabled.
    AccessMode {
        /// By every way.
        Default = "default",
        /// With access keys and tokens, and not at the console.
        Programmatic = "programmatic",
        /// At the console alone.
        Console = "console",
    }
}

text_scalar! {
    in Box<str>;
    /// What is said of a user: up to 255 characters, none of them one of `@#%&<>\$^*`.
    UserDescription, [MaxLength(255), Pattern(r"[^@#%&<>\\$^*\u0000-\u001F\u007F]*")],
    |text| !text.contains(|c: char| c.is_control() || FORBIDDEN.contains(c))
}

/// What a description may not hold, besides control characters.
const FORBIDDEN: &str = "@#%&<>\\$^*";

/// Why a user is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// The user is disabled.
    Disabled,
    /// The user may come in at the console alone.
    ConsoleOnly,
    /// The user may come in with keys and tokens alone.
    ProgrammaticOnly,
}

/// Which ways in are open to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserAccess {
    /// Whether any is.
    pub enabled: bool,
    /// Which, while one is.
    pub mode: AccessMode,
}

impl Default for UserAccess {
    fn default() -> Self {
        Self {
            enabled: true,
            mode: AccessMode::Default,
        }
    }
}

impl UserAccess {
    /// Whether every way is open, as it is to users of whom nobody said anything else.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Why the user is kept out of the console, if so.
    #[must_use]
    pub fn shut_at_console(&self) -> Option<Shut> {
        match self.mode {
            _ if !self.enabled => Some(Shut::Disabled),
            AccessMode::Programmatic => Some(Shut::ProgrammaticOnly),
            AccessMode::Default | AccessMode::Console => None,
        }
    }

    /// Why what the user holds besides a password opens nothing, if so: access keys, tokens, SSH keys, passwords of services.
    #[must_use]
    pub fn shut_to_requests(&self) -> Option<Shut> {
        match self.mode {
            _ if !self.enabled => Some(Shut::Disabled),
            AccessMode::Console => Some(Shut::ConsoleOnly),
            AccessMode::Default | AccessMode::Programmatic => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Scalar as _;

    use super::*;

    #[test]
    fn a_way_is_open_while_the_user_is_enabled_and_the_mode_has_it() {
        use AccessMode::*;
        for (enabled, mode, console, requests) in [
            (true, Default, None, None),
            (true, Programmatic, Some(Shut::ProgrammaticOnly), None),
            (true, Console, None, Some(Shut::ConsoleOnly)),
            (false, Default, Some(Shut::Disabled), Some(Shut::Disabled)),
            (
                false,
                Programmatic,
                Some(Shut::Disabled),
                Some(Shut::Disabled),
            ),
            (false, Console, Some(Shut::Disabled), Some(Shut::Disabled)),
        ] {
            let access = UserAccess { enabled, mode };
            assert_eq!(access.shut_at_console(), console, "{access:?}");
            assert_eq!(access.shut_to_requests(), requests, "{access:?}");
        }
    }

    #[test]
    fn a_description_keeps_to_its_length_and_alphabet() {
        assert!(UserDescription::parse("").is_ok());
        assert!(UserDescription::parse("Überstunden, (Bau 7) – 北京").is_ok());
        assert!(UserDescription::parse(&"ü".repeat(255)).is_ok());
        assert!(UserDescription::parse(&"u".repeat(256)).is_err());
        for forbidden in FORBIDDEN.chars().chain(['\n', '\u{7f}']) {
            assert!(UserDescription::parse(&format!("a{forbidden}b")).is_err());
        }
    }
}
