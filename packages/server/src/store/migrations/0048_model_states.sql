-- What the processes that ask models share: the circuit of each endpoint, and what was taken of its limits.
CREATE TABLE model_states (
  kind text NOT NULL,
  name text NOT NULL,
  -- JSON, as the process that changed it last understands it.
  state text NOT NULL CHECK (octet_length(state) <= 4096),
  PRIMARY KEY (kind, name)
);
