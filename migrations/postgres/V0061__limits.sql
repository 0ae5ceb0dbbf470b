-- What limits messages at the moment of delivery: communication caps, deduplication, pace.

-- One cap of one person, address or account in one window, and how much of it is used. The row is the lock.
CREATE TABLE cap_window (
    key TEXT PRIMARY KEY,
    used BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX cap_window_ends ON cap_window (ends_at);

-- Who uses it: an effect, or (account pressure) a person through an effect.
CREATE TABLE cap_use (
    key TEXT NOT NULL,
    unit TEXT NOT NULL,
    effect_id BIGINT NOT NULL,
    PRIMARY KEY (key, unit, effect_id)
);
CREATE INDEX cap_use_effect ON cap_use (effect_id);

-- The trip that has an address at a node of a journey, where the journey deduplicates; free again when the trip has ended.
CREATE TABLE address_lock (
    key TEXT PRIMARY KEY,
    enrollment_id BIGINT NOT NULL,
    effect_id BIGINT NOT NULL
);
CREATE INDEX address_lock_effect ON address_lock (effect_id);

-- A bucket of messages that fills at a rate: of a lane, or of a destination that asked for less.
CREATE TABLE pace (
    name TEXT PRIMARY KEY,
    per_second DOUBLE PRECISION NOT NULL,
    tokens DOUBLE PRECISION NOT NULL,
    filled_at BIGINT NOT NULL,
    refusals BIGINT NOT NULL,
    rests_until BIGINT NOT NULL
);
