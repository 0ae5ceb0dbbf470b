-- Files that people asked for, written in the background. `request` says what, `place` how far it has got; whoever writes
-- one has it alone until `due_at`, which is also the order in which open ones are taken.
CREATE TABLE export (
    id BIGINT PRIMARY KEY,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    request TEXT NOT NULL,
    holds_people BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    place TEXT,
    row_count BIGINT NOT NULL DEFAULT 0,
    expected BIGINT,
    bytes BIGINT NOT NULL DEFAULT 0,
    pieces BIGINT NOT NULL DEFAULT 0,
    ended_at BIGINT,
    expires_at BIGINT NOT NULL,
    problem TEXT
);
CREATE INDEX export_asked_by ON export (asked_by, id);
CREATE INDEX export_open ON export (due_at, id) WHERE state IN ('queued', 'running');

-- What was written of them, compressed piece by piece. In the database, since the process that hands a file out need not be
-- the one that wrote it.
CREATE TABLE export_piece (
    export_id BIGINT NOT NULL,
    no BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (export_id, no)
);

-- What people are told in the app when something they asked for is over.
CREATE TABLE notification (
    id BIGINT PRIMARY KEY,
    told TEXT NOT NULL,
    at BIGINT NOT NULL,
    about TEXT NOT NULL,
    detail TEXT NOT NULL,
    seen BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX notification_told ON notification (told, id);
