//! PSKC: the Portable Symmetric Key Container (RFC 6030), with keys in plain text.
//!
//! The reader knows no documents but the one at hand: a document type, and with it every entity of its own, is refused.

use data_encoding::BASE64;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use super::{Refusal, Token, Tokens};

/// The algorithm that is read (RFC 6030, section 10).
const TOTP: &str = "urn:ietf:params:xml:ns:keyprov:pskc:totp";
/// Elements within each other. A container has eight.
const DEPTH: usize = 32;

/// Stands in an element's text for all that is not text. Nothing that is read needs it, and what surrounds it must not be
/// put together to a value that stands nowhere in the file; the character itself cannot stand in XML.
const NO_VALUE: char = '\0';

/// What one `KeyPackage` says.
#[derive(Default)]
struct Package {
    serial: Option<String>,
    algorithm: Option<String>,
    secret: Option<Zeroizing<String>>,
}

/// Reads a container.
///
/// # Errors
/// Why it is not accepted.
pub fn read(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut value = Zeroizing::new(String::new());
    let mut package = Package::default();
    let mut packages = 0_usize;
    let mut tokens = Tokens::default();
    loop {
        let place = format!("KeyPackage {packages}");
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                if path.len() == DEPTH {
                    return Err(Refusal::new("The file is nested too deeply."));
                }
                let name = local(&tag);
                check_root(&path, &name)?;
                if name == "KeyPackage" {
                    packages += 1;
                    package = Package::default();
                }
                package.enter(&place, &name, &tag)?;
                path.push(name);
                value.clear();
            }
            Ok(Event::Empty(tag)) => {
                let name = local(&tag);
                check_root(&path, &name)?;
                package.enter(&place, &name, &tag)?;
                value.push(NO_VALUE);
            }
            Ok(Event::End(_)) => {
                package.leave(&place, &path, &value)?;
                value.clear();
                value.push(NO_VALUE);
                if path.pop().is_some_and(|name| name == "KeyPackage") {
                    std::mem::take(&mut package).finish(&place, &mut tokens)?;
                }
            }
            Ok(Event::Text(text)) => {
                value.push_str(&text);
            }
            Ok(Event::CData(_) | Event::GeneralRef(_) | Event::Comment(_) | Event::PI(_)) => {
                value.push(NO_VALUE);
            }
            Ok(Event::DocType(_)) => {
                return Err(Refusal::new("A document type is not accepted."));
            }
            Ok(Event::Decl(_)) => {}
            Ok(Event::Eof) => break,
            Err(_) => {
                return Err(Refusal::new(format!(
                    "The file is no well-formed XML at byte {}.",
                    reader.error_position()
                )));
            }
        }
    }
    if !path.is_empty() {
        return Err(Refusal::new("The file ends too early."));
    }
    tokens.finish()
}

/// Vendors seal files for transport by a key or password that they hand over apart, and each has its program to open them.
const ENCRYPTED: &str = "The keys in the file are encrypted. Decrypt it with the vendor's program and the key that came apart from it, import the result (PSKC with PlainValue, or CSV), and delete it afterwards.";

fn local(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_owned()
}

fn check_root(path: &[String], name: &str) -> Result<(), Refusal> {
    if path.is_empty() && name != "KeyContainer" {
        return Err(Refusal::new("The file is no KeyContainer."));
    }
    Ok(())
}

/// An attribute's value as it stands.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes().flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(found.value.into_owned())
}

