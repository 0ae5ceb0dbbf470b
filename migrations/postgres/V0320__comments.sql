-- What people say of a definition while it is made. `answers` is the first comment of its thread, none for that one; `block` is the
-- part of the design that a thread is pinned to, none for what is about the whole.
CREATE TABLE definition_comment (
    id BIGINT PRIMARY KEY,
    document_id BIGINT NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    answers BIGINT REFERENCES definition_comment (id) ON DELETE CASCADE,
    block TEXT,
    written_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    text TEXT NOT NULL,
    resolved_by TEXT
);
CREATE INDEX definition_comment_of ON definition_comment (document_id, id);
CREATE INDEX definition_comment_answers ON definition_comment (answers) WHERE answers IS NOT NULL;
