-- How far each stream of the record is: the index of the next record to send, moved when its receiver has answered.
CREATE TABLE audit_streams (
  name text PRIMARY KEY,
  next bigint NOT NULL DEFAULT 0 CHECK (next >= 0),
  delivered_at timestamptz,
  -- Why the newest delivery failed; null where it did not.
  problem text CHECK (length(problem) <= 500),
  failed_at timestamptz
);
