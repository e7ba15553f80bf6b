CREATE TABLE proposals (
  id text PRIMARY KEY,
  run text,
  workflow text NOT NULL,
  tool text NOT NULL,
  digest text NOT NULL,
  state text NOT NULL,
  -- What never changes: the proposal, the facts of its workflow, its tool's contract (canonical JSON).
  body text NOT NULL,
  decision text NOT NULL,
  approval text,
  "grant" text,
  execution text,
  outcome text,
  handoff text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX proposals_by_run ON proposals (run);
CREATE UNIQUE INDEX proposals_by_approval ON proposals (approval) WHERE approval IS NOT NULL;

CREATE TABLE handoffs (
  id text PRIMARY KEY,
  kind text NOT NULL,
  state text NOT NULL,
  run text,
  body text NOT NULL,
  closed_at timestamptz
);
CREATE INDEX handoffs_open ON handoffs (id) WHERE state = 'open';
CREATE INDEX handoffs_by_run ON handoffs (run);
