-- A discarded fact is known by its digest, too: after its log was restored to an earlier moment another one may stand at
-- its version. What was discarded before is not known so: it waits, and is asked for again.
DELETE FROM views.stream_discarded;
ALTER TABLE views.stream_discarded ADD COLUMN digest bytea NOT NULL;
