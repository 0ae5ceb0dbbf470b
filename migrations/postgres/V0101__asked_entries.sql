-- Whom a step asks about what was asked before and not done yet: entries into journeys and departures from them.
CREATE INDEX inbox_asked ON inbox (subject_id) WHERE kind IN ('enter', 'leave');
