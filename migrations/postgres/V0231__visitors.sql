-- Visitors of web sites who were recognised by a link that they followed: whose the id is that the site gave their browser.
CREATE TABLE visitor (
    anonymous_id TEXT PRIMARY KEY,
    person_id BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX visitor_person ON visitor (person_id);
CREATE INDEX visitor_seen ON visitor (seen_at);
