-- +goose Up

-- Programs that may speak for a user, or for a module under a role of their own.
-- The token itself is nowhere, only its hash.
CREATE TABLE api_token (
    id         {{serial}},
    token      {{bytes}} NOT NULL UNIQUE,
    name       TEXT   NOT NULL,
    scope      TEXT   NOT NULL, -- read, write, everything
    login_id   BIGINT NOT NULL, -- whose rights it has; 0 for a service token
    account_id BIGINT NOT NULL, -- where a service token was made; else 0
    module_id  BIGINT NOT NULL, -- likewise
    role_id    BIGINT NOT NULL, -- of a service token; else 0
    created_by TEXT   NOT NULL, -- the name of who made it, at the time
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL, -- 0 until it is used
    address    TEXT   NOT NULL  -- where it was last used from
);
CREATE INDEX api_token_login ON api_token (login_id);
CREATE INDEX api_token_module ON api_token (module_id);
