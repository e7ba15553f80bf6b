CREATE TABLE notices (
  decision text PRIMARY KEY,
  groups text[] NOT NULL,
  proposal text NOT NULL,
  run text,
  workflow text NOT NULL,
  text text NOT NULL,
  posted_at timestamptz NOT NULL
);
CREATE INDEX notices_by_group ON notices USING gin (groups);
CREATE INDEX notices_by_time ON notices (posted_at DESC);
