-- Files that were taken in by schedule: one row per file and version of it, so that each is taken once.
CREATE TABLE import_run (
    id INTEGER PRIMARY KEY,
    connection_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    report TEXT,
    CONSTRAINT import_run_file UNIQUE (connection_id, name, version)
);
CREATE INDEX import_run_connection ON import_run (connection_id, id);

-- Taking a person away looks up what was written to them.
CREATE INDEX ledger_person ON ledger (person_id) WHERE person_id IS NOT NULL;
