//! The keys and certificates that scenarios name: the files of `tests/credentials`.

macro_rules! files {
    ($($name:literal = $file:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../credentials/", $file)))),+]
    };
}

const FILES: &[(&str, &str)] = files!(
    "sshkey" = "rsa.pub",
    "sshpem" = "rsa.spki.pem",
    "othersshkey" = "other.pub",
    "smallsshkey" = "small.pub",
    "ed25519sshkey" = "ed25519.pub",
    "certificate" = "leaf.pem",
    "key" = "leaf.key",
    "encryptedkey" = "leaf.encrypted.key",
    "between" = "between.pem",
    "root" = "root.pem",
    "second" = "second.pem",
    "third" = "third.pem",
    "expired" = "expired.pem",
    "future" = "future.pem",
    "small" = "small.pem",
    "vendor" = "vendor.pem",
    "vendorwithoutusage" = "vendor.usage.pem",
    "expiredvendor" = "vendor.expired.pem",
    "futurevendor" = "vendor.future.pem",
    "edwardsvendor" = "vendor.ed25519.pem",
);

/// The text of one of the files.
pub(super) fn text(name: &str) -> Option<&'static str> {
    let mut files = FILES.iter();
    files.find_map(|(known, text)| (*known == name).then_some(*text))
}
