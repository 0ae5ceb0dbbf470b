-- Buying groups: since when somebody is a member, where a group has stood, and groups that were put away.

ALTER TABLE group_member ADD COLUMN added_at BIGINT;
ALTER TABLE group_member ADD COLUMN removed_at BIGINT;
UPDATE group_member SET added_at = changed_at, removed_at = CASE WHEN removed THEN changed_at END;

-- A group that was put away is shown no more and moves no more; it is kept for reports, with the key of its interest,
-- which may be gone.
ALTER TABLE buying_group ADD COLUMN archived_at BIGINT;
ALTER TABLE buying_group ADD COLUMN archived_interest TEXT;
-- Lists show what changed last first; maintenance walks an interest shard by shard.
CREATE INDEX buying_group_updated ON buying_group (updated_at, id);
CREATE INDEX buying_group_interest ON buying_group (interest_id, shard, id);

-- Where a group has stood; append only. A stage is kept by name, so that history outlives its model.
CREATE TABLE stage_change (
    group_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    old_stage TEXT,
    new_stage TEXT,
    source TEXT NOT NULL
);
CREATE INDEX stage_change_group ON stage_change (group_id, at);
CREATE INDEX stage_change_at ON stage_change (at);

-- How often members were added to a role, by interest and month (months since 1970). Each addition counts; removals do
-- not subtract. `slot` keeps concurrent writers apart, readers sum.
CREATE TABLE role_acquired (
    interest_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    month BIGINT NOT NULL,
    slot BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (interest_id, role, month, slot)
);
