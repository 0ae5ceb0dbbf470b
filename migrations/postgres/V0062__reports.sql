-- What is heard of messages after they have left, consent to text messages, short links.

-- How a message fares with those who carry it on: reports come late, repeated and out of order, the highest rank holds.
CREATE TABLE delivery_report (
    effect_id BIGINT PRIMARY KEY,
    rank BIGINT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    message TEXT,
    at BIGINT NOT NULL
);

-- Whether a number takes messages of a sender (a number or a messaging service of ours): `y` or `n`.
CREATE TABLE text_consent (
    phone TEXT NOT NULL,
    sender TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (phone, sender)
);

-- Links of text messages: what stands behind the few characters of the address.
CREATE TABLE short_link (
    code TEXT PRIMARY KEY,
    effect_id BIGINT NOT NULL,
    link BIGINT NOT NULL,
    target TEXT NOT NULL,
    made_at BIGINT NOT NULL
);

CREATE INDEX person_mobile_phone ON person (mobile_phone) WHERE mobile_phone IS NOT NULL;
