-- External services: what was found when each was registered, and which of their calls have been answered.

CREATE TABLE external_service (
    document_id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

-- The first answer of a call counts; further ones change nothing.
CREATE TABLE external_answer (
    call_key TEXT PRIMARY KEY,
    answered_at BIGINT NOT NULL
) WITHOUT ROWID;
