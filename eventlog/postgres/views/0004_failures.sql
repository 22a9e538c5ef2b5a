-- Why a part of the department's program has stopped for good, for those who ask how the department is doing.
CREATE TABLE views.failures (
    what text PRIMARY KEY,
    reason text NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now()
);
