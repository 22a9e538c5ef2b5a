-- The log of one department: every event, in one order, and the answer to every command.

-- One row: whose log this is, and its generation, which is raised when the log is restored to an earlier moment.
CREATE TABLE log.log (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    department text NOT NULL,
    generation integer NOT NULL DEFAULT 1
);

-- Positions count from 1 without a gap. metadata and data are bytea, not jsonb: the bytes that were hashed are the
-- bytes that are kept. There is no index on id: ids are derived from the command (uuid5(command, n)), so the key of
-- log.commands already makes them unique.
CREATE TABLE log.events (
    position bigint NOT NULL,
    version integer NOT NULL,
    schema integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    id uuid NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    metadata bytea NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT events_position PRIMARY KEY (position),
    CONSTRAINT events_version UNIQUE (tenant, stream, version)
);

-- The answer to every command, for ever, also to those that appended nothing. versions: stream -> version.
CREATE TABLE log.commands (
    id uuid NOT NULL,
    generation integer NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    hmac bytea NOT NULL,
    versions json NOT NULL,
    outcome bytea NOT NULL,
    CONSTRAINT commands_id PRIMARY KEY (tenant, id)
);

-- The one lock under which positions are given. It belongs to the log, so departments that share a server, or even
-- a database, do not wait for each other's.
CREATE FUNCTION log.lock() RETURNS void LANGUAGE sql VOLATILE AS
$$ SELECT pg_advisory_xact_lock(hashtextextended('baton.log ' || current_database() || '.log', 0)) $$;

-- Where the log stands. One row, always.
CREATE FUNCTION log.head(OUT generation integer, OUT "position" bigint, OUT recorded_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT l.generation, coalesce(e.position, 0), coalesce(e.recorded_at, 'epoch')
    FROM log.log l
    LEFT JOIN LATERAL (SELECT position, recorded_at FROM log.events ORDER BY position DESC LIMIT 1) e ON true
$$;

-- Write a batch of appends behind the head. Answers whether it was written, and what the head was. It is not, when
-- the log is not as the writer assumed: another generation, a head recorded later than the batch (time in a log never
-- goes back), or, where the batch depends on it (strict), another head.
--
-- A batch of which every stream is written to need not be strict: what the writer remembers of a stream may be old,
-- but then the version that it wants to give is taken, and events_version refuses the batch.
CREATE FUNCTION log.append(
    assumed_generation integer,
    assumed_position bigint,
    strict boolean,
    recorded_at timestamptz,
    -- one element an event
    tenants text[], streams text[], versions integer[], ids uuid[], types text[], schemas integer[],
    digests bytea[], metadata bytea[], data bytea[],
    -- one element a command; first and last are counted from the head
    command_tenants text[], command_ids uuid[], hmacs bytea[], firsts integer[], lasts integer[],
    command_versions json[], outcomes bytea[],
    OUT written boolean, OUT head_generation integer, OUT head_position bigint, OUT head_recorded_at timestamptz
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- The lock, in a statement of its own, before the statement that reads the head. Both halves matter.
    --
    -- Why a lock: suppose positions came from a sequence. A takes 8, B takes 9, and B commits first. A reader that
    -- tails the log sees 9, remembers "read up to 9", and when A commits a moment later, nobody ever reads 8: a
    -- projection lacks a row, a relay never sends a fact, a handoff is lost, and no error is raised anywhere. And if
    -- A rolls back, 8 is missing for ever, and every reader must guess whether to wait for it. The lock is held until
    -- the commit is visible (PostgreSQL gives up locks after it), so whoever sees position n sees every position
    -- below n: commit order is position order, and a tailing reader needs no waiting time, no high-water mark and no
    -- clock.
    --
    -- Why a statement of its own: at READ COMMITTED each statement of a volatile function looks through a snapshot
    -- taken when that statement begins. Were the head read by the statement that takes the lock, its snapshot would
    -- be from before the wait: it would not show what the holder of the lock committed while we waited, and we
    -- would write behind a head that is no longer the head. (The same reason forbids REPEATABLE READ here, and
    -- making this function STABLE.)
    PERFORM log.lock();

    SELECT h.generation, h.position, h.recorded_at INTO head_generation, head_position, head_recorded_at
    FROM log.head() h;
    written := head_generation = assumed_generation
        AND head_recorded_at <= append.recorded_at
        AND (head_position = assumed_position OR NOT strict);
    IF NOT written THEN
        RETURN;
    END IF;

    INSERT INTO log.events
        (position, tenant, stream, version, id, type, schema, recorded_at, digest, metadata, data)
    SELECT head_position + e.n, e.tenant, e.stream, e.version, e.id, e.type, e.schema, append.recorded_at,
        e.digest, e.metadata, e.data
    FROM unnest(tenants, streams, versions, ids, types, schemas, digests, append.metadata, append.data)
        WITH ORDINALITY AS e(tenant, stream, version, id, type, schema, digest, metadata, data, n);

    INSERT INTO log.commands
        (tenant, id, hmac, generation, first_position, last_position, recorded_at, versions, outcome)
    SELECT c.tenant, c.id, c.hmac, assumed_generation, head_position + c.first, head_position + c.last,
        append.recorded_at, c.versions, c.outcome
    FROM unnest(command_tenants, command_ids, hmacs, firsts, lasts, command_versions, outcomes)
        AS c(tenant, id, hmac, first, last, versions, outcome);

END
$$;
