-- Journeys, complete: what nodes keep in mind of a waiting traveller, goals, variant splits.

-- JSON of the node at which the traveller waits: events counted, answers of services; before the first step, why it
-- entered. It takes the place of the one number that a listener counted.
ALTER TABLE enrollment ADD COLUMN memory TEXT;
UPDATE enrollment SET memory = '{"counts":[' || heard || ']}' WHERE heard > 0 AND ended_at IS NULL;
ALTER TABLE enrollment DROP COLUMN heard;

-- When the journey's goal was met; on whoever met it before, when it entered.
ALTER TABLE enrollment ADD COLUMN goal_at BIGINT;

-- Whoever is inside must be due or listen. The sweeper looks here for those that are neither; it is always empty.
CREATE INDEX enrollment_stuck ON enrollment (id) WHERE ended_at IS NULL AND due_at IS NULL AND NOT listening;

-- How many travellers a variant split has shared out: one row per node, so that the quota holds with many workers.
CREATE TABLE variant_counter (
    version_id BIGINT NOT NULL,
    node BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (version_id, node)
);
