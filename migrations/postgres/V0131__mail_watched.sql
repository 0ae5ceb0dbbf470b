-- What is watched about mail and text messages: reports that have not come, mailboxes that cannot be read, domains in the DNS.

-- Text messages that the provider took and of whose end nothing was heard yet: it is asked at `ask_at`.
CREATE TABLE text_unheard (
    effect_id BIGINT PRIMARY KEY,
    connection TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    asked BIGINT NOT NULL,
    ask_at BIGINT NOT NULL
);
CREATE INDEX text_unheard_ask ON text_unheard (ask_at);

-- Mailboxes for bounces that could not be read when they were last looked into, by the key of their connection.
CREATE TABLE mailbox_trouble (
    connection TEXT PRIMARY KEY,
    message TEXT NOT NULL,
    since BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

-- What was found in the DNS about a sending domain when it was last looked up, by its key.
CREATE TABLE domain_check (
    domain TEXT PRIMARY KEY,
    checked_at BIGINT NOT NULL,
    well BOOLEAN NOT NULL,
    found TEXT NOT NULL
);
