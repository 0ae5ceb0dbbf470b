-- When the next traveller may come to an action whose connection has a pace and a full queue, by lane of the outbox.
CREATE TABLE lane_turn (
    lane TEXT PRIMARY KEY,
    next_at BIGINT NOT NULL
) WITHOUT ROWID;
