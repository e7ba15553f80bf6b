-- Labelled values between the steps of a run: what a source gave, what a model answered. Written once, never changed.
CREATE TABLE run_values (
  id text PRIMARY KEY,
  run text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('evidence', 'json')),
  -- Both canonical JSON.
  label text NOT NULL,
  content text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX run_values_by_run ON run_values (run);
