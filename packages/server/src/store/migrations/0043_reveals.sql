-- Who wished to see the value behind a mark of the record, why, and who allowed it. No value stands here, or anywhere for it.
CREATE TABLE reveals (
  id text COLLATE "C" PRIMARY KEY,
  mark text COLLATE "C" NOT NULL,
  run text COLLATE "C",
  reason text NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'allowed', 'refused', 'shown')),
  requested_by text COLLATE "C" NOT NULL,
  requested_at timestamptz NOT NULL,
  decided_by text COLLATE "C",
  decided_at timestamptz,
  until timestamptz NOT NULL,
  CHECK (decided_by IS DISTINCT FROM requested_by OR decided_by IS NULL OR state = 'refused')
);
