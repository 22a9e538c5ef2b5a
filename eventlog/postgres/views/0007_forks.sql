-- Generations of other logs, and of the own, that this department knows of: up to `position` they share what was before.
-- `facts` that had been heard from behind that are forgotten; the read models show them until they are `rebuilt`.
CREATE TABLE views.forks (
    source text NOT NULL,
    generation bigint NOT NULL,
    position bigint NOT NULL,
    facts bigint NOT NULL DEFAULT 0,
    rebuilt boolean NOT NULL DEFAULT true,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, generation)
);

-- Where the fact stands that asked for a todo, so that one whose fact was lost can be told apart.
ALTER TABLE views.todos ADD COLUMN source text, ADD COLUMN position bigint;
