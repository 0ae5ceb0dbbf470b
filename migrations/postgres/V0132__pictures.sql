-- Pictures of content that was imported, by what they hold: they stand in messages that left long ago, so they stay.
CREATE TABLE picture (
    name TEXT PRIMARY KEY,
    content_type TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    made_at BIGINT NOT NULL
);
