//! Addresses and networks.

use std::net::IpAddr;

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    V4 { base: u32, mask: u32 },
    V6 { base: u128, mask: u128 },
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or a bare address, which is a network of its own. Bits beyond the prefix do not count.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix_length(prefix)?)),
            None => (text, None),
        };
        match address.parse().ok()? {
            IpAddr::V4(address) => {
                let prefix = prefix.unwrap_or(32);
                if prefix > 32 {
                    return None;
                }
                let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
                let base = address.to_bits() & mask;
                Some(Self::V4 { base, mask })
            }
            IpAddr::V6(address) => {
                let prefix = prefix.unwrap_or(128);
                if prefix > 128 {
                    return None;
                }
                let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
                let base = address.to_bits() & mask;
                Some(Self::V6 { base, mask })
            }
        }
    }

    /// Whether the address lies in the network. Families never mix: `0.0.0.0/0` holds no IPv6 address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4 { base, mask }, IpAddr::V4(address)) => address.to_bits() & mask == *base,
            (Self::V6 { base, mask }, IpAddr::V6(address)) => address.to_bits() & mask == *base,
            _ => false,
        }
    }
}

fn prefix_length(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network)
            .expect("a network")
            .contains(address.parse().expect("an address"))
    }

    #[test]
    fn trap_22_addresses_and_networks() {
        for (network, address) in [
            ("192.0.2.0/24", "192.0.2.255"),
            ("192.0.2.77/24", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("0.0.0.0/0", "255.255.255.255"),
            ("::/0", "2001:db8::1"),
            ("::1", "0:0:0:0:0:0:0:1"),
            ("2001:DB8::/32", "2001:0db8:ffff::"),
            ("::ffff:192.0.2.1", "::ffff:c000:201"),
            ("64:ff9b::192.0.2.33/128", "64:ff9b::c000:221"),
        ] {
            assert!(holds(network, address), "{network} {address}");
        }
        for (network, address) in [
            ("192.0.2.0/24", "192.0.3.0"),
            ("192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "::1"),
            ("::/0", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::2"),
        ] {
            assert!(!holds(network, address), "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_none() {
        for bad in [
            "",
            "192.0.2",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/",
            "192.0.2.0/-1",
            "192.0.2.0/024",
            "192.0.2.0/+8",
            "010.0.0.1",
            "fe80::1%eth0",
            "a/b",
            "192.0.2.0/8/8",
            " 10.0.0.1",
            "[::1]",
        ] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
