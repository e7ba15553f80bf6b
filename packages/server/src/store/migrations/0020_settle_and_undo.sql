-- What is known of a call whose outcome is not, and when the next try to learn it is due.
ALTER TABLE proposals
  ADD COLUMN succeeded_at timestamptz,
  ADD COLUMN settlement text,
  ADD COLUMN settle_at timestamptz;
UPDATE proposals SET succeeded_at = executions.ended_at
  FROM executions WHERE executions.id = proposals.execution AND proposals.state = 'succeeded';
CREATE INDEX proposals_settling ON proposals (settle_at) WHERE settle_at IS NOT NULL;

-- The undo of an effect: one row for each proposal that somebody asked to take back. Moves are compare-and-set on `state`.
CREATE TABLE undos (
  proposal text PRIMARY KEY REFERENCES proposals (id),
  state text NOT NULL CHECK (state IN ('requested', 'declined', 'undone', 'failed', 'unknown', 'impossible')),
  -- The proposal that is to undo it: the newest one, where it was asked for more than once.
  by_proposal text,
  body text NOT NULL
);
CREATE INDEX undos_open ON undos (proposal) WHERE state IN ('requested', 'unknown');
CREATE UNIQUE INDEX undos_by_proposal ON undos (by_proposal) WHERE by_proposal IS NOT NULL;

-- Taking back all that a run did, latest first.
CREATE TABLE unwindings (
  run text PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('unwinding', 'unwound', 'stopped')),
  body text NOT NULL
);
CREATE INDEX unwindings_open ON unwindings (run) WHERE state = 'unwinding';
