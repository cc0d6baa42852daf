//! Reading SSH public keys, X.509 certificates and the private keys that go with them; and making a certificate that its own
//! key has signed.
//!
//! What comes in here was written by strangers: every reader is bounded by the length of its input, answers an error
//! and never panics. Nothing here does input or output, knows the time, or knows whose a key is. DER is read by the
//! RustCrypto crates, and written by rcgen; PEM and the three fields of an `ssh-rsa` key are read here.

pub mod pem;
pub mod private_key;
pub mod self_signed;
pub mod ssh;
pub mod x509;

pub use private_key::PrivateKeyError;
pub use ssh::{PublicKeyError, RsaPublicKey};
pub use x509::{Certificate, CertificateError, ChainError, KeyKind};
