-- The public halves of the keys that sign access tokens, so that each process that lets people in verifies what another one has
-- signed. Private keys stay where they were made. Whoever holds one says every minute that it goes on; what nobody says so of is
-- over by itself, and its row goes.
CREATE TABLE identity_access_keys (
  -- Made of the key (RFC 7638), so that it names this one and no other.
  kid text COLLATE "C" PRIMARY KEY CHECK (length(kid) <= 64),
  -- Of its JWK (RFC 8037).
  x text COLLATE "C" NOT NULL CHECK (length(x) = 43),
  environment text COLLATE "C" NOT NULL CHECK (environment IN ('development', 'test', 'staging', 'production')),
  -- It signs nothing after this, unless it is published again.
  not_after timestamptz NOT NULL,
  -- The process that published it last.
  instance text NOT NULL CHECK (length(instance) <= 128)
);
CREATE INDEX identity_access_keys_over ON identity_access_keys (not_after);
