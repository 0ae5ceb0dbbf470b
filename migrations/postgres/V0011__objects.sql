-- Records of custom objects and opportunities: each belongs to one account or one person, as its object says.
-- `object_id` is the document of kind custom_object, 0 the built-in opportunity. `fields` holds the values as they were
-- written, `folded` those of text fields in the form in which they are compared.
CREATE TABLE object_record (
    id BIGINT PRIMARY KEY,
    object_id BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    fields JSONB NOT NULL,
    folded JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT object_record_key UNIQUE (object_id, key)
);
CREATE INDEX object_record_subject ON object_record (object_id, subject_id, id);

-- Who put an address on the do-not-contact list: `import`, `delivery`, the name of a user …
ALTER TABLE suppression ADD COLUMN source TEXT NOT NULL DEFAULT 'delivery';
