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
