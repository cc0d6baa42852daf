-- Long texts that are made and not changed, such as reports, in parts of bounded size. They have no history: each is
-- made anew, under an id of its own.

CREATE TABLE part (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    place BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (account, kind, id, place)
);
