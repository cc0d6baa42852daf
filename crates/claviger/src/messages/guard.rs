//! Which addresses a webhook may be at.
//!
//! SECURITY: the address that is connected to is the one that was looked at, so that a name cannot mean one thing when it is
//! checked and another when it is used. One address that may not be is enough to refuse a name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};

/// A network of the address space in which every other number is free.
const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

/// Where no service of the public Internet is (IANA's registry of special-purpose addresses). Metadata services of clouds
/// are at link-local, shared or private addresses.
const CLOSED_V4: &[Ipv4Net] = &[
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 3),
];

/// All that is given out as global unicast.
const OPEN_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Within that: protocols' own addresses, Teredo among them; documentation; 6to4, which holds an IPv4 address.
const CLOSED_V6: &[Ipv6Net] = &[
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    Ipv6Net::new_assert(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether the address is one of the public Internet.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            OPEN_V6.contains(&address) && !CLOSED_V6.iter().any(|net| net.contains(&address))
        }
    }
}

/// The addresses of a host that may be connected to: all that it has, or none.
///
/// # Errors
/// It has none, or one that may not be.
pub(super) async fn addresses(
    host: &str,
    port: u16,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, String> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| format!("{host} cannot be looked up: {error}"))?
        .collect();
    checked(host, found, allow_private)
}

fn checked(
    host: &str,
    found: Vec<SocketAddr>,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, String> {
    if found.is_empty() {
        return Err(format!("{host} has no address"));
    }
    let closed = found.iter().find(|address| !is_public(address.ip()));
    match closed {
        Some(address) if !allow_private => Err(format!(
            "{host} is at {}, which is no address of the public Internet: `sms.allow_private` lets it be",
            address.ip()
        )),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ac_45_only_addresses_of_the_public_internet_are_open() {
        for closed in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(closed.parse().unwrap()), "{closed}");
        }
        for open in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(is_public(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn one_closed_address_refuses_a_name_that_has_others() {
        let both: Vec<SocketAddr> = ["1.1.1.1:443", "127.0.0.1:443"]
            .map(|address| address.parse().unwrap())
            .to_vec();
        assert!(checked("x", both.clone(), false).is_err());
        assert_eq!(checked("x", both.clone(), true), Ok(both.clone()));
        assert_eq!(checked("x", both[..1].to_vec(), false).unwrap().len(), 1);
        assert!(checked("x", Vec::new(), true).is_err());
    }

    #[tokio::test]
    async fn other_spellings_of_an_address_are_looked_at_as_what_they_mean() {
        for spelling in ["127.1", "2130706433", "0x7f000001", "localhost"] {
            if let Ok(found) = addresses(spelling, 80, false).await {
                panic!("{spelling} is open: {found:?}");
            }
        }
    }
}
