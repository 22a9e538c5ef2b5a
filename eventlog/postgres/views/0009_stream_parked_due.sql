-- What waits is tried again from its row: how often its stream was tried, and when it may be again.
ALTER TABLE views.stream_parked ADD COLUMN tried integer NOT NULL DEFAULT 1;
ALTER TABLE views.stream_parked ADD COLUMN retry_at timestamptz NOT NULL DEFAULT now();
