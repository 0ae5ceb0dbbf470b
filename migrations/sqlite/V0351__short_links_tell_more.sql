-- What a short link adds to where it leads: campaign parameters, and whether the site is told who comes.
ALTER TABLE short_link ADD COLUMN parameters TEXT NOT NULL DEFAULT '';
ALTER TABLE short_link ADD COLUMN visitor BOOLEAN NOT NULL DEFAULT FALSE;
