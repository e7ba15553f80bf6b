-- The queue is ordered by the server, also by what kind of work it is and by when it is due. (Approvals that wait have
-- `approvals_due` for that.)
CREATE INDEX handoffs_by_kind ON handoffs (kind, id) WHERE state <> 'done';
CREATE INDEX handoffs_by_due ON handoffs (due_at, id) WHERE state <> 'done';
DROP INDEX handoffs_due;
