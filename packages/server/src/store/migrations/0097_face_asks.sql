-- What an api in a process apart asks of a gatekeeper for those who came to it, and the answer. Both are sealed for who asks.
-- The api adds and reads; that a question was taken, and the answer, are the gatekeeper's to write. A question is carried once:
-- where the process that took it is dead nobody carries it again, and whoever asked is told so.
CREATE TABLE face_asks (
  id text PRIMARY KEY CHECK (length(id) <= 64),
  -- Null: the house asks.
  principal text CHECK (length(principal) <= 128),
  body text NOT NULL CHECK (octet_length(body) <= 16777216),
  asked_at timestamptz NOT NULL DEFAULT now(),
  taken_by text,
  answer text
);
CREATE INDEX face_asks_open ON face_asks (asked_at) WHERE taken_by IS NULL;
