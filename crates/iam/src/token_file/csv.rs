//! CSV (RFC 4180) with a header, as vendors write it for directory services: `serial number` and either `secret key`, in
//! Base32, or `seed`, in hexadecimal; a `time interval` must be 30. Other columns are passed over.

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::{Refusal, Token, Tokens};

/// Columns of a line.
const COLUMNS: usize = 64;

/// Where the columns are that count.
struct Header {
    serial: usize,
    base32: Option<usize>,
    hex: Option<usize>,
    interval: Option<usize>,
}

/// Reads a file.
///
/// # Errors
/// Why it is not accepted.
pub fn read(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut lines = Lines {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        number: 0,
    };
    let header = lines
        .next()
        .ok_or_else(|| Refusal::new("The file is empty."))??;
    let header = Header::read(&header)?;
    let mut tokens = Tokens::default();
    while let Some(fields) = lines.next() {
        let fields = fields?;
        if fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let place = format!("line {}", lines.number);
        let field = |at: usize| fields.get(at).map_or("", |field| field.trim());
        if header
            .interval
            .is_some_and(|at| !matches!(field(at), "" | "30"))
        {
            return Err(Refusal::new(format!(
                "{place}: the time interval must be 30"
            )));
        }
        let seed = match (header.base32, header.hex) {
            (Some(at), _) => {
                let text = Zeroizing::new(field(at).trim_end_matches('=').to_ascii_uppercase());
                BASE32_NOPAD.decode(text.as_bytes()).ok()
            }
            (None, Some(at)) => HEXLOWER_PERMISSIVE.decode(field(at).as_bytes()).ok(),
            (None, None) => None,
        };
        let seed = seed.ok_or_else(|| Refusal::new(format!("{place}: the seed cannot be read")))?;
        tokens.add(&place, field(header.serial), seed)?;
    }
    tokens.finish()
}

impl Header {
    fn read(fields: &[Zeroizing<String>]) -> Result<Self, Refusal> {
        let find = |name: &str| {
            fields.iter().position(|field| {
                let field = field.trim().to_ascii_lowercase();
                field.replace(['_', '-'], " ") == name
            })
        };
        let header = Self {
            serial: find("serial number").ok_or_else(|| {
                Refusal::new("The first line must name the column `serial number`.")
            })?,
            base32: find("secret key"),
            hex: find("seed"),
            interval: find("time interval"),
        };
        if header.base32.is_some() == header.hex.is_some() {
            return Err(Refusal::new(
                "The first line must name either `secret key`, in Base32, or `seed`, in hexadecimal.",
            ));
        }
        Ok(header)
    }
}

/// The lines of a file, each in its fields.
struct Lines<'t> {
    rest: &'t str,
    /// Of the line that was read last; one that goes on over several counts as one.
    number: usize,
}

impl Lines<'_> {
    /// Ends the reading at this line.
    fn refuse(&mut self, why: &str) -> Refusal {
        self.rest = "";
        Refusal::new(format!("line {}: {why}", self.number))
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<Vec<Zeroizing<String>>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let mut fields = vec![Zeroizing::new(String::new())];
        let mut quoted = false;
        let mut closed = false;
        let mut characters = self.rest.char_indices().peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = characters.next() {
            let full = fields.len() == COLUMNS;
            if closed && !matches!(c, ',' | '\r' | '\n') {
                return Some(Err(
                    self.refuse("text stands behind a quotation mark that closes")
                ));
            }
            let Some(field) = fields.last_mut() else {
                break;
            };
            match c {
                '"' if quoted => {
                    if characters.peek().is_some_and(|(_, next)| *next == '"') {
                        characters.next();
                        field.push('"');
                    } else {
                        quoted = false;
                        closed = true;
                    }
                }
                '"' if field.is_empty() => quoted = true,
                ',' if !quoted => {
                    if full {
                        let why = format!("there may be {COLUMNS} columns at the most");
                        return Some(Err(self.refuse(&why)));
                    }
                    closed = false;
                    fields.push(Zeroizing::new(String::new()));
                }
                '\r' | '\n' if !quoted => {
                    end = at + 1;
                    if c == '\r' && characters.peek().is_some_and(|(_, next)| *next == '\n') {
                        end += 1;
                    }
                    break;
                }
                c => field.push(c),
            }
        }
        self.rest = self.rest.get(end..).unwrap_or("");
        if quoted {
            return Some(Err(self.refuse("a quotation mark is not closed")));
        }
        Some(Ok(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = b"12345678901234567890";

    fn refused(text: &str) -> String {
        read(text).expect_err("refused").to_string()
    }

    #[test]
    fn a_file_of_a_directory_service_is_read() {
        let tokens = read(
            "upn,serial number,secret key,time interval,manufacturer,model\r\n\
             a@b,GAHT12345678,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,30,\"Con,toso\",\"Hard\"\"Key\"\r\n\
             \r\n\
             ,GAHT12345679,gezdgnbvgy3tqojqgezdgnbvgy3tqojq,,,\n",
        )
        .expect("read");
        let serials: Vec<_> = tokens.iter().map(|token| token.serial.as_str()).collect();
        assert_eq!(serials, ["GAHT12345678", "GAHT12345679"]);
        for token in &tokens {
            assert_eq!(token.seed.expose(), SEED);
        }
    }

    #[test]
    fn a_seed_may_be_hexadecimal() {
        let tokens = read(
            "\u{feff}Serial_Number,Seed\nGAHT12345678,3132333435363738393031323334353637383930",
        )
        .expect("read");
        assert_eq!(tokens[0].seed.expose(), SEED);
    }

    #[test]
    fn what_is_refused_names_its_line_and_no_secret() {
        const HEAD: &str = "serial number,secret key\n";
        const GOOD: &str = "GAHT12345678,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n";
        assert_eq!(refused(""), "The file is empty.");
        assert_eq!(refused(HEAD), "There is no device in the file.");
        assert!(refused("a,b\n").contains("serial number"));
        assert!(refused("serial number\n").contains("either"));
        assert!(refused("serial number,seed,secret key\n").contains("either"));
        for (line, why) in [
            ("short,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "9 to 256"),
            (
                "arn:aws:iam::1:mfa/x,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                "arn:",
            ),
            ("GAHT12345679,GEZDGNBV", "16 to 64 bytes"),
            ("GAHT12345679,not-base-32", "cannot be read"),
            ("gaht12345678,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "twice"),
            ("GAHT12345679", "16 to 64 bytes"),
            (
                "\"GAHT12345679,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                "not closed",
            ),
            (
                "\"GAHT1\"2345679,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                "behind a quotation mark",
            ),
        ] {
            let said = refused(&format!("{HEAD}{GOOD}{line}"));
            assert!(said.starts_with("line 3: ") && said.contains(why), "{said}");
            assert!(
                !said.contains("GEZDGNBV") && !said.contains("base-32"),
                "{said}"
            );
        }
        let sixty = format!("serial number,secret key,time interval\n{},60", GOOD.trim());
        assert_eq!(refused(&sixty), "line 2: the time interval must be 30");
        let many: String = (0..=super::super::MOST)
            .map(|n| format!("GAHT{n:09},GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n"))
            .collect();
        assert!(refused(&format!("{HEAD}{many}")).contains("1000"));
        assert!(refused(&",".repeat(100)).contains("columns"));
    }
}
