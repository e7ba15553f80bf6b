-- What the processes that ask models share: the circuit of each endpoint, and what was taken of its limits.
CREATE TABLE model_states (
  kind text NOT NULL,
  name text NOT NULL,
  -- JSON, as the process that changed it last understands it.
  state text NOT NULL CHECK (octet_length(state) <= 4096),
  PRIMARY KEY (kind, name)
);

-- How fast runs end, for telling a caller when to come again.
CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL;
