//! Every statement of the store, one text for both engines.
//!
//! Rules: `$n` in order of first appearance (SQLite numbers `$n` by appearance, not by n); only `BIGINT`, `TEXT` and
//! `BYTEA`; no database clock; keys compared bytewise. The conformance suite prepares each on both engines.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)+

        /// All of them, for the test that prepares each on both engines.
        #[cfg(feature = "test-support")]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $text)),+];
    };
}

statements! {
    /// Moves the head by `$2`, or only locks it where that is 0.
    MOVE_HEAD = "INSERT INTO head (account, sequence, epoch) VALUES ($1, $2, 1) \
        ON CONFLICT (account) DO UPDATE SET sequence = head.sequence + excluded.sequence RETURNING sequence, epoch";
    HEAD = "SELECT sequence, epoch FROM head WHERE account = $1";
    HEADS_4 = "SELECT account, sequence, epoch FROM head WHERE account IN ($1, $2, $3, $4)";
    HEADS_32 = "SELECT account, sequence, epoch FROM head WHERE account IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
        $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)";

    RECORD = "SELECT revision, format, body FROM record WHERE account = $1 AND kind = $2 AND id = $3";
    REVISION = "SELECT revision FROM record WHERE account = $1 AND kind = $2 AND id = $3";
    PUT_RECORD = "INSERT INTO record (account, kind, id, revision, format, body) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (account, kind, id) DO UPDATE \
        SET revision = excluded.revision, format = excluded.format, body = excluded.body";
    DELETE_RECORD = "DELETE FROM record WHERE account = $1 AND kind = $2 AND id = $3";

    ENTRY = "SELECT owner, kind, id FROM entry \
        WHERE account = $1 AND name = $2 AND group_key = $3 AND entry_key = $4";
    /// The entries of a group from `$4` on.
    ENTRIES_FROM = "SELECT entry_key, owner, kind, id FROM entry \
        WHERE account = $1 AND name = $2 AND group_key = $3 AND entry_key >= $4 ORDER BY entry_key LIMIT $5";
    /// The entries of a group from `$4` on and before `$5`.
    ENTRIES_BETWEEN = "SELECT entry_key, owner, kind, id FROM entry \
        WHERE account = $1 AND name = $2 AND group_key = $3 AND entry_key >= $4 AND entry_key < $5 \
        ORDER BY entry_key LIMIT $6";
    /// No `ON CONFLICT`: a key that is there must fail the whole commit.
    PUT_ENTRY = "INSERT INTO entry (account, name, group_key, entry_key, owner, kind, id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DELETE_ENTRY = "DELETE FROM entry WHERE account = $1 AND name = $2 AND group_key = $3 AND entry_key = $4";
    /// The records of one kind that a group of an account leads to, in the order of their keys behind `$4`.
    RECORDS_BEHIND = "SELECT entry.entry_key, record.format, record.body FROM entry JOIN record \
        ON record.account = entry.owner AND record.kind = entry.kind AND record.id = entry.id \
        WHERE entry.account = $1 AND entry.name = $2 AND entry.group_key = $3 AND entry.entry_key > $4 \
        AND entry.kind = $5 ORDER BY entry.entry_key LIMIT $6";

    SPAN = "SELECT entries, changed FROM span WHERE account = $1 AND name = $2 AND group_key = $3";
    MOVE_SPAN = "INSERT INTO span (account, name, group_key, entries, changed) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (account, name, group_key) DO UPDATE \
        SET entries = span.entries + excluded.entries, changed = excluded.changed";
    DROP_EMPTY_SPAN = "DELETE FROM span WHERE account = $1 AND name = $2 AND group_key = $3 AND entries = 0";

    PUT_HISTORY = "INSERT INTO history (account, sequence, kind, id, time, operation, format, body) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Which records have changed, without their bodies.
    CHANGED = "SELECT sequence, kind, id FROM history \
        WHERE account = $1 AND sequence > $2 AND sequence <= $3 LIMIT $4";
    CHANGES = "SELECT sequence, kind, id, time, operation, body FROM history \
        WHERE account = $1 AND sequence > $2 ORDER BY sequence, kind, id LIMIT $3";
    CHANGES_AT = "SELECT sequence, kind, id, time, operation, body FROM history \
        WHERE account = $1 AND sequence = $2 ORDER BY kind, id";
    HISTORY = "SELECT sequence, time, operation, format, body FROM history \
        WHERE account = $1 AND kind = $2 AND id = $3 ORDER BY sequence DESC LIMIT $4";

    MARK = "SELECT value, detail FROM mark WHERE account = $1 AND kind = $2 AND id = $3";
    MARKS_FROM = "SELECT id, value, detail FROM mark WHERE account = $1 AND kind = $2 AND id >= $3 ORDER BY id";
    MARKS_BETWEEN = "SELECT id, value, detail FROM mark \
        WHERE account = $1 AND kind = $2 AND id >= $3 AND id < $4 ORDER BY id";
    RAISE_MARK = "INSERT INTO mark (account, kind, id, value, detail) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (account, kind, id) DO UPDATE SET value = excluded.value, detail = excluded.detail \
        WHERE mark.value < excluded.value";

    /// A window that has ended starts anew, and so does one that opened further in the future than a window is long:
    /// the clock was set back.
    TAKE_TICKET = "INSERT INTO ticket (account, kind, id, opened, closes, taken) VALUES ($1, $2, $3, $4, $5, 1) \
        ON CONFLICT (account, kind, id) DO UPDATE SET \
        taken = CASE WHEN ticket.closes <= excluded.opened OR ticket.opened > excluded.closes THEN 1 \
            ELSE ticket.taken + 1 END, \
        opened = CASE WHEN ticket.closes <= excluded.opened OR ticket.opened > excluded.closes THEN excluded.opened \
            ELSE ticket.opened END, \
        closes = CASE WHEN ticket.closes <= excluded.opened OR ticket.opened > excluded.closes THEN excluded.closes \
            ELSE ticket.closes END \
        WHERE ticket.closes <= excluded.opened OR ticket.opened > excluded.closes OR ticket.taken < $6";
    TICKETS = "SELECT opened, closes, taken FROM ticket WHERE account = $1 AND kind = $2 AND id = $3";
    REFILL = "DELETE FROM ticket WHERE account = $1 AND kind = $2 AND id = $3";
    /// Only a window that was open when the ticket was taken gets it back.
    GIVE_BACK = "UPDATE ticket SET taken = taken - 1 WHERE account = $1 AND kind = $2 AND id = $3 \
        AND opened <= $4 AND closes > $4 AND taken > 0";
    EXPIRE_TICKETS = "DELETE FROM ticket WHERE closes < $1";

    /// An event that is there already is the same event, from a commit that was tried again.
    PUT_EVENT = "INSERT INTO event (account, time, id, body) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (account, time, id) DO NOTHING";
    PUT_EVENT_KEY = "INSERT INTO event_key (account, attribute, value, time, id) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (account, attribute, value, time, id) DO NOTHING";
    EVENTS = "SELECT body FROM event WHERE account = $1 AND (time, id) < ($2, $3) AND time >= $4 \
        ORDER BY time DESC, id DESC LIMIT $5";
    EVENTS_BY_KEY = "SELECT event.body FROM event_key \
        JOIN event ON event.account = event_key.account AND event.time = event_key.time AND event.id = event_key.id \
        WHERE event_key.account = $1 AND event_key.attribute = $2 AND event_key.value = $3 \
        AND (event_key.time, event_key.id) < ($4, $5) AND event_key.time >= $6 \
        ORDER BY event_key.time DESC, event_key.id DESC LIMIT $7";

    PUT_MESSAGE = "INSERT INTO outbox (id, account, channel, body, due, attempts) VALUES ($1, $2, $3, $4, $5, 0) \
        ON CONFLICT (id) DO NOTHING";
    DUE = "SELECT id, account, channel, body, due, attempts FROM outbox WHERE due <= $1 ORDER BY due, id LIMIT $2";
    LEASE = "UPDATE outbox SET due = $1, attempts = attempts + 1 WHERE id = $2 AND due = $3";
    DELIVERED = "DELETE FROM outbox WHERE id = $1";
    EXPIRE_MESSAGES = "DELETE FROM outbox WHERE due < $1";
    DEFER = "UPDATE outbox SET due = $1 WHERE id = $2 AND due = $3";

    PUT_PART = "INSERT INTO part (account, kind, id, place, bytes) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (account, kind, id, place) DO UPDATE SET bytes = excluded.bytes";
    PART = "SELECT bytes FROM part WHERE account = $1 AND kind = $2 AND id = $3 AND place = $4";
    DROP_PARTS = "DELETE FROM part WHERE account = $1 AND kind = $2 AND id = $3";
    DROP_PARTS_BEFORE = "DELETE FROM part WHERE account = $1 AND kind = $2 AND id < $3";

    KEYS = "SELECT version, master, wrapped, created FROM key WHERE account = $1 AND kind = $2 AND id = $3 \
        ORDER BY version DESC";
    PUT_KEY = "INSERT INTO key (account, kind, id, version, master, wrapped, created) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    OFFER_KEY = "INSERT INTO key (account, kind, id, version, master, wrapped, created) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, kind, id, version) DO NOTHING";
    DROP_KEYS = "DELETE FROM key WHERE account = $1 AND kind = $2 AND id = $3";

    /// Entries that lead to nothing.
    CHECK_ORPHANS = "SELECT entry.account, entry.name FROM entry LEFT JOIN record \
        ON record.account = entry.owner AND record.kind = entry.kind AND record.id = entry.id \
        WHERE record.account IS NULL LIMIT 100";
    /// Spans that have lost count.
    CHECK_SPANS = "SELECT span.account, span.name FROM span LEFT JOIN entry ON entry.account = span.account \
        AND entry.name = span.name AND entry.group_key = span.group_key \
        GROUP BY span.account, span.name, span.group_key, span.entries \
        HAVING COUNT(entry.account) <> span.entries LIMIT 100";
    /// Groups of an account that are not counted.
    CHECK_UNCOUNTED = "SELECT DISTINCT entry.account, entry.name FROM entry LEFT JOIN span \
        ON span.account = entry.account AND span.name = entry.name AND span.group_key = entry.group_key \
        WHERE span.account IS NULL AND entry.account >= 0 LIMIT 100";
    /// Records that are not what history says of them.
    CHECK_RECORDS = "SELECT record.account, record.kind FROM record LEFT JOIN history \
        ON history.account = record.account AND history.kind = record.kind AND history.id = record.id \
        AND history.sequence = record.revision \
        WHERE history.body IS NULL OR history.body <> record.body LIMIT 100";
    /// Changes that did not reach their records.
    CHECK_LATER = "SELECT history.account, history.kind FROM history JOIN record \
        ON record.account = history.account AND record.kind = history.kind AND record.id = history.id \
        WHERE history.sequence > record.revision LIMIT 100";
    /// Records that history has and that were never deleted.
    CHECK_LOST = "SELECT history.account, history.kind FROM history LEFT JOIN record \
        ON record.account = history.account AND record.kind = history.kind AND record.id = history.id \
        WHERE record.account IS NULL AND history.body IS NOT NULL AND NOT EXISTS (SELECT 1 FROM history AS later \
        WHERE later.account = history.account AND later.kind = history.kind AND later.id = history.id \
        AND later.sequence > history.sequence) LIMIT 100";
    /// Commits that their heads do not know of.
    CHECK_HEADS = "SELECT history.account, history.kind FROM history LEFT JOIN head ON head.account = history.account \
        WHERE head.account IS NULL OR history.sequence > head.sequence LIMIT 100";

    SCHEMA_VERSION = "SELECT version FROM schema_version ORDER BY version DESC LIMIT 1";
    PUT_SCHEMA_VERSION = "INSERT INTO schema_version (version, applied) VALUES ($1, $2)";
}

/// The table that tells which migrations have run. It stands before the first of them.
pub(crate) const MAKE_SCHEMA_VERSION: &str = "CREATE TABLE IF NOT EXISTS schema_version \
    (version BIGINT NOT NULL, applied BIGINT NOT NULL, PRIMARY KEY (version))";

/// The migrations in order; never edited after a release. The first is schema 1.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_records.sql"),
    include_str!("../migrations/0002_parts.sql"),
];

/// The newest schema that this version knows.
pub(crate) fn newest_schema() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "test-support")]
    #[test]
    fn parameters_appear_in_the_order_of_their_numbers() {
        for (name, text) in ALL {
            let mut next = 1;
            let mut rest = *text;
            while let Some((_, behind)) = rest.split_once('$') {
                rest = behind;
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                let number: usize = digits.parse().expect("a number follows the dollar sign");
                assert!(number <= next, "{name}: ${number} stands before ${next}");
                next = next.max(number + 1);
            }
        }
    }

    #[test]
    fn the_newest_schema_is_the_number_of_migrations() {
        assert_eq!(newest_schema(), 2);
    }
}
