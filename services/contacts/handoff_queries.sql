-- name: basis
SELECT source, generation, position FROM checkpoints

-- name: parked
-- What is parked of these tenants ($1).
SELECT tenant, metadata FROM parked WHERE tenant = ANY($1::text[])

-- name: near
-- The subjects of handoffs ($1 tenants, $2 handoffs, $3 subjects) and what is linked to each directly, and whether who
-- reads the subject may read that: through the link, or because the handoff opened it before. Handoffs link nothing: two
-- leads of one branch are not each other's news because somebody handed both on.
SELECT w.tenant, w.id, w.subject, true AS opened
FROM unnest($1::text[], $2::text[], $3::text[]) AS w(tenant, id, subject)
UNION
SELECT w.tenant, w.id, l.other, {opens} OR EXISTS (
    SELECT FROM grants g WHERE g.tenant = w.tenant AND g.handoff_id = w.id AND g.subject = l.other)
FROM unnest($1::text[], $2::text[], $3::text[]) AS w(tenant, id, subject)
JOIN links l ON l.tenant = w.tenant AND l.subject = w.subject
WHERE l.other NOT LIKE 'handoff:%'

-- name: concerning
-- Every stream, of every department, that names one of these subjects ($1 tenants, $2 handoffs, $3 subjects), with the
-- newest version heard and its digest, whether one of them is opened ($4), and whether the stream is `ahead`: heard before
-- all that its department told earlier was.
SELECT s.tenant, s.id, h.stream, h.version, h.digest, s.opened, EXISTS (
    SELECT FROM ledger l LEFT JOIN checkpoints c ON c.source = l.department
    WHERE l.tenant = h.tenant AND l.stream = h.stream AND l.version = h.version
        AND (l.generation, l.position) > (coalesce(c.generation, 0), coalesce(c.position, 0))
) AS ahead
FROM (
    SELECT n.tenant, n.id, c.stream, bool_or(n.opened) AS opened
    FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) AS n(tenant, id, subject, opened)
    JOIN concerns c ON c.tenant = n.tenant AND c.subject = n.subject
    GROUP BY n.tenant, n.id, c.stream
) s
JOIN heads h ON h.tenant = s.tenant AND h.stream = s.stream

-- name: handoffs
-- Handoffs ($1 tenants, $2 ids) with whom they are about, as far as contacts knows by now.
SELECT h.*, coalesce(CASE h.subject_kind
    WHEN 'person' THEN h.subject_id
    WHEN 'lead' THEN (SELECT p.person_id FROM lead_people p WHERE p.tenant = h.tenant AND p.lead_id = h.subject_id)
    WHEN 'opportunity' THEN (
        SELECT substr(min(l.other), 8) FROM links l
        WHERE l.tenant = h.tenant AND l.subject = 'opportunity:' || h.subject_id AND l.other LIKE 'person:%'
        HAVING count(*) = 1)
    END, '') AS known_person_id
FROM unnest($1::text[], $2::text[]) AS w(tenant, id)
JOIN handoffs h ON h.tenant = w.tenant AND h.id = w.id

-- name: companies_of
-- Where people ($1 tenants, $2 ids) work, and whether who reads the person may read that company.
SELECT p.tenant, p.id, p.company_id, EXISTS (
    SELECT FROM links l
    WHERE l.tenant = p.tenant AND l.subject = 'person:' || p.id AND l.other = 'company:' || p.company_id AND {opens}
) AS opened
FROM people p
WHERE (p.tenant, p.id) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND p.company_id <> ''

-- name: concerned
-- Handoffs in the states $3 about subjects ($1 tenants, $2 subjects) or about what is linked to them, and by which of
-- the subjects they are `touched`.
SELECT DISTINCT ON (h.tenant, h.id) near.touched, h.tenant, h.id, h.to_department, h.manifest, h.supplements, h.closing,
    h.from_branch
FROM (
    SELECT w.tenant, w.subject, w.subject AS touched FROM unnest($1::text[], $2::text[]) AS w(tenant, subject)
    UNION
    SELECT w.tenant, l.other, w.subject FROM unnest($1::text[], $2::text[]) AS w(tenant, subject)
    JOIN links l ON l.tenant = w.tenant AND l.subject = w.subject
    WHERE w.subject NOT LIKE 'handoff:%'
) near
JOIN handoffs h ON h.tenant = near.tenant AND h.subject_id = split_part(near.subject, ':', 2)
    AND h.subject_kind = split_part(near.subject, ':', 1)
