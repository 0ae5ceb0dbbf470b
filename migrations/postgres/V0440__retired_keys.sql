-- Keys that signed mail of a sending domain and sign no more: their records stay in the DNS while that mail is under way. `secret` is
-- the name of the private half, `signed_until` when another key took over.
CREATE TABLE retired_key (
    document_id BIGINT NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    selector TEXT NOT NULL,
    secret TEXT NOT NULL,
    signed_until BIGINT NOT NULL,
    PRIMARY KEY (document_id, selector)
);
