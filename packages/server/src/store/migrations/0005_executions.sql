-- Grants (never their tokens) and their uses. State changes are compare-and-set on `state`.
CREATE TABLE grants (
  id text PRIMARY KEY,
  proposal text NOT NULL,
  proposal_digest text NOT NULL,
  args_digest text NOT NULL,
  audience text NOT NULL,
  state text NOT NULL CHECK (state IN ('issued', 'spent', 'expired', 'revoked')),
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX grants_open ON grants (expires_at) WHERE state = 'issued';

CREATE TABLE executions (
  id text PRIMARY KEY,
  -- One use of a grant, whatever else goes wrong.
  grant_id text NOT NULL UNIQUE REFERENCES grants (id),
  proposal text NOT NULL,
  proposal_digest text NOT NULL,
  args_digest text NOT NULL,
  tool text NOT NULL,
  tool_version text NOT NULL,
  idempotency_key text NOT NULL,
  instance text NOT NULL,
  state text NOT NULL CHECK (state IN ('started', 'succeeded', 'failed', 'unknown')),
  outcome text,
  actor text NOT NULL,
  refs text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  CHECK ((state = 'started') = (outcome IS NULL)),
  CHECK ((state = 'started') = (ended_at IS NULL))
);
CREATE INDEX executions_proposal ON executions (proposal, started_at);
CREATE INDEX executions_open ON executions (started_at) WHERE state = 'started';
