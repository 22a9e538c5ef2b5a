-- Read models of analytics. Rows are fed by several departments, in any order between them: a lead that contacts or
-- sales mention before marketing's own fact was heard is a row that is not captured yet, and is not counted.

CREATE TABLE IF NOT EXISTS funnel_leads (
    tenant text NOT NULL,
    id text NOT NULL,
    captured boolean NOT NULL DEFAULT false,
    source text NOT NULL DEFAULT '',
    landing_page text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    month text NOT NULL DEFAULT '',
    qualified boolean NOT NULL DEFAULT false,
    accepted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE IF NOT EXISTS funnel_opportunities (
    tenant text NOT NULL,
    id text NOT NULL,
    owner text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'OPEN',
    currency text NOT NULL DEFAULT '',
    amount numeric,
    opened_at timestamptz,
    PRIMARY KEY (tenant, id)
);

-- Which leads belong to which opportunity. `version` is that of the opportunity's stream, `n` the place in the fact:
-- the least of both is the opportunity's first lead.
CREATE TABLE IF NOT EXISTS funnel_links (
    tenant text NOT NULL,
    opportunity_id text NOT NULL,
    lead_id text NOT NULL,
    version integer NOT NULL,
    n integer NOT NULL,
    PRIMARY KEY (tenant, opportunity_id, lead_id)
);
CREATE INDEX IF NOT EXISTS funnel_links_lead ON funnel_links (tenant, lead_id);

-- The metrics: what their topologies derive (services/analytics/topologies). Durations are kept as their two ends, so
-- every percentile is exact.
CREATE TABLE IF NOT EXISTS metric_leads (
    tenant text NOT NULL,
    lead_id text NOT NULL,
    captured_at timestamptz NOT NULL,
    source text NOT NULL,
    landing_page text NOT NULL,
    campaign text NOT NULL,
    branch text NOT NULL,
    PRIMARY KEY (tenant, lead_id)
);
CREATE INDEX IF NOT EXISTS metric_leads_captured ON metric_leads (tenant, captured_at);

-- `n` is the touch's number; 0 is the capture of a lead that came without touches.
CREATE TABLE IF NOT EXISTS metric_touches (
    tenant text NOT NULL,
    lead_id text NOT NULL,
    n integer NOT NULL,
    at timestamptz NOT NULL,
    channel text NOT NULL,
    source text NOT NULL,
    campaign text NOT NULL,
    landing_page text NOT NULL,
    PRIMARY KEY (tenant, lead_id, n)
);
CREATE INDEX IF NOT EXISTS metric_touches_at ON metric_touches (tenant, at);

-- `won_at` is NULL when the opportunity was won once and is not any more.
CREATE TABLE IF NOT EXISTS metric_wins (
    tenant text NOT NULL,
    lead_id text NOT NULL,
    opportunity_id text NOT NULL,
    won_at timestamptz,
    PRIMARY KEY (tenant, lead_id, opportunity_id)
);

-- The n-th state that a lead or opportunity was in; `left_at` is NULL while it is.
CREATE TABLE IF NOT EXISTS metric_stays (
    tenant text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    n integer NOT NULL,
    state text NOT NULL,
    branch text NOT NULL,
    employee text NOT NULL,
    entered_at timestamptz NOT NULL,
    left_at timestamptz,
    PRIMARY KEY (tenant, kind, id, n)
);
CREATE INDEX IF NOT EXISTS metric_stays_left ON metric_stays (tenant, left_at);

-- The first columns are told by whoever asks, the last by the handoff itself; either may be heard first.
CREATE TABLE IF NOT EXISTS metric_handoffs (
    tenant text NOT NULL,
    handoff_id text NOT NULL,
    kind text NOT NULL DEFAULT '',
    from_department text NOT NULL DEFAULT '',
    to_department text NOT NULL DEFAULT '',
    from_branch text NOT NULL DEFAULT '',
    asked_to_branch text NOT NULL DEFAULT '',
    asked_at timestamptz,
    asked_dated_at timestamptz,
    to_branch text NOT NULL DEFAULT '',
    delivered_at timestamptz,
    accepted_at timestamptz,
    dated_at timestamptz,
    PRIMARY KEY (tenant, handoff_id)
);
CREATE INDEX IF NOT EXISTS metric_handoffs_asked ON metric_handoffs (tenant, asked_at);
CREATE INDEX IF NOT EXISTS metric_handoffs_delivered ON metric_handoffs (tenant, delivered_at);
CREATE INDEX IF NOT EXISTS metric_handoffs_accepted ON metric_handoffs (tenant, accepted_at);

-- What a topology knows of a stream.
CREATE TABLE IF NOT EXISTS metric_states (
    tenant text NOT NULL,
    topology text NOT NULL,
    stream text NOT NULL,
    state jsonb NOT NULL,
    PRIMARY KEY (tenant, topology, stream)
);