impl Package {
    fn enter(&mut self, place: &str, name: &str, tag: &BytesStart<'_>) -> Result<(), Refusal> {
        match name {
            "Key" => {
                if self.algorithm.is_some() {
                    return Err(Refusal::new(format!("{place}: there is more than one Key")));
                }
                self.algorithm = Some(attribute(tag, "Algorithm").unwrap_or_default());
            }
            "ResponseFormat" => {
                let is_decimal = attribute(tag, "Encoding").is_none_or(|it| it == "DECIMAL");
                let is_six = attribute(tag, "Length").is_none_or(|it| it == "6");
                if !(is_decimal && is_six) {
                    return Err(Refusal::new(format!("{place}: codes must be six digits")));
                }
            }
            "EncryptedValue" | "EncryptionKey" => {
                return Err(Refusal::new(ENCRYPTED));
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes what an element holds that ends here.
    fn leave(&mut self, place: &str, path: &[String], value: &str) -> Result<(), Refusal> {
        let value = value.trim();
        let names: Vec<&str> = path.iter().rev().take(2).map(String::as_str).collect();
        match names.as_slice() {
            ["SerialNo", "DeviceInfo"] => {
                once(&mut self.serial, value.to_owned(), place, "SerialNo")?;
            }
            ["PlainValue", "Secret"] => {
                let secret = Zeroizing::new(value.to_owned());
                once(&mut self.secret, secret, place, "Secret")?;
            }
            ["PlainValue", "TimeInterval"] if value != "30" => {
                return Err(Refusal::new(format!(
                    "{place}: the time interval must be 30"
                )));
            }
            ["Suite", _] if !is_sha1(value) => {
                return Err(Refusal::new(format!("{place}: the hash must be SHA-1")));
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self, place: &str, tokens: &mut Tokens) -> Result<(), Refusal> {
        if self.algorithm.as_deref() != Some(TOTP) {
            return Err(Refusal::new(format!(
                "{place}: the algorithm must be {TOTP}"
            )));
        }
        let seed = self
            .secret
            .and_then(|secret| BASE64.decode(secret.as_bytes()).ok())
            .ok_or_else(|| Refusal::new(format!("{place}: the seed cannot be read")))?;
        tokens.add(place, &self.serial.unwrap_or_default(), seed)
    }
}

/// Takes what may stand in a package once.
fn once<T>(slot: &mut Option<T>, value: T, place: &str, name: &str) -> Result<(), Refusal> {
    if slot.replace(value).is_some() {
        return Err(Refusal::new(format!(
            "{place}: there is more than one {name}"
        )));
    }
    Ok(())
}

fn is_sha1(suite: &str) -> bool {
    let suite = suite.to_ascii_uppercase();
    matches!(suite.as_str(), "" | "SHA1" | "SHA-1" | "HMAC-SHA1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(packages: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><pskc:KeyContainer Version="1.0" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc">{packages}</pskc:KeyContainer>"#
        )
    }

    fn package(serial: &str, secret: &str, more: &str) -> String {
        format!(
            r#"<!-- one --><pskc:KeyPackage><pskc:DeviceInfo><pskc:Manufacturer>A&amp;B</pskc:Manufacturer><pskc:SerialNo> {serial} </pskc:SerialNo></pskc:DeviceInfo>
            <pskc:Key Id="1" Algorithm="{TOTP}"><pskc:AlgorithmParameters><pskc:ResponseFormat Length="6" Encoding="DECIMAL"/></pskc:AlgorithmParameters>
            <pskc:Data><pskc:Secret><pskc:PlainValue>{secret}</pskc:PlainValue></pskc:Secret><pskc:Time><pskc:PlainValue>0</pskc:PlainValue></pskc:Time>{more}</pskc:Data></pskc:Key></pskc:KeyPackage>"#
        )
    }

    const SECRET: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=";
    const THIRTY: &str =
        "<pskc:TimeInterval><pskc:PlainValue>30</pskc:PlainValue></pskc:TimeInterval>";

    fn refused(text: &str) -> String {
        read(text).expect_err("refused").to_string()
    }

    #[test]
    fn a_container_is_read() {
        let text = container(
            &[
                package("GAHT12345678", SECRET, THIRTY),
                package("GAHT12345679", SECRET, ""),
            ]
            .concat(),
        );
        let tokens = read(&text).expect("read");
        let serials: Vec<_> = tokens.iter().map(|token| token.serial.as_str()).collect();
        assert_eq!(serials, ["GAHT12345678", "GAHT12345679"]);
        assert_eq!(tokens[0].seed.expose(), b"12345678901234567890");
    }

    #[test]
    fn who_brings_encrypted_keys_is_told_what_to_do() {
        // RFC 6030, figures 6 (a key that both know) and 7 (a password), shortened.
        let by_key = r#"<pskc:EncryptionKey><ds:KeyName xmlns:ds="http://www.w3.org/2000/09/xmldsig#">Pre-shared-key</ds:KeyName></pskc:EncryptionKey><pskc:MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>"#;
        let by_password = r#"<pskc:EncryptionKey><xenc11:DerivedKey xmlns:xenc11="http://www.w3.org/2009/xmlenc11#"><xenc11:MasterKeyName>My Password 1</xenc11:MasterKeyName></xenc11:DerivedKey></pskc:EncryptionKey>"#;
        let secret = r#"<pskc:EncryptedValue><xenc:EncryptionMethod xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></pskc:EncryptedValue>"#;
        let plain = format!("<pskc:PlainValue>{SECRET}</pskc:PlainValue>");
        let sealed = package("GAHT12345678", SECRET, THIRTY).replace(&plain, secret);
        for text in [
            container(&[by_key, &sealed].concat()),
            container(&[by_password, &sealed].concat()),
            container(&sealed),
        ] {
            assert_eq!(refused(&text), ENCRYPTED);
        }
        for advice in ["Decrypt it", "PlainValue", "CSV"] {
            assert!(ENCRYPTED.contains(advice), "{advice}");
        }
    }

    #[test]
    fn what_is_refused_names_its_place_and_no_secret() {
        let good = || package("GAHT12345678", SECRET, THIRTY);
        for (text, why) in [
            (String::new(), "no device"),
            (String::from("serial number,seed"), "no device"),
            (String::from("<a/>"), "no KeyContainer"),
            (container(""), "no device"),
            (
                container(&good().replace("pskc:totp", "pskc:hotp")),
                "algorithm",
            ),
            (container(&good().replace("\"6\"", "\"8\"")), "six digits"),
            (container(&good().replace(">30<", ">60<")), "must be 30"),
            (container(&good().replace(SECRET, "&lt;")), "cannot be read"),
            (container(&good().replace(SECRET, "MTIz")), "16 to 64 bytes"),
            (
                container(&good().replace("PlainValue", "EncryptedValue")),
                "encrypted",
            ),
            (container(&good().replace("GAHT12345678", "")), "9 to 256"),
            (container(&[good(), good()].concat()), "twice"),
            (container(&good().replace("8 ", "<!-- -->8 ")), "9 to 256"),
            (container(&good().replace("8 ", "<?x?>8 ")), "9 to 256"),
            (container(&good().replace("8 ", "<b/>8 ")), "9 to 256"),
            (
                container(&good().replace("8 ", "<b>1</b>GAHT12345678 ")),
                "9 to 256",
            ),
            (
                container(&good().replace("<pskc:SerialNo>", "<pskc:SerialNo>GAHT12345679</pskc:SerialNo><pskc:SerialNo>")),
                "more than one SerialNo",
            ),
            (
                container(&good().replace("</pskc:Secret>", "</pskc:Secret><pskc:Secret><pskc:PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTE=</pskc:PlainValue></pskc:Secret>")),
                "more than one Secret",
            ),
            (
                container(&good().replace("</pskc:Data>", "")),
                "well-formed",
            ),
            (
                container(&good()).replace("</pskc:KeyContainer>", ""),
                "too early",
            ),
            (container(&"<a>".repeat(100)), "deeply"),
        ] {
            let said = refused(&text);
            assert!(said.contains(why), "{said}: {text}");
            assert!(!said.contains(SECRET), "{said}");
        }
    }

    #[test]
    fn a_document_type_and_its_entities_are_refused() {
        let bomb =
            r#"<!DOCTYPE k [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>"#;
        let text = container(&package("&b;", SECRET, "")).replace("?>", &format!("?>{bomb}"));
        assert_eq!(refused(&text), "A document type is not accepted.");
        let undefined = container(&package("&b;", SECRET, ""));
        assert!(refused(&undefined).contains("9 to 256"));
    }
}
