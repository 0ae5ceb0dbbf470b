-- A traveller that failed loses nothing by it: what it waited for, and what it has heard and been answered, is kept until
-- its next try. Its enrollment's due_at is that try.
ALTER TABLE problem ADD COLUMN due_at BIGINT;
ALTER TABLE problem ADD COLUMN unheard TEXT;
UPDATE problem SET due_at = (SELECT e.due_at FROM enrollment AS e WHERE e.id = problem.enrollment_id);
