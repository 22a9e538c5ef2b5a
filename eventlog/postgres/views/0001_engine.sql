-- How far each source has been heard. A writer moves a row on from exactly the value that it read, under the epoch of
-- its assignment; whoever changes something beside it (a retry, a rebuild) raises the epoch.
CREATE TABLE views.checkpoints (
    source text PRIMARY KEY,
    generation bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    digest bytea,
    epoch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- The receipts ledger: for every fact of others, the digest that was recomputed here from the bytes received.
CREATE TABLE views.ledger (
    tenant text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    digest bytea NOT NULL,
    department text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (tenant, stream, version)
);

-- The newest version of every stream heard, those of the own log too.
CREATE TABLE views.heads (
    tenant text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    digest bytea NOT NULL,
    department text NOT NULL,
    PRIMARY KEY (tenant, stream)
) WITH (fillfactor = 80);

-- Events that wait because one of their stream, the first here, could not be handled.
CREATE TABLE views.parked (
    source text NOT NULL,
    tenant text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    generation bigint NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    schema integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    metadata bytea NOT NULL,
    data bytea NOT NULL,
    digest bytea NOT NULL,
    recomputed bytea,
    kind text NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, stream, version)
);

-- Events that somebody decided to go on without. The chain goes on from `digest`; no receipt ever stands on it.
CREATE TABLE views.discarded (
    source text NOT NULL,
    tenant text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    digest bytea NOT NULL,
    type text NOT NULL,
    reason text NOT NULL,
    discarded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, stream, version)
);

-- What reactions asked for and nobody has finished yet. `next_at` is when it may be taken: its due time, the next
-- attempt, or the end of the lease under which it is being done.
CREATE TABLE views.todos (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key text,
    tenant text NOT NULL,
    args text NOT NULL,
    command_id uuid NOT NULL,
    causation_id text NOT NULL,
    correlation_id text NOT NULL,
    due timestamptz,
    next_at timestamptz NOT NULL,
    leased boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT ''
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX todos_next ON views.todos (next_at, id);
CREATE UNIQUE INDEX todos_key ON views.todos (tenant, kind, key) WHERE key IS NOT NULL;
