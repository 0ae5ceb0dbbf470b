-- Connections as people look after them: their secrets, how they are, what pickers offer of the other side.

-- A secret, encrypted with a key that is not in the database. `ends_at`: it is not used any more from then on.
CREATE TABLE secret (
    document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    set_by TEXT NOT NULL,
    ends_at INTEGER,
    PRIMARY KEY (document_id, name)
) WITHOUT ROWID;

-- Whether the other side was reached the last time. `code` and `message` are those of the last failure.
CREATE TABLE connection_health (
    document_id INTEGER PRIMARY KEY REFERENCES document (id) ON DELETE CASCADE,
    well BOOLEAN NOT NULL,
    since INTEGER NOT NULL,
    succeeded_at INTEGER,
    failed_at INTEGER,
    code TEXT,
    message TEXT,
    disabled_at INTEGER
);

-- What the other side offered to choose from, as of a revision of the connection.
CREATE TABLE kept_choices (
    document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    what TEXT NOT NULL,
    within TEXT NOT NULL,
    revision INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (document_id, what, within)
) WITHOUT ROWID;
