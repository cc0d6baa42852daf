//! What bounds an access key besides its status: until when it is good, and from where. A key that no bound was set on has
//! none, and costs nothing for it.

use std::net::IpAddr;

use claviger_model::scalar::Constraint::{MaxLength, Sentence};
use claviger_model::scalar::{Constraint, check};
use claviger_model::{Scalar, Timestamp};
use ipnet::{IpNet, Ipv4Net};

/// How many networks one key may name.
pub const MAX_NETWORKS: usize = 20;

/// A network that requests may come from: an address and how many of its leading bits count.
///
/// IPv4 addresses mapped into IPv6 (RFC 4291, section 2.5.5.2) are IPv4 addresses, in networks as in requests. Apart from
/// that the families never mix: `0.0.0.0/0` holds no IPv6 address, and `::/0` no IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceNetwork(IpNet);

impl SourceNetwork {
    /// Whether the address lies in the network. `address` must be canonical ([`IpAddr::to_canonical`]).
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

/// Leading bits of an IPv4 address that is mapped into IPv6.
const MAPPED_BITS: u8 = 96;

/// Reads a network, or an address as a network of its own. SECURITY: bits behind the prefix are refused: whoever writes
/// `192.0.2.7/24` may mean one address, and would let 256 in.
fn network(text: &str) -> Option<IpNet> {
    // Octets and prefixes with leading zeros could be read in two ways, so the standard library reads the address, which takes
    // none, and a prefix must be plain.
    let network = match text.split_once('/') {
        None => IpNet::from(text.parse::<IpAddr>().ok()?),
        Some((address, prefix)) => {
            let is_plain = prefix == "0" || !prefix.starts_with(['0', '+']);
            let bits = is_plain.then(|| prefix.parse().ok()).flatten()?;
            IpNet::new(address.parse().ok()?, bits).ok()?
        }
    };
    if network != network.trunc() {
        return None;
    }
    let mapped = match network {
        IpNet::V6(net) => {
            let bits = net.prefix_len().checked_sub(MAPPED_BITS);
            net.network().to_ipv4_mapped().zip(bits)
        }
        IpNet::V4(_) => None,
    };
    match mapped {
        Some((address, bits)) => Ipv4Net::new(address, bits).ok().map(IpNet::V4),
        None => Some(network),
    }
}

impl Scalar for SourceNetwork {
    const RULES: &'static [Constraint] = &[
        MaxLength(49),
        Sentence(
            "It must be an IPv4 or IPv6 network such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix.",
        ),
    ];

    fn parse(text: &str) -> Result<Self, Vec<Constraint>> {
        check(text, Self::RULES, |text| network(text).is_some())?;
        network(text).map(Self).ok_or_else(|| Self::RULES.to_vec())
    }

    fn write(&self, to: &mut dyn FnMut(&str)) {
        to(&self.0.to_string());
    }
}

impl serde::Serialize for SourceNetwork {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for SourceNetwork {
    // SECURITY: a network that cannot be read makes its record unreadable. Left out, it would unbind the key.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(from)?;
        text.parse()
            .map(Self)
            .map_err(|_| serde::de::Error::custom("this is no network"))
    }
}

/// The bounds of an access key.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyBounds {
    /// Since when the key gives way to another, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<Timestamp>,
    /// When its time is over, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Where its requests may come from: anywhere if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceNetwork>,
}

