-- What keeps the buying groups of an interest: creating them and maintaining them, standing and on demand.

-- `run` counts how often a job was asked for; its work is done shard by shard.
CREATE TABLE group_job (
    interest_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    run BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_by TEXT NOT NULL,
    PRIMARY KEY (interest_id, kind)
);

-- What a job did in one shard, written by the step that holds it: since its run began, and what followed by itself.
CREATE TABLE group_job_shard (
    interest_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    shard BIGINT NOT NULL,
    run BIGINT NOT NULL,
    done_at BIGINT,
    looked_at BIGINT NOT NULL,
    created BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (interest_id, kind, shard)
);

-- The daily run walks groups shard by shard.
CREATE INDEX buying_group_shard ON buying_group (shard, id);
