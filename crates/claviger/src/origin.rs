//! Where a request comes from: the peer, or whom a trusted proxy names.
//!
//! A header that names an address is believed only from a proxy that the configuration trusts, and then it must be
//! readable: a request with a header that is not is refused, never let past without an address (AC-24).

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// The client's address, or `None` where a trusted proxy sent something unreadable.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let mut named: Vec<IpAddr> = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        for part in value.to_str().ok()?.split(',') {
            named.push(part.trim().parse::<IpAddr>().ok()?.to_canonical());
        }
    }
    // From the right: each proxy appends whom it heard from, and only what trusted ones wrote counts.
    Some(
        named
            .iter()
            .rev()
            .copied()
            .find(|&address| !is_trusted(address))
            .or_else(|| named.first().copied())
            .unwrap_or(peer),
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                "x-forwarded-for",
                HeaderValue::from_str(value).expect("a value"),
            );
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn ac_24_an_untrusted_peer_cannot_name_another_address() {
        let sent = headers(&["203.0.113.7"]);
        assert_eq!(
            client(ip("198.51.100.1"), &sent, &[]),
            Some(ip("198.51.100.1"))
        );
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        assert_eq!(
            client(ip("198.51.100.1"), &sent, &trusted),
            Some(ip("198.51.100.1"))
        );
    }

    #[test]
    fn ac_24_a_trusted_proxy_names_the_last_address_that_is_not_its_own_kind() {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let sent = headers(&["192.0.2.66, 203.0.113.7", "10.0.0.9"]);
        assert_eq!(
            client(ip("10.0.0.1"), &sent, &trusted),
            Some(ip("203.0.113.7"))
        );
        assert_eq!(
            client(ip("10.0.0.1"), &headers(&[]), &trusted),
            Some(ip("10.0.0.1"))
        );
    }

    #[test]
    fn ac_24_an_unreadable_header_of_a_trusted_proxy_is_refused() {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        for bad in ["unknown", "203.0.113.7:80", "", "203.0.113.7,,"] {
            assert_eq!(
                client(ip("10.0.0.1"), &headers(&[bad]), &trusted),
                None,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn ac_24_a_mapped_address_is_the_ipv4_address() {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        assert_eq!(
            client(ip("::ffff:198.51.100.1"), &headers(&[]), &[]),
            Some(ip("198.51.100.1"))
        );
        let sent = headers(&["::ffff:203.0.113.7"]);
        assert_eq!(
            client(ip("::ffff:10.0.0.1"), &sent, &trusted),
            Some(ip("203.0.113.7"))
        );
    }
}
