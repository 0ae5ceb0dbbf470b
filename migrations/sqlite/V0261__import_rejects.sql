-- Rows that imports by schedule did not take, all of them, compressed piece by piece.
CREATE TABLE import_reject (
    run_id BIGINT NOT NULL,
    no BIGINT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (run_id, no)
);