WHERE h.state = ANY($3::text[])
ORDER BY h.tenant, h.id

-- name: told
-- What a stream tells, for what is required of a subject.
SELECT data FROM timeline WHERE tenant = $1 AND stream = $2 ORDER BY version

-- name: reason
SELECT data ->> 'reason' AS reason FROM timeline WHERE tenant = $1 AND stream = $2 AND version = $3

-- name: open_promises
-- Open promises about a subject ($2 its kind, $3 its id, $4 the person concerned), by interaction.
SELECT p.interaction_id, p.id, p.by
FROM promises p JOIN interactions i ON i.tenant = p.tenant AND i.id = p.interaction_id
WHERE p.tenant = $1 AND p.state = 'OPEN' AND CASE $2
    WHEN 'lead' THEN i.lead_id = $3 OR (i.lead_id = '' AND i.opportunity_id = '' AND i.person_id = $4 AND $4 <> '')
    WHEN 'person' THEN i.person_id = $3
    WHEN 'company' THEN i.company_id = $3
    WHEN 'opportunity' THEN i.opportunity_id = $3
END

-- name: pending
-- Whether todos of these kinds ($3) about these subjects ($1 tenants, $2 keys) are not done yet.
SELECT DISTINCT t.tenant, t.key FROM unnest($1::text[], $2::text[]) AS w(tenant, key)
JOIN todos t ON t.tenant = w.tenant AND t.key = w.key AND t.kind = ANY($3::text[])

-- name: naming
-- Handoffs of one tenant in the states $3 of which a manifest names a stream ($2, as `[{"stream": …}]`).
SELECT id, to_branch, to_department FROM handoffs
WHERE tenant = $1 AND state = ANY($3::text[]) AND (
    manifest @> $2::jsonb OR closing @> jsonb_build_object('manifest', $2::jsonb)
    OR supplements @> jsonb_build_array(jsonb_build_object('manifest', $2::jsonb)))
ORDER BY id

-- name: about
-- Of handoffs of one tenant ($2 ids): the person, and the other open handoffs ($3 states) of that person.
SELECT s.id, s.person_id, ARRAY(
    SELECT o.id FROM handoffs o
    WHERE o.tenant = $1 AND o.person_id = s.person_id AND o.state = ANY($3::text[]) AND o.id <> s.id AND s.person_id <> ''
    UNION
    SELECT o.id FROM lead_people p JOIN handoffs o ON o.tenant = $1 AND o.subject_id = p.lead_id
    WHERE p.tenant = $1 AND p.person_id = s.person_id AND o.state = ANY($3::text[]) AND o.id <> s.id
        AND o.subject_kind = 'lead' AND s.person_id <> ''
    ORDER BY 1
) AS related
FROM (
    SELECT h.id, coalesce(nullif(p.person_id, ''), nullif(h.person_id, ''),
        CASE WHEN h.subject_kind = 'person' THEN h.subject_id ELSE '' END) AS person_id
    FROM handoffs h
    LEFT JOIN lead_people p ON p.tenant = h.tenant AND h.subject_kind = 'lead' AND p.lead_id = h.subject_id
    WHERE h.tenant = $1 AND h.id = ANY($2::text[])
) s

-- name: one
SELECT * FROM handoffs WHERE tenant = $1 AND id = $2

-- name: under_way
-- Handoffs of a subject ($2 its kind, $3 its id) in the states $4.
SELECT id, create_time FROM handoffs
WHERE tenant = $1 AND subject_kind = $2 AND subject_id = $3 AND state = ANY($4::text[]) ORDER BY id

-- name: of_kind
-- Handoffs of a kind ($4) and subject ($2 its kind, $3 its id), in the order in which they were asked for.
SELECT id, state FROM handoffs
WHERE tenant = $1 AND subject_kind = $2 AND subject_id = $3 AND kind = $4 ORDER BY create_time, id

-- name: branch_of
SELECT branch FROM subject_branches WHERE tenant = $1 AND subject = $2
