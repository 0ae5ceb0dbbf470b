-- When a thread was resolved, and when a comment was last written anew; none for what was resolved before this was kept.
ALTER TABLE definition_comment ADD COLUMN resolved_at BIGINT;
ALTER TABLE definition_comment ADD COLUMN edited_at BIGINT;
