-- Whether the hosts of a connection may lead to this machine or into a private
-- network. Those that were there before stay as they were.

-- +goose Up

ALTER TABLE connection ADD COLUMN inside BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE connection SET inside = TRUE WHERE cloud = 'custom';
