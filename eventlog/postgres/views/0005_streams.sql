-- What a department's streaming topologies keep beside their rows. All of it, and the rows, is thrown away together
-- when they begin anew, in another epoch.
CREATE TABLE views.stream_epoch (
    id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    epoch integer NOT NULL DEFAULT 0,
    streamed boolean NOT NULL DEFAULT false
);
INSERT INTO views.stream_epoch DEFAULT VALUES;

-- Every position up to this one is in the rows. Positions are contiguous in a log, so one that is left out is noticed.
CREATE TABLE views.stream_heard (
    source text PRIMARY KEY,
    generation bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 50);

-- Positions behind it that are in the rows although some before them are not: partitions go side by side.
CREATE TABLE views.stream_ahead (
    source text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (source, position)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

-- Facts that wait in the retry topic. They are not in the rows, so that position does not pass them.
CREATE TABLE views.stream_parked (
    tenant text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    source text NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, stream, version)
);
