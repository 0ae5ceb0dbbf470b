-- What the store itself needs: id counters (taken in the transaction) and facts about the installation.
-- One row a family in `id_counter`; `next` is the first id not yet issued.
CREATE TABLE id_counter (family TEXT PRIMARY KEY, next BIGINT NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
