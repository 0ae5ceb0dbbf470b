-- People change far more often than they come: room on each page lets a changed row stay beside its old version, so that none of
-- the indexes has to be written (heap-only updates).
ALTER TABLE person SET (fillfactor = 70);
