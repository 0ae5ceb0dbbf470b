-- Calls of systems whose limits hold for all processes together. The row of a door is its lock.
CREATE TABLE call_door (
    whose TEXT PRIMARY KEY,
    next_turn INTEGER NOT NULL,
    day TEXT NOT NULL,
    made INTEGER NOT NULL,
    rests_until INTEGER NOT NULL
) WITHOUT ROWID;

-- Calls of the last window, and those under way.
CREATE TABLE call_turn (
    whose TEXT NOT NULL,
    turn INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    ended BOOLEAN NOT NULL,
    PRIMARY KEY (whose, turn)
) WITHOUT ROWID;
