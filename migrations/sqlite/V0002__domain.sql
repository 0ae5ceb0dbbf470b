-- Definitions, accounts, people, lists and buying groups.
-- Instants are microseconds since the epoch. The same number means the same thing in migrations/postgres.

-- Everything a person designs: one typed document per (kind, key); `body` is the draft.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    live_version_id BIGINT,
    paused BOOLEAN NOT NULL DEFAULT FALSE,
    starts_at BIGINT,
    ends_at BIGINT,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    published_at BIGINT,
    published_by TEXT,
    CONSTRAINT document_key UNIQUE (kind, key)
);

-- A published version never changes. `frozen` holds the emails, texts and fragments that it uses.
CREATE TABLE document_version (
    id INTEGER PRIMARY KEY,
    document_id BIGINT NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    no BIGINT NOT NULL,
    body TEXT NOT NULL,
    frozen TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    published_by TEXT NOT NULL,
    CONSTRAINT document_version_no UNIQUE (document_id, no)
);

-- One row that every change of a definition counts up, so that compiled plans know when to look again.
CREATE TABLE definitions_revision (one INTEGER PRIMARY KEY, revision BIGINT NOT NULL);
INSERT INTO definitions_revision VALUES (1, 0);

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    shard BIGINT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    industry TEXT,
    annual_revenue DOUBLE PRECISION,
    employees BIGINT,
    sic_code TEXT,
    website TEXT,
    logo_url TEXT,
    phone TEXT,
    street TEXT,
    city TEXT,
    region TEXT,
    state TEXT,
    postal_code TEXT,
    country TEXT,
    country_code TEXT,
    source_type TEXT,
    description TEXT,
    time_zone TEXT,
    owner_email TEXT,
    parent_id BIGINT,
    custom TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT account_key UNIQUE (key)
);

-- Whole shards are walked in order of id when a list is evaluated or a journey opens.
CREATE INDEX account_shard ON account (shard, id);

CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    shard BIGINT NOT NULL,
    key TEXT NOT NULL,
    email TEXT,
    salutation TEXT,
    first_name TEXT,
    middle_name TEXT,
    last_name TEXT,
    birth_date TEXT,
    job_title TEXT,
    department TEXT,
    phone TEXT,
    mobile_phone TEXT,
    fax TEXT,
    street TEXT,
    city TEXT,
    state TEXT,
    inferred_state TEXT,
    postal_code TEXT,
    country TEXT,
    status TEXT,
    time_zone TEXT,
    locale TEXT,
    unsubscribed BOOLEAN NOT NULL DEFAULT FALSE,
    unsubscribed_reason TEXT,
    -- The person opted out themselves (link, one-click): an import never lifts it.
    unsubscribed_by_person BOOLEAN NOT NULL DEFAULT FALSE,
    email_invalid BOOLEAN NOT NULL DEFAULT FALSE,
    email_suspended BOOLEAN NOT NULL DEFAULT FALSE,
    marketing_suspended BOOLEAN NOT NULL DEFAULT FALSE,
    marketing_suspended_cause TEXT,
    sms_consent TEXT,
    test_profile BOOLEAN NOT NULL DEFAULT FALSE,
    custom TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT person_key UNIQUE (key)
);
CREATE INDEX person_shard ON person (shard, id);
CREATE INDEX person_email ON person (email);

CREATE TABLE account_person (
    account_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    roles TEXT,
    PRIMARY KEY (account_id, person_id)
) WITHOUT ROWID;
CREATE INDEX account_person_person ON account_person (person_id);

-- Named scores; a missing row is 0. `score_id` is the document of kind score.
CREATE TABLE person_score (
    person_id BIGINT NOT NULL,
    score_id BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (person_id, score_id)
) WITHOUT ROWID;

-- Members of account lists, account audiences, people lists and people audiences: `list_id` is the document,
-- whose kind and subject say what `subject_id` is.
CREATE TABLE list_member (
    list_id BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (list_id, subject_id)
) WITHOUT ROWID;
CREATE INDEX list_member_subject ON list_member (subject_id, list_id);

CREATE TABLE buying_group (
    id INTEGER PRIMARY KEY,
    shard BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    interest_id BIGINT NOT NULL,
    stage TEXT,
    status TEXT,
    completeness DOUBLE PRECISION,
    engagement DOUBLE PRECISION,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT buying_group_account_interest UNIQUE (account_id, interest_id)
);

CREATE TABLE group_member (
    group_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    source TEXT NOT NULL,
    removed BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, person_id)
) WITHOUT ROWID;
CREATE INDEX group_member_person ON group_member (person_id);

-- Local users and API tokens; secrets are stored as hashes only.
CREATE TABLE app_user (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    CONSTRAINT app_user_email UNIQUE (email)
);
CREATE TABLE app_session (
    token_hash TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE api_token (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT api_token_name UNIQUE (name),
    CONSTRAINT api_token_hash UNIQUE (token_hash)
);

-- Who did what by hand.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT
);
