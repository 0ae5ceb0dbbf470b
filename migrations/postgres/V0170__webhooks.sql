-- Who hears of activities outside: which types each webhook asked for (`*`: all) and the lane in which they are told.
CREATE TABLE webhook_subscription (
    document_id BIGINT NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    activity TEXT NOT NULL,
    lane TEXT NOT NULL,
    PRIMARY KEY (document_id, activity)
);

-- The log of a webhook: `node` is the webhook.
CREATE INDEX ledger_webhook ON ledger (node, id) WHERE kind = 'webhook';

-- What the log forgets.
CREATE INDEX ledger_webhook_decided ON ledger (decided_at) WHERE kind = 'webhook';
