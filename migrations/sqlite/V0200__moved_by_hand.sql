-- What people ask of single travellers stands before everything else that a step takes in.
CREATE INDEX inbox_by_hand ON inbox (shard, id) WHERE kind IN ('remove', 'skip', 'leave_out');
