//! Sending e-mail by SMTP (RFC 5321), submitted to one relay.
//!
//! SECURITY: nothing is said to a relay whose certificate is not believed. Only what the relay says of the recipient or of
//! the message itself is final: what it says before, of this server, of its password or of the sender, is the operator's to
//! mend, and no message is lost for it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use claviger_model::Secret;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;

use super::letter::Letter;
use super::outcome::{Outcome, said};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// TLS from the first byte: `smtps://`.
    Tls,
    /// TLS by STARTTLS, or nothing at all: `smtp://`.
    StartTls,
    /// None, where the operator says so.
    Plain,
}

/// The relay, and how this server is known to it.
#[derive(Debug, Clone)]
pub(crate) struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    /// User and password.
    pub(crate) credentials: Option<(String, Secret<String>)>,
    /// Who letters are from.
    pub(crate) from: Mailbox,
    /// The certificates that the relay's must be signed by, PEM; those that the system trusts where there are none.
    pub(crate) ca: Option<PathBuf>,
    /// How long one letter may take, its connection included.
    pub(crate) timeout: Duration,
}

/// A connection over which letters go, one after the other.
pub(super) struct Session<'r> {
    relay: &'r Relay,
    connection: AsyncSmtpConnection,
}

impl Relay {
    /// Connects, secures the connection and signs in.
    ///
    /// # Errors
    /// Why nothing can be sent.
    pub(super) async fn open(&self) -> Result<Session<'_>, String> {
        let opened = tokio::time::timeout(self.timeout, self.connect()).await;
        opened.unwrap_or_else(|_| Err(self.slow()))
    }

    fn slow(&self) -> String {
        format!(
            "the relay {} did not answer within {} s",
            self.host,
            self.timeout.as_secs()
        )
    }

    fn failed(&self, error: &Error) -> String {
        if error.is_timeout() {
            return self.slow();
        }
        said(&format!("the relay {}: {error}", self.host))
    }

    async fn connect(&self) -> Result<Session<'_>, String> {
        let failed = |error: Error| self.failed(&error);
        let hello = self.hello();
        let tls = match self.security {
            Security::Plain => None,
            Security::Tls | Security::StartTls => Some(tls(&self.host, self.ca.as_deref())?),
        };
        let (wrapper, upgrade) = match self.security {
            Security::StartTls => (None, tls),
            Security::Tls | Security::Plain => (tls, None),
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &hello, wrapper, None)
                .await
                .map_err(failed)?;
        if let Some(tls) = upgrade {
            connection.starttls(tls, &hello).await.map_err(failed)?;
        }
        if let Some((user, password)) = &self.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(failed)?;
        }
        Ok(Session {
            relay: self,
            connection,
        })
    }

    /// The name that this server greets with: that of its sender's domain, since its own may be nobody's business.
    fn hello(&self) -> ClientId {
        ClientId::Domain(self.from.email.domain().to_owned())
    }

    /// The letter as it goes over the wire: the same bytes each time.
    fn compose(&self, letter: &Letter, to: Address) -> Result<Vec<u8>, String> {
        let micros = u64::try_from(letter.at.micros()).unwrap_or_default();
        // The sealed outbox fixes what is said; its id fixes what would else be drawn.
        let boundary = format!("claviger-{}", letter.id);
        let body = MultiPart::alternative()
            .boundary(boundary)
            .singlepart(SinglePart::plain(letter.text.clone()))
            .singlepart(SinglePart::html(letter.html.clone()));
        let message = lettre::Message::builder()
            .message_id(Some(format!(
                "<{}@{}>",
                letter.id,
                self.from.email.domain()
            )))
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.clone())
            // No vacation notice must answer it (RFC 3834, section 5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                String::from("auto-generated"),
            ))
            .multipart(body)
            .map_err(|error| said(&format!("the letter cannot be written: {error}")))?;
        Ok(message.formatted())
    }
}

