-- The W3C trace context of the fact that asked for a todo: what is done belongs to the same trace.
ALTER TABLE views.todos ADD COLUMN traceparent text NOT NULL DEFAULT '';
