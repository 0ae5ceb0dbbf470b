-- Why a message is put off until `not_before`, and for how long quiet hours have held it, all such waiting added up (microseconds).
ALTER TABLE outbox ADD COLUMN held TEXT;
ALTER TABLE outbox ADD COLUMN quiet_for BIGINT NOT NULL DEFAULT 0;
-- What is held at a journey's nodes, counted without looking at rows; and what is held of a person.
CREATE INDEX outbox_held ON outbox (version_id, node, held, lane, not_before) WHERE held IS NOT NULL;
CREATE INDEX outbox_held_person ON outbox (person_id) WHERE held IS NOT NULL;
