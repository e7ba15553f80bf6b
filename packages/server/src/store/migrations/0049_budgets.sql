-- What questions to models have cost, by budget: `run:ID`, `workflow:NAME`, `owner:NAME` or `all`. Money in millionths of
-- the currency's unit. A month is `2026-11`, and empty for a run.
CREATE TABLE budget_uses (
  budget text NOT NULL,
  month text NOT NULL,
  tokens bigint NOT NULL DEFAULT 0 CHECK (tokens >= 0),
  micros bigint NOT NULL DEFAULT 0 CHECK (micros >= 0),
  reserved_tokens bigint NOT NULL DEFAULT 0 CHECK (reserved_tokens >= 0),
  reserved_micros bigint NOT NULL DEFAULT 0 CHECK (reserved_micros >= 0),
  PRIMARY KEY (budget, month)
);

-- What is kept back for one attempt that is under way. Where its process is lost it counts as spent after its time.
CREATE TABLE budget_reservations (
  id text PRIMARY KEY,
  run text NOT NULL,
  workflow text NOT NULL,
  owner text NOT NULL,
  month text NOT NULL,
  tokens bigint NOT NULL CHECK (tokens >= 0),
  micros bigint NOT NULL CHECK (micros >= 0),
  until timestamptz NOT NULL
);
CREATE INDEX budget_reservations_by_time ON budget_reservations (until);