impl KeyBounds {
    /// Whether the key's time is over. The instant of expiry is the first at which it is.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether a request from this address may be signed with the key.
    #[must_use]
    pub fn admits(&self, source: IpAddr) -> bool {
        if self.sources.is_empty() {
            return true;
        }
        let source = source.to_canonical();
        self.sources.iter().any(|network| network.holds(source))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn bounds(networks: &[&str]) -> KeyBounds {
        KeyBounds {
            sources: networks
                .iter()
                .map(|text| SourceNetwork::parse(text).expect("a network"))
                .collect(),
            ..KeyBounds::default()
        }
    }

    fn admits(networks: &[&str], address: &str) -> bool {
        bounds(networks).admits(address.parse().expect("an address"))
    }

    #[test]
    fn a_key_without_networks_is_good_from_anywhere() {
        assert!(admits(&[], "203.0.113.7"));
        assert!(admits(&[], "2001:db8::1"));
    }

    #[test]
    fn a_source_must_lie_in_one_of_the_networks() {
        let both = ["192.0.2.0/24", "2001:db8:1::/48"];
        for inside in ["192.0.2.0", "192.0.2.255", "2001:db8:1:ffff::1"] {
            assert!(admits(&both, inside), "{inside}");
        }
        for outside in ["192.0.1.255", "192.0.3.0", "2001:db8:2::1", "::1"] {
            assert!(!admits(&both, outside), "{outside}");
        }
        assert!(admits(&["192.0.2.1"], "192.0.2.1"));
        assert!(!admits(&["192.0.2.1"], "192.0.2.2"));
        assert!(admits(&["2001:db8::1"], "2001:db8::1"));
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address_that_it_maps() {
        for (network, address) in [
            ("192.0.2.0/24", "::ffff:192.0.2.7"),
            ("::ffff:192.0.2.0/120", "192.0.2.7"),
            ("::ffff:192.0.2.0/120", "::ffff:c000:207"),
            ("::ffff:0:0/96", "203.0.113.7"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert!(admits(&[network], address), "{network} {address}");
        }
        for (network, address) in [
            ("192.0.2.0/24", "::ffff:192.0.3.7"),
            ("::ffff:192.0.2.0/120", "192.0.3.7"),
            // The address that IPv6 once had for the same (RFC 4291, section 2.5.5.1) is another.
            ("192.0.2.0/24", "::192.0.2.7"),
        ] {
            assert!(!admits(&[network], address), "{network} {address}");
        }
    }

    #[test]
    fn the_families_never_mix() {
        assert!(admits(&["0.0.0.0/0"], "203.0.113.7"));
        assert!(!admits(&["0.0.0.0/0"], "2001:db8::1"));
        assert!(admits(&["::/0"], "2001:db8::1"));
        assert!(!admits(&["::/0"], "203.0.113.7"));
        assert!(!admits(&["::/0"], "::ffff:203.0.113.7"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_network() {
        for bad in [
            "",
            "/",
            "192.0.2.7/24",
            "2001:db8::1/32",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/024",
            "192.0.2.0/+24",
            "192.0.2.0/24/24",
            "192.0.2.0/255.255.255.0",
            "010.0.0.0/8",
            " 10.0.0.0/8",
            "10.0.0.0/8 ",
            "10.0.0.0 /8",
            "::/129",
            "::ffff:192.0.2.7/120",
            "fe80::1%eth0",
            "[::1]",
            "localhost",
            "192.0.2.\u{0661}",
            &"1".repeat(1_000),
        ] {
            assert!(SourceNetwork::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_network_is_told_in_one_form() {
        let told = |text: &str| {
            let mut told = String::new();
            SourceNetwork::parse(text)
                .expect("a network")
                .write(&mut |part| told.push_str(part));
            told
        };
        for (given, expected) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(told(given), expected);
        }
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128";
        assert!(SourceNetwork::parse(longest).is_ok());
    }

    #[test]
    fn a_key_ends_at_the_instant_of_its_expiry() {
        let at = Timestamp::from_seconds(1_767_323_045);
        let ends = KeyBounds {
            expires: Some(at),
            ..KeyBounds::default()
        };
        assert!(!ends.has_ended(Timestamp::from_micros(at.micros() - 1)));
        assert!(ends.has_ended(at));
        assert!(!KeyBounds::default().has_ended(at));
    }

    #[test]
    fn bounds_survive_the_store_and_those_that_cannot_be_read_do_not_vanish() {
        let kept = bounds(&["192.0.2.0/24", "2001:db8::/32"]);
        let text = serde_json::to_string(&kept).expect("JSON");
        assert_eq!(text, r#"{"sources":["192.0.2.0/24","2001:db8::/32"]}"#);
        assert_eq!(
            serde_json::from_str::<KeyBounds>(&text).expect("bounds"),
            kept
        );
        let spoiled = r#"{"sources":["192.0.2.0/24","nowhere"]}"#;
        assert!(serde_json::from_str::<KeyBounds>(spoiled).is_err());
    }

    proptest! {
        #[test]
        fn an_ipv4_network_holds_what_its_leading_bits_say_mapped_or_not(
            base: u32, near: u32, prefix in 0u8..=32, shared in 0u8..=32,
        ) {
            let mask = |bits: u8| u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            let base = base & mask(prefix);
            // Else hardly any address would lie in the network.
            let address = Ipv4Addr::from((base & mask(shared)) | (near & !mask(shared)));
            let expected = address.to_bits() & mask(prefix) == base;
            let plain = format!("{}/{prefix}", Ipv4Addr::from(base));
            let mapped = format!("::ffff:{}/{}", Ipv4Addr::from(base), u32::from(prefix) + 96);
            for network in [plain, mapped] {
                for source in [address.to_string(), format!("::ffff:{address}")] {
                    prop_assert_eq!(admits(&[&network], &source), expected, "{} {}", network, source);
                }
            }
        }

        #[test]
        fn an_ipv6_network_holds_what_its_leading_bits_say(
            base: u128, near: u128, prefix in 0u8..=128, shared in 0u8..=128,
        ) {
            let mask = |bits: u8| u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            let base = base & mask(prefix);
            let address = Ipv6Addr::from((base & mask(shared)) | (near & !mask(shared)));
            let network = format!("{}/{prefix}", Ipv6Addr::from(base));
            let is_ipv4 = |address: Ipv6Addr| address.to_ipv4_mapped().is_some();
            prop_assume!(!is_ipv4(address) && !is_ipv4(Ipv6Addr::from(base)));
            let expected = address.to_bits() & mask(prefix) == base;
            prop_assert_eq!(admits(&[&network], &address.to_string()), expected);
        }

        #[test]
        fn hostile_text_is_refused_or_read_back(text in r"[0-9a-f:./+%\[\] ]{0,60}|.{0,60}") {
            if let Ok(network) = SourceNetwork::parse(&text) {
                let mut told = String::new();
                network.write(&mut |part| told.push_str(part));
                prop_assert_eq!(SourceNetwork::parse(&told), Ok(network));
            }
        }
    }
}
