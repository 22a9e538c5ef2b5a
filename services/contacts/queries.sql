-- name: offered
-- Which of the subjects a handoff that a branch holds is about, or about what opens the subject, or tells of and opens in
-- its manifests, by which lists go (`shown`). The branch that asked for it reads on what it is about.
SELECT s.subject FROM unnest($3::text[]) AS s (subject) WHERE EXISTS (
    SELECT FROM grants g
    WHERE g.tenant = $1 AND g.held
      AND (g.branch = $2 OR g.from_branch = $2)
      AND (g.subject = s.subject OR g.branch = $2 AND g.subject IN (
          SELECT l.subject FROM links back
          JOIN links l ON l.tenant = back.tenant AND l.subject = back.other AND l.other = back.subject
          WHERE back.tenant = $1 AND back.subject = s.subject AND {opens})))
    OR EXISTS (
        SELECT FROM offered_records o JOIN offers h ON h.tenant = o.tenant AND h.handoff_id = o.handoff_id
        WHERE o.tenant = $1 AND o.id = split_part(s.subject, ':', 2) AND h.held AND h.branch = $2)

-- name: is_told
-- Whether what the link `l` leads to is told to the branch $11; null is somebody who sees the tenant.
($11::text IS NULL OR {opens}
    OR EXISTS (SELECT FROM subject_branches o WHERE o.tenant = l.tenant AND o.subject = l.other AND o.branch = $11)
    OR EXISTS (SELECT FROM grants g
        WHERE g.tenant = l.tenant AND g.subject = l.other AND g.held AND $11 IN (g.branch, g.from_branch)))

-- name: known_in
-- Which of the subjects the branch looks after; a subject that nobody looks after is known where facts name it.
SELECT s.subject FROM unnest($3::text[]) AS s (subject) WHERE coalesce(
    (SELECT b.branch = $2 FROM subject_branches b WHERE b.tenant = $1 AND b.subject = s.subject),
    EXISTS (SELECT FROM concerns c JOIN timeline t ON t.tenant = c.tenant AND t.stream = c.stream
            WHERE c.tenant = $1 AND c.subject = s.subject AND t.branch = $2))

-- name: handoffs_of
-- Which of the handoffs are the branch's to see: it asked, or it is asked.
SELECT id FROM handoffs WHERE tenant = $1 AND id = ANY($3) AND $2 IN (from_branch, to_branch)

-- name: promises_of
SELECT id, interaction_id, what, by, due, state FROM promises
WHERE tenant = $1 AND interaction_id = ANY($2::text[])
ORDER BY interaction_id, place

-- name: promise
SELECT * FROM promises WHERE tenant = $1 AND id = $2

-- name: is_known
SELECT EXISTS (SELECT FROM concerns WHERE tenant = $1 AND subject = $2) AS known

-- name: is_recorded
SELECT EXISTS (SELECT FROM heads WHERE tenant = $1 AND stream = $2) AS recorded

-- name: timeline
-- Facts of every stream that concerns the subject or what it is linked to, newest first. $3: kinds of the subjects that
-- it is told with; $4: kinds that those bring along; $5: told with it by their own streams only; $6: recorded up to;
-- $7, $8, $9: the entry after which to go on; $11: the branch for which it is told, null for who sees the tenant.
WITH near AS (
    SELECT $2::text AS subject
    UNION
    SELECT l.other FROM links l
    WHERE l.tenant = $1 AND l.subject = $2 AND l.recorded_at <= $6 AND split_part(l.other, ':', 1) = ANY($3::text[])
      AND {is_told}
), wide AS (
    SELECT subject FROM near
    UNION
    SELECT l.other FROM near JOIN links l ON l.tenant = $1 AND l.subject = near.subject
    WHERE l.recorded_at <= $6 AND split_part(l.other, ':', 1) = ANY($4::text[])
      AND near.subject <> $2 AND split_part(near.subject, ':', 1) IN ('lead', 'opportunity') AND {is_told}
), streams AS (
    SELECT c.stream FROM wide JOIN concerns c ON c.tenant = $1 AND c.subject = wide.subject
    WHERE c.recorded_at <= $6
    UNION
    SELECT 'contacts.' || split_part(l.other, ':', 1) || '-' || split_part(l.other, ':', 2)
    FROM near JOIN links l ON l.tenant = $1 AND l.subject = near.subject
    WHERE l.recorded_at <= $6 AND split_part(l.other, ':', 1) = ANY($5::text[]) AND {is_told}
)
SELECT t.* FROM streams JOIN timeline t ON t.tenant = $1 AND t.stream = streams.stream
WHERE t.recorded_at <= $6
  AND ($7::timestamptz IS NULL OR (t.occurred_at, t.recorded_at, t.event_id) < ($7::timestamptz, $8::timestamptz, $9))
ORDER BY t.occurred_at DESC, t.recorded_at DESC, t.event_id DESC
LIMIT $10
