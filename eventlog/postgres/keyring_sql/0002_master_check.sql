-- What tells the master key that wrapped the keys here from any other: an HMAC of a fixed label under it.
CREATE TABLE keyring.master_check (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    value bytea NOT NULL
);
