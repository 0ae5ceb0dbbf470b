-- Audiences at destinations and what stands in them for each account, as far as it was said; how each stands over there.

CREATE TABLE destination_audience (
    id INTEGER PRIMARY KEY,
    destination_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- The data flow that keeps it; none: journeys do.
    flow_id BIGINT,
    created_at BIGINT NOT NULL,
    -- Its id, state and size at the other side, and when they were asked for.
    remote_id TEXT,
    status TEXT,
    usable BOOLEAN,
    size BIGINT,
    note TEXT,
    looked_at BIGINT,
    -- Why the last change or question did not work.
    problem TEXT,
    CONSTRAINT destination_audience_name UNIQUE (destination_id, name)
);

CREATE TABLE destination_member (
    audience_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    -- What shall stand there for the account; none: nothing.
    element TEXT,
    -- What may stand there and shall not, a JSON array.
    stale TEXT NOT NULL,
    -- The last effect that was done for it.
    last_effect BIGINT NOT NULL,
    -- When the other side took the last change; none while it is under way.
    taken_at BIGINT,
    -- Why it did not take it for good.
    problem TEXT,
    PRIMARY KEY (audience_id, account_id)
) WITHOUT ROWID;

-- Until when the consents hold by which connections work.
CREATE TABLE connection_consent (
    connection_id INTEGER PRIMARY KEY,
    ends_at BIGINT,
    looked_at BIGINT NOT NULL,
    problem TEXT
);

-- One account's changes of membership stay in order.
CREATE INDEX outbox_membership ON outbox (account_id) WHERE kind = 'membership';
