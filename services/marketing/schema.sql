-- Read models of marketing. A row of `leads` is fed by marketing's own facts and by what contacts found out, in any
-- order between them, so every column has a default; a lead that only contacts told of yet has no etag.

CREATE TABLE IF NOT EXISTS leads (
    tenant text NOT NULL,
    id text NOT NULL,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    external_id text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    landing_page text NOT NULL DEFAULT '',
    campaign text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    person jsonb,
    company jsonb,
    note text NOT NULL DEFAULT '',
    enquiry jsonb,
    consents jsonb NOT NULL DEFAULT '[]',
    touches jsonb NOT NULL DEFAULT '[]',
    custom jsonb NOT NULL DEFAULT '{}',
    captured_at timestamptz,
    state text NOT NULL DEFAULT 'NEW',
    handoff_id text NOT NULL DEFAULT '',
    imported_row text NOT NULL DEFAULT '',
    -- What an employee decided at marketing wins over what contacts found, until contacts has heard of it.
    decided_person_id text NOT NULL DEFAULT '',
    found_person_id text NOT NULL DEFAULT '',
    found_candidates jsonb NOT NULL DEFAULT '[]',
    person_id text GENERATED ALWAYS AS (
        CASE WHEN decided_person_id <> '' THEN decided_person_id ELSE found_person_id END) STORED,
    person_candidates jsonb GENERATED ALWAYS AS (
        CASE WHEN decided_person_id <> '' THEN '[]'::jsonb ELSE found_candidates END) STORED,
    -- `<asked at>|<company id>`: the greatest is what the newest handoff said.
    offered_company text NOT NULL DEFAULT '',
    company_id text GENERATED ALWAYS AS (split_part(offered_company, '|', 2)) STORED,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX IF NOT EXISTS leads_created ON leads (tenant, create_time, id);
CREATE INDEX IF NOT EXISTS leads_external ON leads (tenant, external_id) WHERE external_id <> '';
CREATE INDEX IF NOT EXISTS leads_person ON leads (tenant, person_id) WHERE person_id <> '';

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
CREATE INDEX IF NOT EXISTS offers_subject ON offers (tenant, subject);

-- Which leads a handoff opens to the branch that holds it.
CREATE TABLE IF NOT EXISTS offered_records (
    tenant text NOT NULL,
    id text NOT NULL,
    handoff_id text NOT NULL,
    PRIMARY KEY (tenant, id, handoff_id)
);
