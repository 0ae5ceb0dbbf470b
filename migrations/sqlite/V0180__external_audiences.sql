-- External audiences: who is to be looked at again, and what each destination holds of each person.

-- Somebody joined or left, or changed in what a destination is told. Every mark has a stamp of its own and is taken away by
-- those who saw it: what is marked meanwhile stays.
CREATE TABLE audience_mark (
    stamp BIGINT NOT NULL,
    audience_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    PRIMARY KEY (stamp, audience_id, person_id)
) WITHOUT ROWID;

-- One person of one audience at one destination. `element` is what stands there, `maybe` what may stand there beside it: it
-- was said, and nobody knows whether it was heard. Both in the destination's own form.
CREATE TABLE audience_standing (
    audience_id BIGINT NOT NULL,
    destination_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    element TEXT,
    maybe TEXT,
    told_at BIGINT,
    round BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (audience_id, destination_id, person_id)
) WITHOUT ROWID;
CREATE INDEX audience_standing_person ON audience_standing (person_id, audience_id);
-- Two people with the same address are one over there: it goes when the last of them goes.
CREATE INDEX audience_standing_element ON audience_standing (audience_id, destination_id, element) WHERE element IS NOT NULL;
