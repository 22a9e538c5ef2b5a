-- name: told
-- What contacts told of a lead. $1 tenant, $2 lead.
SELECT found_person_id, found_candidates, company_id FROM leads WHERE tenant = $1 AND id = $2

-- name: heard
-- The handoffs of a lead that contacts told of. $1 tenant, $2 the lead as a subject.
SELECT handoff_id, settled, settled AND NOT held AS ended FROM offers WHERE tenant = $1 AND subject = $2

-- name: is_offered
-- Whether a handoff that the branch holds opens the lead to it. $1 tenant, $2 branch, $3 lead.
SELECT EXISTS (
    SELECT FROM offered_records o JOIN offers h ON h.tenant = o.tenant AND h.handoff_id = o.handoff_id
    WHERE o.tenant = $1 AND o.id = $3 AND h.held AND h.branch = $2
) AS offered
