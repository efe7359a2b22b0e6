-- +goose Up

-- Files on their way into a collection. They are in the database so that each
-- server over it can go on with what another has received.
CREATE TABLE upload (
    id            TEXT    NOT NULL PRIMARY KEY, -- cannot be guessed
    login_id      BIGINT  NOT NULL, -- whose it is; nobody else sees it
    collection_id BIGINT  NOT NULL,
    name          TEXT    NOT NULL, -- of the file
    encoding      TEXT    NOT NULL,
    size          BIGINT  NOT NULL, -- bytes
    standing      TEXT    NOT NULL, -- JSON: columns, how they are matched, and the last reading
    reader        TEXT    NOT NULL, -- who reads it; '' for nobody
    beat_at       BIGINT  NOT NULL, -- the last sign of life of the reader
    stopping      BOOLEAN NOT NULL, -- somebody asked for the end of the reading
    used_at       BIGINT  NOT NULL
);
CREATE INDEX upload_whose ON upload (login_id, collection_id);
CREATE INDEX upload_used ON upload (used_at);
CREATE TABLE upload_part (
    upload_id TEXT      NOT NULL,
    file      BIGINT    NOT NULL, -- 0 as it was received, 1 the rows that were set aside
    seq       BIGINT    NOT NULL,
    data      {{bytes}} NOT NULL,
    PRIMARY KEY (upload_id, file, seq)
);
