-- +goose Up

-- What a module does by itself.
CREATE TABLE automation (
    id         {{serial}},
    account_id BIGINT  NOT NULL REFERENCES account (id),
    module_id  BIGINT  NOT NULL REFERENCES module (id),
    name       TEXT    NOT NULL,
    name_key   TEXT    NOT NULL,
    enabled    BOOLEAN NOT NULL,
    ready      TEXT    NOT NULL, -- the ready-made one it began as; '' for others
    kind       TEXT    NOT NULL, -- of its trigger
    definition TEXT    NOT NULL, -- JSON: trigger, conditions, actions, limits
    version    BIGINT  NOT NULL,
    next_at    BIGINT,           -- of a schedule: when it comes round; NULL when it does not
    looked_at  BIGINT,           -- up to when the calendar was looked through; NULL for not yet
    fired_at   BIGINT,           -- when it last had something to do
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    UNIQUE (module_id, name_key)
);
CREATE INDEX automation_kind ON automation (module_id, kind);

-- Modules that have been given the ready-made ones, so that one that was removed
-- does not come back.
CREATE TABLE automation_ready (
    module_id {{id}},
    at        BIGINT NOT NULL
);

-- What happened that some automation listens to, until it has been looked at.
CREATE TABLE automation_event (
    id         {{serial}},
    module_id  BIGINT NOT NULL,
    document   TEXT   NOT NULL -- JSON
);

-- The automations that led to the latest run of a connection that one asked for.
CREATE TABLE automation_chain (
    connection_id {{id}},
    chain         TEXT NOT NULL -- JSON
);

-- What an automation had to do, once a cause.
CREATE TABLE automation_firing (
    id            {{serial}},
    automation_id BIGINT NOT NULL,
    cause_key     TEXT   NOT NULL, -- the cause, told apart from others: the same one fires once
    at            BIGINT NOT NULL,
    cause         TEXT   NOT NULL, -- a sentence
    subjects      TEXT   NOT NULL, -- JSON
    chain         TEXT   NOT NULL, -- JSON: the automations that led to it
    stopped       TEXT   NOT NULL, -- why nothing was done; '' otherwise
    UNIQUE (automation_id, cause_key)
);
CREATE INDEX automation_firing_log ON automation_firing (automation_id, id);

-- One action of a firing.
CREATE TABLE automation_act (
    id            {{serial}},
    firing_id     BIGINT NOT NULL,
    automation_id BIGINT NOT NULL,
    seq           BIGINT NOT NULL, -- which of the automation's actions
    state         TEXT   NOT NULL, -- waiting, done, failed, given up
    due_at        BIGINT NOT NULL, -- when it is done, or tried again
    attempts      BIGINT NOT NULL,
    sent          BIGINT NOT NULL, -- messages that left
    done_at       BIGINT,
    outcome       TEXT   NOT NULL  -- a sentence
);
CREATE INDEX automation_act_due ON automation_act (due_at) WHERE state = 'waiting';
CREATE INDEX automation_act_firing ON automation_act (firing_id, seq);
CREATE INDEX automation_act_sent ON automation_act (automation_id, done_at);

CREATE INDEX custody_due ON custody (account_id, due_at) WHERE checked_in_at IS NULL AND due_at IS NOT NULL;
