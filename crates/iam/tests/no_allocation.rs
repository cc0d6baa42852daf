//! What is asked of every request of a key with bounds allocates nothing.

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::net::IpAddr;

    use claviger_iam::entity::key_bounds::MAX_NETWORKS;
    use claviger_iam::entity::{KeyBounds, SourceNetwork};
    use claviger_model::{Scalar, Timestamp};

    #[test]
    fn the_bounds_of_a_key_are_checked_without_allocation() {
        let now = Timestamp::from_seconds(1_767_323_045);
        let networks = (1..MAX_NETWORKS).map(|n| format!("10.{n}.0.0/16"));
        let bounds = KeyBounds {
            expires: Some(now.plus_seconds(60)),
            sources: networks
                .chain([String::from("2001:db8::/32")])
                .map(|text| SourceNetwork::parse(&text).expect("a network"))
                .collect(),
            ..KeyBounds::default()
        };
        for (address, inside) in [
            ("10.19.255.255", true),
            ("::ffff:10.19.0.1", true),
            ("2001:db8::1", true),
            ("192.0.2.1", false),
            ("2001:db9::1", false),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(bounds.admits(address), inside, "{address}");
            let counted = allocation_counter::measure(|| {
                black_box(black_box(&bounds).admits(black_box(address)));
                black_box(black_box(&bounds).has_ended(black_box(now)));
            });
            assert_eq!(counted.count_total, 0, "{address}");
        }
    }
}
