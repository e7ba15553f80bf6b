-- What people are to be told by a channel: written with what happened, sent afterwards.
CREATE TABLE notifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,
  -- What happened, once: a step that is repeated tells nobody twice.
  event text NOT NULL,
  kind text NOT NULL,
  -- An approval, a hand-off, or what is frozen.
  about text NOT NULL,
  workflow text,
  -- Whom it concerns; null where what it is about says that.
  groups text[],
  -- The stage of a freeze.
  stage text,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'skipped', 'failed')),
  tries integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  -- When it is tried next. Who takes it puts that off, so that nobody else takes it meanwhile.
  send_at timestamptz NOT NULL,
  ended_at timestamptz,
  problem text CHECK (length(problem) <= 500),
  UNIQUE (channel, event)
);
CREATE INDEX notifications_due ON notifications (channel, send_at) WHERE state = 'waiting';
CREATE INDEX notifications_ended ON notifications (ended_at) WHERE state <> 'waiting';
