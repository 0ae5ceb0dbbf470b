-- What recipients do with messages, for figures; addresses that bounce softly again and again.

-- Opens, clicks (by the number of the link) and opting out, counted once for each message and link. Requests of machines
-- are kept apart.
CREATE TABLE message_use (
    effect_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    link BIGINT NOT NULL,
    url TEXT NOT NULL,
    counted BIGINT NOT NULL,
    machines BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (effect_id, kind, link)
) WITHOUT ROWID;

-- Figures look at the messages of a version's nodes.
CREATE INDEX ledger_version ON ledger (version_id, node);

-- Soft bounces of an address in a row; while it rests, until when.
CREATE TABLE soft_bounce (
    address TEXT PRIMARY KEY,
    bounces BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    rests_until BIGINT
) WITHOUT ROWID;
CREATE INDEX soft_bounce_rests ON soft_bounce (rests_until) WHERE rests_until IS NOT NULL;
