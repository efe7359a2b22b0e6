-- Wrong passwords and codes of late, and what is good once: every process on the
-- database counts together.

-- +goose Up

CREATE TABLE attempt (
    key      {{bytes}} NOT NULL PRIMARY KEY, -- a hash of what it is about
    failures BIGINT    NOT NULL,
    last_at  BIGINT    NOT NULL              -- the last of them; forgotten an hour later
);
CREATE INDEX attempt_age ON attempt (last_at);