/// What TLS takes.
fn tls(host: &str, ca: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca {
        let unusable = |why: String| format!("{} cannot be used: {}", path.display(), said(&why));
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder
        .build()
        .map_err(|error| said(&format!("TLS cannot be set up: {error}")))
}

impl Session<'_> {
    /// Sends a letter. After [`Outcome::Away`] the session is of no use.
    pub(super) async fn send(&mut self, letter: &Letter, to: &str) -> Outcome {
        let relay = self.relay;
        let Ok(to) = to.parse::<Address>() else {
            return Outcome::Refused(String::from("the recipient's address is none"));
        };
        let bytes = match relay.compose(letter, to.clone()) {
            Ok(bytes) => bytes,
            Err(why) => return Outcome::Refused(why),
        };
        let sent = tokio::time::timeout(relay.timeout, self.transact(to, &bytes)).await;
        sent.unwrap_or_else(|_| Outcome::Away(relay.slow()))
    }

    async fn transact(&mut self, to: Address, bytes: &[u8]) -> Outcome {
        let from = self.relay.from.email.clone();
        let is_ascii =
            AsRef::<str>::as_ref(&to).is_ascii() && AsRef::<str>::as_ref(&from).is_ascii();
        let mut parameters = Vec::new();
        if !is_ascii {
            if !self
                .connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                return Outcome::Refused(String::from(
                    "the relay takes no addresses beyond ASCII (SMTPUTF8)",
                ));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        // What is wrong with the sender is wrong with every letter.
        if let Err(error) = self
            .connection
            .command(Mail::new(Some(from), parameters))
            .await
        {
            return Outcome::Away(self.relay.failed(&error));
        }
        if let Err(error) = self.connection.command(Rcpt::new(to, Vec::new())).await {
            return self.judged(&error);
        }
        if let Err(error) = self.connection.command(Data).await {
            return self.judged(&error);
        }
        match self.connection.message(bytes).await {
            Ok(response) => Outcome::Taken(shown(&response)),
            Err(error) => self.judged(&error),
        }
    }

    /// What an answer means that speaks of the recipient or of the message.
    fn judged(&self, error: &Error) -> Outcome {
        let why = self.relay.failed(error);
        if error.is_permanent() {
            Outcome::Refused(why)
        } else if error.is_transient() {
            Outcome::Later(why)
        } else {
            Outcome::Away(why)
        }
    }

    /// Forgets the letter that was begun, so that another can follow; whether it can.
    pub(super) async fn reset(&mut self) -> bool {
        let reset = self.connection.command("RSET\r\n");
        matches!(
            tokio::time::timeout(self.relay.timeout, reset).await,
            Ok(Ok(_))
        )
    }

    /// Says goodbye. What comes of it changes nothing.
    pub(super) async fn close(mut self) {
        let patience = self.relay.timeout.min(Duration::from_secs(5));
        drop(tokio::time::timeout(patience, self.connection.quit()).await);
    }
}

/// What the relay answered.
fn shown(response: &Response) -> String {
    let text: Vec<&str> = response.message().collect();
    said(&format!("{} {}", response.code(), text.join(" ")))
}

#[cfg(test)]
mod tests {
    use claviger_model::Timestamp;

    use super::super::letter::Sender;
    use super::super::words::Language;
    use super::*;

    fn relay() -> Relay {
        Relay {
            host: String::from("mail.example.com"),
            port: 587,
            security: Security::StartTls,
            credentials: Some((
                String::from("u"),
                Secret::new(String::from("canary-password")),
            )),
            from: "Claviger <iam@example.com>".parse().unwrap(),
            ca: None,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_letter_is_the_same_bytes_each_time_and_pure_ascii() {
        let from = Sender {
            product: "Claviger",
            address: String::from("https://iam.example.com"),
            language: Language::Chinese,
        };
        let letter = Letter::test("an-id", Timestamp::from_seconds(1_767_323_045), &from).unwrap();
        let to: Address = "alice@example.com".parse().unwrap();
        let first = relay().compose(&letter, to.clone()).unwrap();
        assert_eq!(first, relay().compose(&letter, to).unwrap());
        assert!(first.is_ascii());
        let text = String::from_utf8(first).unwrap();
        for header in [
            "Message-ID: <an-id@example.com>\r\n",
            "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n",
            "To: alice@example.com\r\n",
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(text.contains(header), "{header}: {text}");
        }
    }

    #[test]
    fn a_subject_cannot_begin_another_header() {
        let letter = Letter {
            id: String::from("an-id"),
            at: Timestamp::from_seconds(0),
            subject: String::from("x\r\nBcc: all@example.com\r\n\r\nbody"),
            said: String::new(),
            text: String::from("t"),
            html: String::from("h"),
        };
        let to = "alice@example.com".parse().unwrap();
        let bytes = relay().compose(&letter, to).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("\r\nBcc"), "{text}");
        let headers = text.split("\r\n\r\n").next().unwrap();
        assert!(
            headers.contains("Content-Type: multipart/alternative"),
            "{text}"
        );
    }

    #[test]
    fn what_is_printed_of_a_relay_holds_no_password() {
        assert!(!format!("{:?}", relay()).contains("canary-password"));
    }
}
