-- What happens: shards, enrollments, their moves, activities, the inbox, effects and counts.

-- The row lock on a shard is the right to move its travellers. `due_at` is the earliest due enrollment or recheck.
CREATE TABLE shard (
    id INTEGER PRIMARY KEY,
    due_at BIGINT,
    last_step_at BIGINT NOT NULL DEFAULT 0
);
WITH RECURSIVE n (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id < 255)
INSERT INTO shard (id) SELECT id FROM n;

-- One traveller's one trip. `node` is the index in the version's plan, `seq` counts its steps and guards each update.
-- `due_at` is when it moves next by itself; on an ended row, when it may re-enter.
CREATE TABLE enrollment (
    id INTEGER PRIMARY KEY,
    shard BIGINT NOT NULL,
    journey_id BIGINT NOT NULL,
    version_id BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    entry BIGINT NOT NULL,
    node BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    due_at BIGINT,
    listening BOOLEAN NOT NULL,
    heard BIGINT NOT NULL,
    chain BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    node_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT
);
CREATE UNIQUE INDEX enrollment_entry ON enrollment (journey_id, subject_id, entry);
-- Work is proportional to what is due: whoever waits costs this one entry.
CREATE INDEX enrollment_due ON enrollment (shard, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX enrollment_listening ON enrollment (subject_id) WHERE listening;
CREATE INDEX enrollment_subject ON enrollment (subject_id, id);

-- One row per step of an enrollment: the nodes it walked through and what was done there.
CREATE TABLE move (
    enrollment_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    visits TEXT NOT NULL,
    PRIMARY KEY (enrollment_id, seq)
) WITHOUT ROWID;



-- A traveller that failed by our own fault; its enrollment's due_at is the next try.
CREATE TABLE problem (
    enrollment_id INTEGER PRIMARY KEY,
    node BIGINT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    since BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_try_at BIGINT
);

-- What steps must still take in: activities and commands addressed to subjects. Deleted by key, never by a watermark.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    shard BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject_id BIGINT,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX inbox_shard ON inbox (shard, id);

-- The instant at which a condition about time flips by itself for one subject of one list.
CREATE TABLE recheck (
    shard BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    list_id BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    PRIMARY KEY (shard, due_at, list_id, subject_id)
) WITHOUT ROWID;

-- Activity types that a live or closed version listens for, or a live condition mentions.
CREATE TABLE heard (
    document_id BIGINT NOT NULL,
    version_id BIGINT NOT NULL,
    activity TEXT NOT NULL,
    PRIMARY KEY (document_id, version_id, activity)
) WITHOUT ROWID;

-- The stream that everything shares; append only.
CREATE TABLE activity (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    account_id BIGINT,
    person_id BIGINT,
    enrollment_id BIGINT,
    node BIGINT,
    source TEXT NOT NULL,
    fields TEXT
);
CREATE INDEX activity_person ON activity (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX activity_account ON activity (account_id, id) WHERE account_id IS NOT NULL;

-- Refuses repeats; kept 30 days.
CREATE TABLE activity_seen (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (source, external_id)
) WITHOUT ROWID;

-- Activities of people not yet known, replayed when the person arrives; kept 30 days.
CREATE TABLE parked_activity (
    id INTEGER PRIMARY KEY,
    person_key TEXT,
    account_key TEXT,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX parked_activity_person ON parked_activity (person_key);
CREATE INDEX parked_activity_account ON parked_activity (account_key);

-- Every outside effect is a row before it is a call. `key` derives from (enrollment, node, person, visit).
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    lane TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    shard BIGINT NOT NULL,
    enrollment_id BIGINT NOT NULL,
    version_id BIGINT NOT NULL,
    node BIGINT NOT NULL,
    account_id BIGINT,
    person_id BIGINT,
    queued_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    claim TEXT,
    claim_until BIGINT,
    intent BOOLEAN NOT NULL,
    code TEXT,
    message TEXT,
    body TEXT NOT NULL,
    CONSTRAINT outbox_key UNIQUE (key)
);
CREATE INDEX outbox_lane ON outbox (lane, not_before, id);
CREATE INDEX outbox_enrollment ON outbox (enrollment_id);
CREATE INDEX outbox_claim ON outbox (claim_until) WHERE claim_until IS NOT NULL;

-- One row per recipient and effect key: what became of it, and the guard against a second one.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    enrollment_id BIGINT NOT NULL,
    version_id BIGINT NOT NULL,
    node BIGINT NOT NULL,
    account_id BIGINT,
    person_id BIGINT,
    address TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    message TEXT,
    remote_id TEXT,
    queued_at BIGINT NOT NULL,
    decided_at BIGINT NOT NULL,
    body TEXT,
    CONSTRAINT ledger_key UNIQUE (key)
);
CREATE INDEX ledger_enrollment ON ledger (enrollment_id);
-- Deduplication asks who was written to at a node.
CREATE INDEX ledger_address ON ledger (address, node) WHERE address IS NOT NULL;
CREATE INDEX ledger_in_doubt ON ledger (id) WHERE outcome = 'in_doubt';
CREATE INDEX ledger_failed ON ledger (id) WHERE outcome = 'failed';

-- Counters move in the same transaction as what they count; `slot` keeps concurrent writers apart, readers sum.
CREATE TABLE tally (
    version_id BIGINT NOT NULL,
    node BIGINT NOT NULL,
    kind TEXT NOT NULL,
    slot BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (version_id, node, kind, slot)
) WITHOUT ROWID;

-- Work that has a calendar instead of a traveller; claimed by row lock.
CREATE TABLE job (
    name TEXT NOT NULL,
    slice BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    body TEXT,
    PRIMARY KEY (name, slice)
);

-- Do-not-contact addresses, folded.
CREATE TABLE suppression (
    address TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    added_at BIGINT NOT NULL
);
