-- Since when a todo waits; one that takes the place of another of its kind and key waits as long as that did.
ALTER TABLE views.todos ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
