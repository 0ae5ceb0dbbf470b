-- Aggregate reports of receivers about mail of sending domains (DMARC): each once, by who reports and their own number for it.
CREATE TABLE dmarc_report (
    org TEXT NOT NULL,
    report_id TEXT NOT NULL,
    begin_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    policy_domain TEXT NOT NULL,
    policy TEXT NOT NULL,
    PRIMARY KEY (org, report_id)
);
CREATE INDEX dmarc_report_end ON dmarc_report (end_at);

-- What such a report says of a sending domain, by its key: messages from one address that fared alike.
CREATE TABLE dmarc_row (
    org TEXT NOT NULL,
    report_id TEXT NOT NULL,
    no BIGINT NOT NULL,
    sending_domain TEXT NOT NULL,
    end_at BIGINT NOT NULL,
    source TEXT NOT NULL,
    messages BIGINT NOT NULL,
    dkim BOOLEAN NOT NULL,
    spf BOOLEAN NOT NULL,
    disposition TEXT NOT NULL,
    from_domain TEXT NOT NULL,
    dkim_seen TEXT NOT NULL,
    spf_seen TEXT NOT NULL,
    PRIMARY KEY (org, report_id, no)
);
CREATE INDEX dmarc_row_domain ON dmarc_row (sending_domain, end_at);
CREATE INDEX dmarc_row_end ON dmarc_row (end_at);
