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
    evidence JSONB
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
CREATE FUNCTION consent_record_guard() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'records of consent are not deleted';
    END IF;
    IF NEW.person_id IS NOT NULL OR NEW.evidence IS NOT NULL
        OR NEW.address NOT LIKE '#%'
        OR NEW.id IS DISTINCT FROM OLD.id OR NEW.channel IS DISTINCT FROM OLD.channel
        OR NEW.sender IS DISTINCT FROM OLD.sender OR NEW.value IS DISTINCT FROM OLD.value
        OR NEW.source IS DISTINCT FROM OLD.source OR NEW.at IS DISTINCT FROM OLD.at THEN
        RAISE EXCEPTION 'records of consent are not changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_record_holds BEFORE UPDATE OR DELETE ON consent_record
FOR EACH ROW EXECUTE FUNCTION consent_record_guard();
