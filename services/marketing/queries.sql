-- name: told
-- What contacts told of a lead. $1 tenant, $2 lead.
SELECT found_person_id, found_candidates, company_id FROM leads WHERE tenant = $1 AND id = $2

-- name: heard
-- The handoffs of a lead that contacts told of. $1 tenant, $2 the lead as a subject.
SELECT handoff_id, settled, settled AND NOT held AS ended FROM offers WHERE tenant = $1 AND subject = $2
