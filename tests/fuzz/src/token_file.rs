//! Vendors' files of hardware tokens: CSV and PSKC.

use claviger_iam::token_file::{MOST, Refusal, Token, read_csv, read_pskc};

/// Reads the bytes as either format.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    check(text, read_csv(text));
    check(text, read_pskc(text));
}

fn check(text: &str, read: Result<Vec<Token>, Refusal>) {
    match read {
        Ok(tokens) => {
            assert!((1..=MOST).contains(&tokens.len()), "too few or too many");
            for (at, token) in tokens.iter().enumerate() {
                let length = token.seed.expose().len();
                assert!((16..=64).contains(&length), "a seed of {length} bytes");
                let serial = token.serial.as_str();
                assert!(text.contains(serial), "a serial number out of nowhere");
                assert!(!serial.starts_with("arn:"), "a resource name");
                let same = |other: &Token| other.serial.as_str().eq_ignore_ascii_case(serial);
                assert!(!tokens[..at].iter().any(same), "a serial number twice");
            }
        }
        Err(refusal) => {
            let said = refusal.to_string();
            assert!(
                !said.is_empty() && said.len() < 200,
                "a refusal without bounds"
            );
        }
    }
}
