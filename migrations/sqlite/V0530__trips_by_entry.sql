-- Travellers of a journey are listed, and searched through, as they entered.
CREATE INDEX enrollment_entered ON enrollment (journey_id, entered_at, id);
