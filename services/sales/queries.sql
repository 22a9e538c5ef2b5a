-- name: is_offered
-- Whether a handoff that the branch holds opens the opportunity to it. $1 tenant, $2 branch, $3 opportunity.
SELECT EXISTS (
    SELECT FROM offered_records o JOIN offers h ON h.tenant = o.tenant AND h.handoff_id = o.handoff_id
    WHERE o.tenant = $1 AND o.id = $3 AND h.held AND h.branch = $2
) AS offered
