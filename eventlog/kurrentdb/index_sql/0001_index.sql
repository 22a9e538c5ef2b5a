-- Where things stand in the log that KurrentDB keeps: found by stream, by command, by position. Nothing here is truth:
-- emptied, it is computed again from the log. The facts themselves are not here.

-- One row: how far the index has come. `record` is the id of the record at `revision`, so that an index which has
-- seen another history of the log is noticed; the row's lock lets one process at a time move it.
CREATE TABLE log_index.log (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    department text NOT NULL,
    generation integer NOT NULL DEFAULT 1,
    position bigint NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT 'epoch',
    revision bigint NOT NULL DEFAULT -1,
    record uuid,
    -- A process that always finds its place in the log taken asks the others to pause: who, and until when.
    asked_by uuid,
    asked_until timestamptz NOT NULL DEFAULT 'epoch'
);

-- digest: so that the next event of a stream can be chained without reading the last one.
CREATE TABLE log_index.facts (
    revision bigint NOT NULL,
    version integer NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT facts_version PRIMARY KEY (tenant, stream, version)
);

CREATE TABLE log_index.commands (
    id uuid NOT NULL,
    revision bigint NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    CONSTRAINT commands_id PRIMARY KEY (tenant, id)
);

-- The records that are no facts: commands that appended nothing, raised generations. `skipped` counts them up to and
-- with this one, so the record of a position is at position - 1 + skipped, of the last of them before it.
CREATE TABLE log_index.skips (
    position bigint NOT NULL,
    skipped bigint NOT NULL,
    CONSTRAINT skips_position PRIMARY KEY (position, skipped)
);
