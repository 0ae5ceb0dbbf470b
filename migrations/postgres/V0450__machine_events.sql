-- Opens and clicks that a machine made and that do not count: kept to be looked at, and read by nothing else. A bounded number of each
-- message; forgotten after a time. `address_code` tells that two came from the same place, not from which.
CREATE TABLE machine_event (
    effect_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    link BIGINT NOT NULL,
    url TEXT NOT NULL,
    pattern TEXT NOT NULL,
    user_agent TEXT,
    address_code TEXT,
    PRIMARY KEY (effect_id, at, kind, link)
);
CREATE INDEX machine_event_at ON machine_event (at);
-- What is held may turn out to be a machine's.
ALTER TABLE held_click ADD COLUMN address_code TEXT;
