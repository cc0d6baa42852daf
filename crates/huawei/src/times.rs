//! Instants as the older parts of this API write them, to the microsecond.

use claviger_model::Timestamp;

/// `2020-01-08T06:25:19.014028Z`.
pub(crate) fn precise(at: Timestamp) -> String {
    format!("{}Z", without_zone(at))
}

/// `2020-01-08T06:25:19.014028`, in UTC.
pub(crate) fn without_zone(at: Timestamp) -> String {
    let c = at.civil();
    let micros = at.micros().rem_euclid(1_000_000);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{micros:06}",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_always_has_six_digits() {
        let at = Timestamp::from_micros(1_578_464_719_014_028);
        assert_eq!(precise(at), "2020-01-08T06:25:19.014028Z");
        assert_eq!(without_zone(Timestamp::EPOCH), "1970-01-01T00:00:00.000000");
        assert_eq!(
            precise(Timestamp::from_micros(-1)),
            "1969-12-31T23:59:59.999999Z"
        );
    }
}
