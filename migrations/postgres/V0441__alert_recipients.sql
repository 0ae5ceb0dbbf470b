-- What became of a sales alert for each colleague. `key` is the key under which their message left, `outcome` one of the ledger's, or
-- `bounced`.
CREATE TABLE alert_recipient (
    effect_id BIGINT NOT NULL,
    address TEXT NOT NULL,
    key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    message TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (effect_id, address)
);
CREATE INDEX alert_recipient_key ON alert_recipient (key);
CREATE INDEX alert_recipient_address ON alert_recipient (address, at);
