-- Data keys, wrapped by the master key. A destroyed key keeps its row, so that "destroyed" is never taken for "unknown".
CREATE SCHEMA IF NOT EXISTS keyring;

CREATE TABLE keyring.data_keys (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    wrapped bytea,
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
