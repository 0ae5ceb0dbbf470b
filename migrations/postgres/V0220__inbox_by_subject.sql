-- No step's cut goes through what one subject was told: the rest of it is looked up. Steps also ask here what was asked before
-- and not done yet.
DROP INDEX inbox_asked;
CREATE INDEX inbox_subject ON inbox (subject_id) WHERE subject_id IS NOT NULL;
