-- Somebody asked for another try of what waits in the retry topic, before it is due.
ALTER TABLE views.stream_parked ADD COLUMN asked boolean NOT NULL DEFAULT false;

-- Facts that somebody decided to go on without, for the topologies, in every epoch.
CREATE TABLE views.stream_discarded (
    tenant text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    source text NOT NULL,
    type text NOT NULL,
    reason text NOT NULL,
    discarded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, stream, version)
);
