-- Read models of contacts. Rows are fed by several streams and departments, in any order between them, so every
-- column has a default. Columns are called as the resources' fields are.

CREATE TABLE IF NOT EXISTS people (
    tenant text NOT NULL,
    id text NOT NULL,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    external_id text NOT NULL DEFAULT '',
    given_name text NOT NULL DEFAULT '',
    middle_name text NOT NULL DEFAULT '',
    family_name text NOT NULL DEFAULT '',
    display_name text NOT NULL DEFAULT '',
    emails jsonb NOT NULL DEFAULT '[]',
    phones jsonb NOT NULL DEFAULT '[]',
    company_id text NOT NULL DEFAULT '',
    job_title text NOT NULL DEFAULT '',
    birthday date,
    tags jsonb NOT NULL DEFAULT '[]',
    branch text NOT NULL DEFAULT '',
    responsible text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    custom jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, id)
);
CREATE INDEX IF NOT EXISTS people_created ON people (tenant, create_time, id);
CREATE INDEX IF NOT EXISTS people_company ON people (tenant, company_id);

CREATE TABLE IF NOT EXISTS companies (
    tenant text NOT NULL,
    id text NOT NULL,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    external_id text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    legal_name text NOT NULL DEFAULT '',
    tax_id text NOT NULL DEFAULT '',
    emails jsonb NOT NULL DEFAULT '[]',
    phones jsonb NOT NULL DEFAULT '[]',
    website text NOT NULL DEFAULT '',
    parent_id text NOT NULL DEFAULT '',
    tags jsonb NOT NULL DEFAULT '[]',
    branch text NOT NULL DEFAULT '',
    responsible text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    custom jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, id)
);
CREATE INDEX IF NOT EXISTS companies_created ON companies (tenant, create_time, id);

CREATE TABLE IF NOT EXISTS branches (
    tenant text NOT NULL,
    id text NOT NULL,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    name text NOT NULL DEFAULT '',
    country text NOT NULL DEFAULT '',
    time_zone text NOT NULL DEFAULT 'UTC',
    working_hours jsonb NOT NULL DEFAULT '[]',
    holidays jsonb NOT NULL DEFAULT '[]',
    custom jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, id)
);

CREATE TABLE IF NOT EXISTS interactions (
    tenant text NOT NULL,
    id text NOT NULL,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    external_id text NOT NULL DEFAULT '',
    person_id text NOT NULL DEFAULT '',
    company_id text NOT NULL DEFAULT '',
    lead_id text NOT NULL DEFAULT '',
    opportunity_id text NOT NULL DEFAULT '',
    channel text NOT NULL DEFAULT '',
    direction text NOT NULL DEFAULT '',
    employee text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    occurred_at timestamptz,
    duration_seconds integer NOT NULL DEFAULT 0,
    summary text NOT NULL DEFAULT '',
    custom jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, id)
);
CREATE INDEX IF NOT EXISTS interactions_created ON interactions (tenant, create_time, id);
CREATE INDEX IF NOT EXISTS interactions_occurred ON interactions (tenant, occurred_at, id);
CREATE INDEX IF NOT EXISTS interactions_person ON interactions (tenant, person_id);
CREATE INDEX IF NOT EXISTS interactions_lead ON interactions (tenant, lead_id);

-- Under the interaction in which they were made, so that a change of its person or branch reaches them all;
-- `place` keeps them in the order in which they were made. One that passed on is the branch's that took over.
CREATE TABLE IF NOT EXISTS promises (
    tenant text NOT NULL,
    interaction_id text NOT NULL,
    id text NOT NULL,
    place integer NOT NULL DEFAULT 0,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    person_id text NOT NULL DEFAULT '',
    lead_id text NOT NULL DEFAULT '',
    opportunity_id text NOT NULL DEFAULT '',
    what text NOT NULL DEFAULT '',
    by text NOT NULL DEFAULT '',
    due timestamptz,
    state text NOT NULL DEFAULT 'OPEN',
    released_reason text NOT NULL DEFAULT '',
    made_in_branch text NOT NULL DEFAULT '',
    passed_to_branch text,
    branch text GENERATED ALWAYS AS (coalesce(passed_to_branch, made_in_branch)) STORED,
    custom jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, interaction_id, id)
);
CREATE INDEX IF NOT EXISTS promises_id ON promises (tenant, id);
CREATE INDEX IF NOT EXISTS promises_due ON promises (tenant, due) WHERE state = 'OPEN';
CREATE INDEX IF NOT EXISTS promises_lead ON promises (tenant, lead_id) WHERE lead_id <> '';

-- Everything that every department recorded: one row for each fact heard.
CREATE TABLE IF NOT EXISTS timeline (
    tenant text NOT NULL,
    stream text NOT NULL,
    version integer NOT NULL,
    department text NOT NULL DEFAULT '',
    event_id text NOT NULL DEFAULT '',
    type text NOT NULL DEFAULT '',
    occurred_at timestamptz,
    recorded_at timestamptz,
    employee text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    causation_id text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, stream, version)
);

-- Which streams, of which department, some fact of which names a subject (`lead:5f…`), and since when.
CREATE TABLE IF NOT EXISTS concerns (
    tenant text NOT NULL,
    subject text NOT NULL,
    stream text NOT NULL,
    department text NOT NULL DEFAULT '',
    recorded_at timestamptz,
    PRIMARY KEY (tenant, subject, stream)
);

