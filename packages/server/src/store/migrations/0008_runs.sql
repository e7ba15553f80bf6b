CREATE TABLE runs (
  id text PRIMARY KEY,
  workflow text NOT NULL,
  release text NOT NULL,
  requester text NOT NULL,
  state text NOT NULL,
  -- What never changes (canonical JSON); the columns beside it are the state.
  body text NOT NULL,
  attachments text NOT NULL,
  result text,
  ending text,
  approval text,
  idempotency_key text,
  idempotency_digest text,
  created_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (requester, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_by_requester ON runs (requester, id);
CREATE INDEX runs_unfinished ON runs (state) WHERE ended_at IS NULL;

-- Which executors live. Times are the database's: processes on several machines need not agree on the clock.
CREATE TABLE executor_leases (
  executor text PRIMARY KEY,
  until timestamptz NOT NULL
);
