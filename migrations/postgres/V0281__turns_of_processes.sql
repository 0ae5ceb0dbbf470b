-- Whose a call is: the number that its process shows as long as it is there; none where nobody could show one.
ALTER TABLE call_turn ADD COLUMN process BIGINT;
