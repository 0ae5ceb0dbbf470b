-- Answers of other systems' consent pages that were taken already, until they would be too old anyway: each counts once.
CREATE TABLE consent_spent (
    once TEXT PRIMARY KEY,
    ends_at BIGINT NOT NULL
);
