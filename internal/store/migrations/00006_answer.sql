-- Answers to requests that may be sent again under the same key.

-- +goose Up

CREATE TABLE kept_answer (
    key        {{bytes}} NOT NULL PRIMARY KEY, -- of who asks and the key they gave, as a hash
    request    {{bytes}} NOT NULL,             -- a hash of what is asked for
    created_at BIGINT    NOT NULL,
    status     BIGINT    NOT NULL,             -- 0 while there is no answer yet
    header     TEXT      NOT NULL,
    body       {{bytes}} NOT NULL
);
CREATE INDEX kept_answer_age ON kept_answer (created_at);
