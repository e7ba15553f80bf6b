-- Two more ways that an approval goes: it ends as amended, where a reviewer proposed other arguments; and besides a quorum of
-- others, or without one, the person for whom an agent acts is asked to confirm.
ALTER TABLE approvals DROP CONSTRAINT approvals_state_check;
ALTER TABLE approvals ADD CONSTRAINT approvals_state_check
  CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'withdrawn', 'amended'));
ALTER TABLE approvals ADD COLUMN confirm_by text COLLATE "C";
ALTER TABLE approvals DROP CONSTRAINT approvals_quorum_check;
ALTER TABLE approvals ADD CONSTRAINT approvals_asks_somebody CHECK (
  quorum >= 1 AND cardinality(groups) > 0
  OR quorum = 0 AND cardinality(groups) = 0 AND confirm_by IS NOT NULL
);

-- Who confirms what waits for them.
CREATE INDEX approvals_confirm ON approvals (confirm_by) WHERE state = 'pending' AND confirm_by IS NOT NULL;

-- The proposal that took its place. Which one it took the place of itself stands in its body.
ALTER TABLE proposals ADD COLUMN amended_by text COLLATE "C";
ALTER TABLE proposals ADD CONSTRAINT proposals_amended CHECK ((state = 'amended') = (amended_by IS NOT NULL));
