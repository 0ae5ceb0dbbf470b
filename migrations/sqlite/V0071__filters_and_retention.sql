-- Conditions as SQL, and what retention deletes by. `caravan_fold`, which folds text as it is compared, is registered with
-- each connection; PostgreSQL has it as a function of its own.

CREATE INDEX activity_seen_received ON activity_seen (received_at);
CREATE INDEX parked_activity_received ON parked_activity (received_at);
