-- Which environment this database belongs to: one row, for ever.
CREATE TABLE installation (
  one boolean PRIMARY KEY CHECK (one),
  environment text NOT NULL CHECK (environment IN ('development', 'test', 'staging', 'production'))
);

-- Minted credentials that were not taken back yet: the id of the lease, never the secret.
CREATE TABLE credential_leases (
  id text PRIMARY KEY,
  credential text NOT NULL,
  tool text NOT NULL,
  execution text NOT NULL,
  instance text NOT NULL,
  expires_at timestamptz NOT NULL,
  left_open boolean NOT NULL
);
CREATE INDEX credential_leases_oldest ON credential_leases (expires_at, id);
