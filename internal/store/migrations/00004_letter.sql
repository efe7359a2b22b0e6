-- +goose Up

-- The server that takes letters: one row, or none.
CREATE TABLE mail_server (
    id          {{id}},
    host        TEXT   NOT NULL,
    port        BIGINT NOT NULL,
    security    TEXT   NOT NULL, -- tls, starttls, none
    username    TEXT   NOT NULL,
    sealed      {{bytes}},       -- the password
    sender      TEXT   NOT NULL,
    sender_name TEXT   NOT NULL,
    ca_pem      TEXT   NOT NULL  -- '' for the certificates that the machine trusts
);

-- Letters on their way, and those of the last weeks.
CREATE TABLE letter (
    id            {{serial}},
    account_id    BIGINT NOT NULL, -- what it is about; 0 for the organization
    module_id     BIGINT NOT NULL,
    recipient     TEXT   NOT NULL,
    subject       TEXT   NOT NULL,
    body          TEXT   NOT NULL, -- plain text; '' once sent, when it held a secret
    secret        BOOLEAN NOT NULL,
    key           {{key}},         -- another letter of the same key is the same letter
    state         TEXT   NOT NULL, -- queued, sent, failed
    attempts      BIGINT NOT NULL,
    next_at       BIGINT NOT NULL, -- of a queued one: not before; while a process sends it, until when it is that one's
    error         TEXT   NOT NULL, -- of the last attempt
    created_at    BIGINT NOT NULL,
    done_at       BIGINT NOT NULL  -- when it was sent or given up; 0 before
);
CREATE UNIQUE INDEX letter_key ON letter (key) WHERE key IS NOT NULL;
CREATE INDEX letter_due ON letter (next_at) WHERE state = 'queued';
