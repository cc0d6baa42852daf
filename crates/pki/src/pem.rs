//! PEM (RFC 7468): base64 between two lines that say what it is.

use data_encoding::BASE64;
use zeroize::Zeroizing;

/// What stands between two lines that name the same thing.
pub struct Block<'t> {
    /// What the lines call it: `CERTIFICATE`.
    pub label: &'t str,
    /// What it is. Wiped when dropped: it may be a private key.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Why a text is no PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// There is something besides blocks and white space.
    #[error("there is text outside of the blocks")]
    Outside,
    /// A block is not closed by the line that it should be.
    #[error("a block has no end")]
    Unclosed,
    /// A block begins with headers, as encrypted keys of OpenSSL's old format do.
    #[error("a block has headers")]
    Headers,
    /// What stands in a block is not base64.
    #[error("a block is not base64")]
    Base64,
    /// There are more blocks than are taken.
    #[error("there are too many blocks")]
    TooMany,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Reads a text that is blocks and white space and nothing else, at most `most` of them. How the base64 is broken into
/// lines does not matter.
///
/// # Errors
/// What is wrong with the first thing that is.
pub fn read(text: &str, most: usize) -> Result<Vec<Block<'_>>, PemError> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let label = between(line, BEGIN).ok_or(PemError::Outside)?;
        if blocks.len() == most {
            return Err(PemError::TooMany);
        }
        // Room for everything from the start: growing would leave copies of a private key behind.
        let mut base64 = Zeroizing::new(Vec::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or(PemError::Unclosed)?;
            if line.starts_with(DASHES) {
                if between(line, END) != Some(label) {
                    return Err(PemError::Unclosed);
                }
                break;
            }
            if line.contains(':') {
                return Err(PemError::Headers);
            }
            base64.extend(line.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        }
        let bytes = BASE64.decode(&base64).map_err(|_| PemError::Base64)?;
        blocks.push(Block {
            label,
            bytes: Zeroizing::new(bytes),
        });
    }
    Ok(blocks)
}

fn between<'t>(line: &'t str, head: &str) -> Option<&'t str> {
    line.strip_prefix(head)?.strip_suffix(DASHES)
}

/// Characters of a line of base64.
const LINE: usize = 64;

/// Writes a block, in lines of 64 characters. It may be a private key: no copy of it is left behind but the answer.
#[must_use]
pub fn write(label: &str, bytes: &[u8]) -> String {
    let base64 = Zeroizing::new(BASE64.encode(bytes));
    let frame = BEGIN.len() + END.len() + 2 * (label.len() + DASHES.len()) + 1;
    let mut text = String::with_capacity(frame + base64.len() + base64.len().div_ceil(LINE));
    text.extend([BEGIN, label, DASHES, "\n"]);
    for line in base64.as_bytes().chunks(LINE) {
        text.extend(line.iter().map(|&byte| char::from(byte)));
        text.push('\n');
    }
    text.extend([END, label, DASHES]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_however_its_lines_are_broken() {
        let bytes: Vec<u8> = (0..=255).collect();
        let written = write("CERTIFICATE", &bytes);
        assert!(written.lines().all(|line| line.len() <= 64));
        // Had it grown, a copy would have been left behind.
        assert_eq!(written.capacity(), written.len());
        let windows = written.replace('\n', "\r\n");
        let base64: String = written
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        let one_line =
            format!("\n  -----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n\n");
        for text in [written, windows, one_line] {
            let blocks = read(&text, 1).expect("one block");
            assert_eq!(blocks.len(), 1);
            assert_eq!(blocks[0].label, "CERTIFICATE");
            assert_eq!(*blocks[0].bytes, bytes);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let block = write("KEY", b"bytes");
        let two = format!("{block}\n{block}");
        assert_eq!(read(&two, 2).map(|blocks| blocks.len()), Ok(2));
        for (text, error) in [
            (two, PemError::TooMany),
            (format!("text\n{block}"), PemError::Outside),
            (format!("{block}\ntext"), PemError::Outside),
            (block.replace("END KEY", "END LOCK"), PemError::Unclosed),
            (block.replace("-----END KEY-----", ""), PemError::Unclosed),
            (
                block.replace("-----\nYn", "-----\nProc-Type: 4,ENCRYPTED\n\nYn"),
                PemError::Headers,
            ),
            (block.replace("Ynl0", "Yn#0"), PemError::Base64),
        ] {
            assert_eq!(read(&text, 1).err(), Some(error), "{text}");
        }
        assert!(read(" \n", 1).expect("nothing").is_empty());
    }
}
