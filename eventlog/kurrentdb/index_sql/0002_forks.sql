-- Where each generation of the log began, as its record says: up to `position` it is what the one before it was.
CREATE TABLE log_index.forks (
    generation integer PRIMARY KEY,
    position bigint NOT NULL
);

-- An index that has passed such a record already is computed again.
DO $$
BEGIN
    IF (SELECT generation FROM log_index.log) > 1 THEN
        TRUNCATE log_index.facts, log_index.commands, log_index.skips;
        UPDATE log_index.log SET generation = 1, position = 0, recorded_at = 'epoch', revision = -1, record = NULL;
    END IF;
END
$$;
