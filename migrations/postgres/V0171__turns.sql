-- Calls of systems whose limits hold for all processes together. The row of a door is its lock.
CREATE TABLE call_door (
    whose TEXT PRIMARY KEY,
    next_turn BIGINT NOT NULL,
    day TEXT NOT NULL,
    made BIGINT NOT NULL,
    rests_until BIGINT NOT NULL
);

-- Calls of the last window, and those under way.
CREATE TABLE call_turn (
    whose TEXT NOT NULL,
    turn BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    ended BOOLEAN NOT NULL,
    PRIMARY KEY (whose, turn)
);
