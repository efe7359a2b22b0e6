-- +goose Up

-- Work that the servers over one database share: what is due, what one of them
-- does, and what became of it.
CREATE TABLE job (
    id          {{serial}},
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL, -- what it is about, such as the number of a connection; ''
    state       TEXT    NOT NULL, -- waiting, running, done, failed, cancelled
    due_at      BIGINT  NOT NULL, -- waiting: not before
    attempt     BIGINT  NOT NULL, -- how often it was begun
    worker      TEXT    NOT NULL, -- the server that does it, or did it last; '' before
    beat        BIGINT  NOT NULL, -- grows while its worker is at it
    stopping    BOOLEAN NOT NULL, -- running: somebody asked for its end
    created_at  BIGINT  NOT NULL,
    started_at  BIGINT  NOT NULL, -- 0 before
    finished_at BIGINT  NOT NULL, -- 0 before
    error       TEXT    NOT NULL, -- of the last attempt
    hint        TEXT    NOT NULL
);
-- One that waits or runs for each subject.
CREATE UNIQUE INDEX job_open ON job (kind, subject) WHERE state IN ('waiting', 'running');
CREATE INDEX job_due ON job (due_at) WHERE state = 'waiting';
CREATE INDEX job_finished ON job (finished_at) WHERE finished_at > 0;
