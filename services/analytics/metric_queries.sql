-- One statement each, so one snapshot: the rows and how far each department had been heard belong together.
-- $1 tenant, $2 branch or NULL for the whole tenant, $3 what the rows stand for. Moments: from (or NULL), to (or NULL).
-- A duration whose end lies before its beginning is 0. `us` are microseconds.

-- name: touches
-- $4 from, $5 to, $6 hour, day or month, $7 the most rows
WITH wins AS (
    SELECT lead_id, min(won_at) AS won_at FROM metric_wins
    WHERE tenant = $1 AND won_at IS NOT NULL
    GROUP BY lead_id
),
leads AS (
    SELECT * FROM metric_leads WHERE tenant = $1 AND ($2::text IS NULL OR branch = $2)
),
touches AS (
    SELECT touch.lead_id, touch.at, touch.n, wins.won_at,
           touch.at <= coalesce(wins.won_at, 'infinity') AS counts,
           CASE $3 WHEN 'channel' THEN touch.channel WHEN 'campaign' THEN touch.campaign
                   WHEN 'landingPage' THEN touch.landing_page WHEN 'branch' THEN leads.branch ELSE touch.source END AS key
    FROM metric_touches touch
    JOIN leads ON leads.lead_id = touch.lead_id
    LEFT JOIN wins ON wins.lead_id = touch.lead_id
    WHERE touch.tenant = $1
),
placed AS (
    SELECT key, at, won_at,
           counts AND row_number() OVER (PARTITION BY lead_id ORDER BY counts DESC, at, n) = 1 AS first,
           counts AND row_number() OVER (PARTITION BY lead_id ORDER BY counts DESC, at DESC, n DESC) = 1 AS last
    FROM touches
),
counted AS (
    SELECT captured_at AS at, 1 AS leads, 0 AS touches, 0 AS first, 0 AS last, 0 AS won_first, 0 AS won_last,
           CASE $3 WHEN 'channel' THEN '' WHEN 'campaign' THEN campaign WHEN 'landingPage' THEN landing_page
                   WHEN 'branch' THEN branch ELSE source END AS key
    FROM leads
    UNION ALL
    SELECT at, 0, 1, first::int, last::int, (first AND won_at IS NOT NULL)::int, (last AND won_at IS NOT NULL)::int, key
    FROM placed
)
SELECT
    (SELECT jsonb_agg(to_jsonb(each) ORDER BY each.start, each.key COLLATE "C") FROM (
        SELECT date_trunc($6, at, 'UTC') AS start, key, sum(leads)::int AS leads, sum(touches)::int AS touches,
               sum(first)::int AS first_touches, sum(last)::int AS last_touches,
               sum(won_first)::int AS won_by_first, sum(won_last)::int AS won_by_last
        FROM counted
        WHERE ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
        GROUP BY 1, 2
        LIMIT $7
    ) each) AS rows,
    (SELECT jsonb_object_agg(source, greatest(generation, 1) || '.' || position) FROM checkpoints) AS positions

-- name: dwell
-- $4 from, $5 to
WITH stays AS (
    SELECT kind, state, CASE $3 WHEN 'employee' THEN employee WHEN 'state' THEN '' ELSE branch END AS key, left_at,
           CASE WHEN left_at IS NOT NULL AND ($4::timestamptz IS NULL OR left_at >= $4) AND ($5::timestamptz IS NULL OR left_at < $5)
                THEN greatest(0, extract(epoch FROM left_at - entered_at) * 1000000)::bigint END AS us
    FROM metric_stays
    WHERE tenant = $1 AND ($2::text IS NULL OR branch = $2)
)
SELECT
    (SELECT jsonb_agg(to_jsonb(each) ORDER BY each.kind, each.state, each.key COLLATE "C") FROM (
        SELECT kind, state, key, count(us)::int AS count, sum(us)::text AS sum, max(us) AS max,
               percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY us) AS percentiles,
               (count(*) FILTER (WHERE left_at IS NULL))::int AS staying
        FROM stays
        GROUP BY kind, state, key
        HAVING count(us) > 0 OR count(*) FILTER (WHERE left_at IS NULL) > 0
    ) each) AS rows,
    (SELECT jsonb_object_agg(source, greatest(generation, 1) || '.' || position) FROM checkpoints) AS positions

-- name: handoffs
-- $4 the moments at which the sliding day ends, in their order
WITH handoffs AS (
    SELECT *, coalesce(nullif(to_branch, ''), asked_to_branch) AS held_by
    FROM metric_handoffs
    -- Until the asking fact was heard, nothing is known of the pair.
    WHERE tenant = $1 AND asked_at IS NOT NULL
),
steps AS (
    SELECT from_department, to_department, step.*,
           CASE $3 WHEN 'kind' THEN kind WHEN 'fromBranch' THEN from_branch WHEN 'toBranch' THEN held_by ELSE '' END AS key
    FROM handoffs, LATERAL (VALUES
        ('asked', asked_at, interval '0'),
        ('delivery', delivered_at, delivered_at - asked_at),
        ('acceptance', accepted_at, accepted_at - delivered_at),
        ('response', accepted_at, dated_at - asked_dated_at)
    ) AS step(what, at, took)
    WHERE ($2::text IS NULL OR from_branch = $2 OR held_by = $2)
        AND step.at IS NOT NULL AND step.took IS NOT NULL
),
measured AS (
    SELECT day.until, from_department, to_department, key, what,
           greatest(0, extract(epoch FROM took) * 1000000)::bigint AS us
    FROM unnest($4::timestamptz[]) AS day(until)
    JOIN steps ON steps.at >= day.until - interval '24 hours' AND steps.at < day.until
)
SELECT
    (SELECT jsonb_agg(to_jsonb(each) ORDER BY each.until, each.from_department, each.to_department, each.key COLLATE "C")
     FROM (
        SELECT until, from_department, to_department, key, jsonb_object_agg(what, to_jsonb(spread)) AS steps
        FROM (
            SELECT until, from_department, to_department, key, what, count(us)::int AS count, sum(us)::text AS sum,
                   max(us) AS max, percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY us) AS percentiles
            FROM measured
            GROUP BY until, from_department, to_department, key, what
        ) spread
        GROUP BY until, from_department, to_department, key
    ) each) AS rows,
    (SELECT jsonb_object_agg(source, greatest(generation, 1) || '.' || position) FROM checkpoints) AS positions