-- Subjects that one fact names together, both ways round, and since when. `opens`: who may read the subject may read
-- the other. Where it is false, that depends on the records that say so.
CREATE TABLE IF NOT EXISTS links (
    tenant text NOT NULL,
    subject text NOT NULL,
    other text NOT NULL,
    recorded_at timestamptz,
    opens boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, subject, other)
);

-- Records (`interaction:16…`) that name two others together: such a link opens what the record's branch may read.
CREATE TABLE IF NOT EXISTS link_records (
    tenant text NOT NULL,
    subject text NOT NULL,
    other text NOT NULL,
    record text NOT NULL,
    PRIMARY KEY (tenant, subject, other, record)
);

-- Which branch looks after a subject: who may read its timeline.
CREATE TABLE IF NOT EXISTS subject_branches (
    tenant text NOT NULL,
    subject text NOT NULL,
    branch text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, subject)
);

-- What an offered handoff lets its receiving branch read, while it is held; the handoff itself its asking branch, too.
CREATE TABLE IF NOT EXISTS grants (
    tenant text NOT NULL,
    handoff_id text NOT NULL,
    subject text NOT NULL,
    branch text NOT NULL DEFAULT '',
    from_branch text NOT NULL DEFAULT '',
    held boolean NOT NULL DEFAULT true,
    PRIMARY KEY (tenant, handoff_id, subject)
);
CREATE INDEX IF NOT EXISTS grants_subject ON grants (tenant, subject);
CREATE INDEX IF NOT EXISTS grants_branch ON grants (tenant, branch) WHERE held;
CREATE INDEX IF NOT EXISTS grants_from_branch ON grants (tenant, from_branch) WHERE held;

-- Who holds a handoff, and which records its manifests open to that branch: what lists show (`services/offers.py`).
CREATE TABLE IF NOT EXISTS offers (
    tenant text NOT NULL,
    handoff_id text NOT NULL,
    subject text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    held boolean NOT NULL DEFAULT false,
    settled boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, handoff_id)
);
CREATE INDEX IF NOT EXISTS offers_branch ON offers (tenant, branch) WHERE held;
CREATE TABLE IF NOT EXISTS offered_records (
    tenant text NOT NULL,
    id text NOT NULL,
    handoff_id text NOT NULL,
    PRIMARY KEY (tenant, id, handoff_id)
);

-- Handoffs. What the asking fact says (`asked_…`) and what the handoff's own stream says meet in one row, in any order.
CREATE TABLE IF NOT EXISTS handoffs (
    tenant text NOT NULL,
    id text NOT NULL,
    etag text NOT NULL DEFAULT '0',
    create_time timestamptz,
    update_time timestamptz,
    custom jsonb NOT NULL DEFAULT '{}',
    kind text NOT NULL DEFAULT '',
    from_department text NOT NULL DEFAULT '',
    to_department text NOT NULL DEFAULT '',
    from_branch text NOT NULL DEFAULT '',
    asked_to_branch text NOT NULL DEFAULT '',
    asked_assignee text NOT NULL DEFAULT '',
    held_by_branch text,
    held_by text,
    to_branch text GENERATED ALWAYS AS (coalesce(held_by_branch, asked_to_branch)) STORED,
    assignee text GENERATED ALWAYS AS (coalesce(held_by, asked_assignee)) STORED,
    subject_kind text NOT NULL DEFAULT '',
    subject_id text NOT NULL DEFAULT '',
    person_id text NOT NULL DEFAULT '',
    company_id text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'ASKED',
    note text NOT NULL DEFAULT '',
    brief jsonb,
    missing jsonb NOT NULL DEFAULT '[]',
    basis jsonb NOT NULL DEFAULT '{}',
    manifest jsonb NOT NULL DEFAULT '[]',
    receipts jsonb NOT NULL DEFAULT '[]',
    closing jsonb,
    supplements jsonb NOT NULL DEFAULT '[]',
    questions jsonb NOT NULL DEFAULT '[]',
    answers jsonb NOT NULL DEFAULT '[]',
    accepted_by text NOT NULL DEFAULT '',
    accepted_at timestamptz,
    owner text NOT NULL DEFAULT '',
    previous_id text NOT NULL DEFAULT '',
    opportunity_ids jsonb NOT NULL DEFAULT '[]',
    deadline timestamptz,
    overdue boolean NOT NULL DEFAULT false,
    asked_by text NOT NULL DEFAULT '',
    asked_at timestamptz,
    asking jsonb,
    history jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (tenant, id)
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS handoffs_created ON handoffs (tenant, create_time, id);
CREATE INDEX IF NOT EXISTS handoffs_subject ON handoffs (tenant, subject_id);
CREATE INDEX IF NOT EXISTS handoffs_person ON handoffs (tenant, person_id) WHERE person_id <> '';

-- Whose lead it is, as far as contacts knows.
CREATE TABLE IF NOT EXISTS lead_people (
    tenant text NOT NULL,
    lead_id text NOT NULL,
    person_id text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, lead_id)
);
CREATE INDEX IF NOT EXISTS lead_people_person ON lead_people (tenant, person_id);

CREATE TABLE IF NOT EXISTS handoff_kinds (
    tenant text NOT NULL,
    kind text NOT NULL,
    etag text NOT NULL DEFAULT '',
    create_time timestamptz,
    update_time timestamptz,
    from_department text NOT NULL DEFAULT '',
    to_department text NOT NULL DEFAULT '',
    deadline_working_minutes integer NOT NULL DEFAULT 480,
    required jsonb NOT NULL DEFAULT '[]',
    custom jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, kind)
);
