-- How many effects of a lane were handed over on a calendar day, for connections that are warmed up by plan.
CREATE TABLE lane_day (
    lane TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    handed BIGINT NOT NULL
);
