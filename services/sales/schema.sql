-- Read models of sales, fed by its own facts; which handoffs open what is told by contacts.

CREATE TABLE IF NOT EXISTS opportunities (
    tenant text NOT NULL,
    id text NOT NULL,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    external_id text NOT NULL DEFAULT '',
    title text NOT NULL DEFAULT '',
    lead_ids jsonb NOT NULL DEFAULT '[]',
    person_id text NOT NULL DEFAULT '',
    company_id text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    pipeline text NOT NULL DEFAULT '',
    stage text NOT NULL DEFAULT '',
    amount jsonb,
    expected_close date,
    custom jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'OPEN',
    lost_reason text NOT NULL DEFAULT '',
    closed_at timestamptz,
    handoff_id text NOT NULL DEFAULT '',
    imported_row text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, id)
);
CREATE INDEX IF NOT EXISTS opportunities_created ON opportunities (tenant, create_time, id);
CREATE INDEX IF NOT EXISTS opportunities_external ON opportunities (tenant, external_id) WHERE external_id <> '';
CREATE INDEX IF NOT EXISTS opportunities_person ON opportunities (tenant, person_id) WHERE person_id <> '';
CREATE INDEX IF NOT EXISTS opportunities_leads ON opportunities USING gin (lead_ids);

-- Handoffs as contacts told of them: who holds them, and whether they still wait.
CREATE TABLE IF NOT EXISTS offers (
    tenant text NOT NULL,
    handoff_id text NOT NULL,
    subject text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    held boolean NOT NULL DEFAULT false,
    settled boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, handoff_id)
);

-- Which opportunities a handoff opens to the branch that holds it.
CREATE TABLE IF NOT EXISTS offered_records (
    tenant text NOT NULL,
    id text NOT NULL,
    handoff_id text NOT NULL,
    PRIMARY KEY (tenant, id, handoff_id)
);
