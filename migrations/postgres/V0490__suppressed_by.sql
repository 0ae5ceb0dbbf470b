-- Who put an address on the list, where somebody did: a user's address, or `token:NAME`.
ALTER TABLE suppression ADD COLUMN added_by TEXT;
