-- One statement, so one snapshot: the rows and how far each department had been heard belong together.
-- $1 tenant, $2 branch or NULL for the whole tenant, $3 what the rows stand for.

-- name: funnel
-- By owner, a lead stands in the group of everybody who owns an opportunity of it, as far as that one's go.
WITH opportunities_of_lead AS (
    SELECT link.lead_id,
           CASE $3 WHEN 'owner' THEN opportunity.owner ELSE '' END AS owner,
           count(*) FILTER (WHERE opportunity.state = 'WON') AS won,
           count(*) FILTER (WHERE opportunity.state <> 'LOST') AS alive
    FROM funnel_links link
    JOIN funnel_opportunities opportunity ON opportunity.tenant = link.tenant AND opportunity.id = link.opportunity_id
    WHERE link.tenant = $1
    GROUP BY 1, 2
),
grouped AS (
    SELECT CASE $3 WHEN 'branch' THEN lead.branch WHEN 'owner' THEN coalesce(found.owner, '')
                   WHEN 'month' THEN lead.month WHEN 'landingPage' THEN lead.landing_page ELSE lead.source END AS key,
           lead.id, lead.qualified, lead.accepted, found.won, found.alive
    FROM funnel_leads lead
    LEFT JOIN opportunities_of_lead found ON found.lead_id = lead.id
    WHERE lead.tenant = $1 AND lead.captured AND ($2::text IS NULL OR lead.branch = $2)
),
counts AS (
    SELECT key,
           count(*)::int AS leads,
           (count(*) FILTER (WHERE qualified))::int AS qualified,
           (count(*) FILTER (WHERE accepted))::int AS accepted,
           count(won)::int AS opportunities,
           (count(*) FILTER (WHERE won > 0))::int AS won,
           (count(*) FILTER (WHERE alive = 0))::int AS lost
    FROM grouped
    GROUP BY key
),
first_links AS (
    SELECT DISTINCT ON (opportunity_id) opportunity_id, lead_id
    FROM funnel_links WHERE tenant = $1
    ORDER BY opportunity_id, version, n
),
sums AS (
    SELECT grouped.key, opportunity.currency, sum(opportunity.amount) AS amount
    FROM funnel_opportunities opportunity
    JOIN first_links ON first_links.opportunity_id = opportunity.id
    JOIN grouped ON grouped.id = first_links.lead_id AND ($3 <> 'owner' OR grouped.key = opportunity.owner)
    WHERE opportunity.tenant = $1 AND opportunity.state = 'WON' AND opportunity.amount IS NOT NULL
    GROUP BY grouped.key, opportunity.currency
),
revenues AS (
    SELECT key, jsonb_agg(jsonb_build_object('currency', currency, 'amount', round(amount, greatest(2, scale(trim_scale(amount))))::text) ORDER BY currency) AS revenue
    FROM sums GROUP BY key
)
SELECT
    (SELECT jsonb_agg(to_jsonb(each) ORDER BY each.key COLLATE "C") FROM (
        SELECT counts.*, coalesce(revenues.revenue, '[]') AS revenue FROM counts LEFT JOIN revenues USING (key)
    ) each) AS rows,
    (SELECT jsonb_object_agg(source, greatest(generation, 1) || '.' || position) FROM checkpoints) AS positions
