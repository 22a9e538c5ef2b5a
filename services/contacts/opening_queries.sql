-- What the questions about handoffs and those about reading share.

-- name: opens
-- Whether the link `l` opens its other end to who reads its subject. A link that nobody could make but who may read the
-- other end does; else one that a record makes whose branch looks after the other end, or holds a handoff of it.
(l.opens OR EXISTS (
    SELECT FROM link_records n
    JOIN subject_branches r ON r.tenant = n.tenant AND r.subject = n.record
    WHERE n.tenant = l.tenant AND n.subject = l.subject AND n.other = l.other AND (
        EXISTS (SELECT FROM subject_branches o
            WHERE o.tenant = n.tenant AND o.subject = n.other AND o.branch = r.branch)
        OR EXISTS (SELECT FROM grants g
            WHERE g.tenant = n.tenant AND g.subject = n.other AND g.held AND g.branch = r.branch))))
