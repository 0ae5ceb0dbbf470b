-- What was said to messages of a channel, by whom and how it came in: appended, never changed. `value` is `y` or `n`, none where
-- what was said before is taken back. `address` is an email address, folded, all of a domain as `@acme.example`, a number as
-- `+` and digits; of an erased person it is `#` and a fingerprint.
CREATE TABLE consent_record (
    id BIGINT PRIMARY KEY,
    person_id BIGINT,
    address TEXT,
    channel TEXT NOT NULL,
    sender TEXT,
    value TEXT,
    reason TEXT,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    evidence TEXT
);
CREATE INDEX consent_record_person ON consent_record (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX consent_record_address ON consent_record (address, id) WHERE address IS NOT NULL;

-- Whose records are those of a person who was merged into another one.
CREATE TABLE consent_heir (
    gone_id BIGINT PRIMARY KEY,
    person_id BIGINT NOT NULL
);
CREATE INDEX consent_heir_person ON consent_heir (person_id);

-- Nothing is taken out, and the only change there is takes away whose a record is, and what shows it.
CREATE TRIGGER consent_record_stays BEFORE DELETE ON consent_record
BEGIN
    SELECT RAISE(ABORT, 'records of consent are not deleted');
END;
CREATE TRIGGER consent_record_holds BEFORE UPDATE ON consent_record
WHEN NEW.person_id IS NOT NULL OR NEW.evidence IS NOT NULL
    OR NEW.address NOT LIKE '#%'
    OR NEW.id IS NOT OLD.id OR NEW.channel IS NOT OLD.channel OR NEW.sender IS NOT OLD.sender
    OR NEW.value IS NOT OLD.value OR NEW.source IS NOT OLD.source OR NEW.at IS NOT OLD.at
BEGIN
    SELECT RAISE(ABORT, 'records of consent are not changed');
END;
