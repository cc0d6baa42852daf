//! Files in which vendors of hardware tokens hand over serial numbers and seeds: CSV with a header, or PSKC (RFC 6030).
//!
//! SECURITY: a file holds secrets, so a refusal names places and rules, and never what stands there.

mod csv;
mod pskc;

use claviger_model::name::SerialNumber;
use claviger_model::{Scalar, Secret};

pub use csv::read as read_csv;
pub use pskc::read as read_pskc;

/// Tokens of one file.
pub const MOST: usize = 1_000;
/// Bytes of a seed: RFC 4226 asks for 16; more than a block of SHA-1 would be hashed anyway, and nobody makes them.
const SEED_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// A hardware token: RFC 6238 with SHA-1, six digits and steps of thirty seconds, which is what AWS accepts.
#[derive(Debug)]
pub struct Token {
    /// The vendor's serial number.
    pub serial: SerialNumber,
    /// The shared secret.
    pub seed: Secret<Vec<u8>>,
}

/// Why a file is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// The tokens read so far.
#[derive(Default)]
struct Tokens(Vec<Token>);

impl Tokens {
    /// Takes in a token that stands at this place in the file.
    fn add(&mut self, place: &str, serial: &str, seed: Vec<u8>) -> Result<(), Refusal> {
        let seed = Secret::new(seed);
        if self.0.len() == MOST {
            return Err(Refusal::new(format!(
                "There may be {MOST} devices in a file at the most."
            )));
        }
        let serial = SerialNumber::parse(serial).map_err(|_| {
            Refusal::new(format!(
                "{place}: a serial number has 9 to 256 letters, digits and characters of _+=/:,.@-"
            ))
        })?;
        // A virtual device is called by its resource name, and nothing else may look like one.
        if serial.as_str().to_ascii_lowercase().starts_with("arn:") {
            return Err(Refusal::new(format!(
                "{place}: a vendor's serial number does not begin with arn:"
            )));
        }
        if !SEED_BYTES.contains(&seed.expose().len()) {
            return Err(Refusal::new(format!(
                "{place}: a seed has {} to {} bytes",
                SEED_BYTES.start(),
                SEED_BYTES.end()
            )));
        }
        let is_same = |token: &Token| token.serial.as_str().eq_ignore_ascii_case(serial.as_str());
        if self.0.iter().any(is_same) {
            return Err(Refusal::new(format!(
                "{place}: the serial number stands in the file twice"
            )));
        }
        self.0.push(Token { serial, seed });
        Ok(())
    }

    fn finish(self) -> Result<Vec<Token>, Refusal> {
        if self.0.is_empty() {
            return Err(Refusal::new("There is no device in the file."));
        }
        Ok(self.0)
    }
}
