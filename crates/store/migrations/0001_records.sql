-- One text for both engines. Ids, keys and everything that comes from outside are BYTEA: their order is bytewise
-- everywhere, and PostgreSQL's TEXT would refuse a zero byte. Instants are microseconds since 1970. Account -1 is what
-- belongs to no account. `/* keyed */` marks tables that SQLite keeps without a rowid.

CREATE TABLE head (
    account BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    PRIMARY KEY (account)
) /* keyed */;

CREATE TABLE record (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    format BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account, kind, id)
);

CREATE TABLE entry (
    account BIGINT NOT NULL,
    name TEXT NOT NULL,
    group_key BYTEA NOT NULL,
    entry_key BYTEA NOT NULL,
    owner BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    PRIMARY KEY (account, name, group_key, entry_key)
) /* keyed */;

CREATE TABLE span (
    account BIGINT NOT NULL,
    name TEXT NOT NULL,
    group_key BYTEA NOT NULL,
    entries BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (account, name, group_key)
) /* keyed */;

CREATE TABLE history (
    account BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    time BIGINT NOT NULL,
    operation TEXT NOT NULL,
    format BIGINT NOT NULL,
    body TEXT,
    PRIMARY KEY (account, sequence, kind, id)
);

CREATE INDEX history_by_record ON history (account, kind, id, sequence);

CREATE TABLE mark (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    value BIGINT NOT NULL,
    detail BYTEA NOT NULL,
    PRIMARY KEY (account, kind, id)
) /* keyed */;

CREATE TABLE ticket (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    opened BIGINT NOT NULL,
    closes BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (account, kind, id)
) /* keyed */;

CREATE INDEX ticket_by_end ON ticket (closes);

CREATE TABLE event (
    account BIGINT NOT NULL,
    time BIGINT NOT NULL,
    id BYTEA NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account, time, id)
);

CREATE TABLE event_key (
    account BIGINT NOT NULL,
    attribute BIGINT NOT NULL,
    value BYTEA NOT NULL,
    time BIGINT NOT NULL,
    id BYTEA NOT NULL,
    PRIMARY KEY (account, attribute, value, time, id)
) /* keyed */;

CREATE TABLE outbox (
    id BYTEA NOT NULL,
    account BIGINT NOT NULL,
    channel TEXT NOT NULL,
    body BYTEA NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX outbox_by_due ON outbox (due, id);

CREATE TABLE key (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    master BYTEA NOT NULL,
    wrapped BYTEA NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (account, kind, id, version)
) /* keyed */;
