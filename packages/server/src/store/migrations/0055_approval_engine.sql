-- When somebody is reminded of a pending approval, and when it is escalated; null once that is done.
ALTER TABLE approvals
  ADD COLUMN remind_at timestamptz,
  ADD COLUMN escalate_at timestamptz;
CREATE INDEX approvals_remind ON approvals (remind_at) WHERE state = 'pending' AND remind_at IS NOT NULL;
CREATE INDEX approvals_escalate ON approvals (escalate_at) WHERE state = 'pending' AND escalate_at IS NOT NULL;

-- Lists of what waits, by its place, by group and by who asked: the closed ones are many more and are not walked over.
CREATE INDEX approvals_pending ON approvals (id) WHERE state = 'pending';
CREATE INDEX approvals_pending_groups ON approvals USING gin (groups) WHERE state = 'pending';
CREATE INDEX approvals_requesters ON approvals USING gin (requesters);

-- One approver's leave for another to decide in their place, for some groups, until a day.
CREATE TABLE approval_delegations (
  id text COLLATE "C" PRIMARY KEY,
  delegator text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  delegate text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  groups text[] NOT NULL CHECK (cardinality(groups) > 0),
  reason text NOT NULL,
  from_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  ended_at timestamptz,
  CHECK (delegator <> delegate),
  CHECK (from_at < until)
);
CREATE INDEX approval_delegations_delegate ON approval_delegations (delegate, until);
CREATE INDEX approval_delegations_delegator ON approval_delegations (delegator, id);

-- In whose place a verdict was given; null for one's own.
ALTER TABLE approval_verdicts ADD COLUMN in_place_of text COLLATE "C";
