-- What runs that are carried out in a process apart ask of the gate, and what it answers. Both are sealed for those whom the
-- run is about. Who asks can add and read; that a question was taken, and the answer, are the gatekeeper's to write.
CREATE TABLE gate_asks (
  id text PRIMARY KEY CHECK (length(id) <= 64),
  run text NOT NULL CHECK (run ~ '^run_[a-z0-9_-]{1,64}$'),
  body text NOT NULL CHECK (octet_length(body) <= 16777216),
  asked_at timestamptz NOT NULL DEFAULT now(),
  -- The process that answers; where it is dead, another one does.
  taken_by text,
  answer text
);
CREATE INDEX gate_asks_open ON gate_asks (asked_at) WHERE answer IS NULL;
