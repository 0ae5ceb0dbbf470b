-- What a provider of text messages reported about the account or the sender: by connection and the provider's code. `rests_until` is none
-- for what is only told; `rests` is how often it has rested in a row; `probed` says that one message was let through since to find out
-- whether it is over.
CREATE TABLE text_trouble (
    connection TEXT NOT NULL,
    code TEXT NOT NULL,
    since BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    rests BIGINT NOT NULL,
    rests_until BIGINT,
    probed BOOLEAN NOT NULL,
    PRIMARY KEY (connection, code)
);
