-- Engagement: what people did lately, what it makes of them and of their groups, and how that was day by day.
-- Days are counted from 1970-01-01, in the organisation's time zone.

-- 0 to 100, exact; written by the daily run alone.
ALTER TABLE person ADD COLUMN engagement DOUBLE PRECISION NOT NULL DEFAULT 0;

-- What a person did within the window of the last run, by type: `counted` is capped day by day, `total` is not.
CREATE TABLE engagement_count (
    shard BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    type TEXT NOT NULL,
    counted BIGINT NOT NULL,
    total BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (shard, person_id, type)
);
CREATE INDEX engagement_count_person ON engagement_count (person_id);

-- One daily run: from which day's data, with what weights (`weights` is JSON, type → normalised weight), and by what the
-- raw sums were scaled. The newest that has finished is in force.
CREATE TABLE engagement_run (
    day BIGINT PRIMARY KEY,
    norm TEXT NOT NULL,
    model TEXT,
    weights JSONB NOT NULL,
    largest_person DOUBLE PRECISION NOT NULL,
    largest_group DOUBLE PRECISION NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);

-- A group's sum before scaling, of the run that is under way.
ALTER TABLE buying_group ADD COLUMN engagement_raw DOUBLE PRECISION;

-- Scores day by day, of groups and of people who did anything.
CREATE TABLE score_day (
    shard BIGINT NOT NULL,
    day BIGINT NOT NULL,
    of_people BOOLEAN NOT NULL,
    subject_id BIGINT NOT NULL,
    completeness DOUBLE PRECISION,
    engagement DOUBLE PRECISION,
    norm TEXT NOT NULL,
    PRIMARY KEY (shard, day, of_people, subject_id)
);
CREATE INDEX score_day_subject ON score_day (subject_id, of_people, day);
