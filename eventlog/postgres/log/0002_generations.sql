-- Where each generation of the log began: up to `position` it is what the one before it was, and what that one had
-- behind it was lost by a restore. So an event's generation follows from its position. A log that was never restored has
-- no row here.
CREATE TABLE log.generations (
    generation integer PRIMARY KEY,
    position bigint NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL
);

-- Begin a new generation, which shares the positions up to `shared` with those before it. It is greater than `above`,
-- too: others may have heard of one that the log was in before it was restored. What was recorded behind `shared` before
-- anybody noticed the restore is of the new one: others have heard other events at the same positions. Returns it.
CREATE FUNCTION log.raise_generation(shared bigint, above integer, reason text) RETURNS integer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    raised integer;
BEGIN
    -- Whoever appends holds this lock: nothing is recorded while the generation changes.
    PERFORM log.lock();
    UPDATE log.log SET generation = greatest(generation, above) + 1 RETURNING generation INTO raised;
    INSERT INTO log.generations (generation, position, reason) VALUES (raised, shared, raise_generation.reason);
    RETURN raised;
END
$$;
