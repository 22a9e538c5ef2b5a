-- How far each partition of a source was heard, where it is heard through a topic: the offset to go on at, and generation,
-- position and digest of the last event in front of it. Guarded as `checkpoints` is. There, the row of such a source says
-- how far it was heard completely: the last watermark that all of its partitions have reached, whoever heard them.
CREATE TABLE views.marks (
    source text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    generation bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    digest bytea,
    epoch bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, topic, partition)
) WITH (fillfactor = 50);

-- With partitions, a stream may be heard further than its department was completely, so where its facts stand must be
-- comparable with that.
ALTER TABLE views.ledger ADD COLUMN generation bigint NOT NULL DEFAULT 1;
