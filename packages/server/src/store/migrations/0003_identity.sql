-- Ids compare by byte order everywhere, whatever the database's locale: they sort by the time they were made.
CREATE TABLE identity_accounts (
  id text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('person', 'service')),
  roles text[] NOT NULL,
  groups text[] NOT NULL,
  password_hash text,
  signing_public_key text COLLATE "C" UNIQUE,
  -- Canonical JSON of the private key as its owner wrapped it. The server cannot open it.
  signing_key_wrapped text,
  created_at timestamptz NOT NULL,
  CHECK ((signing_public_key IS NULL) = (signing_key_wrapped IS NULL))
);

CREATE TABLE identity_sessions (
  id text COLLATE "C" PRIMARY KEY,
  account text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  secret_hash text COLLATE "C" NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz
);

CREATE TABLE identity_tokens (
  id text COLLATE "C" PRIMARY KEY,
  account text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  label text NOT NULL,
  roles text[] NOT NULL,
  secret_hash text COLLATE "C" NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  last_used_at timestamptz
);

CREATE INDEX identity_tokens_account ON identity_tokens (account, id);

-- Names are counted whether or not there is such an account, so there is no reference.
CREATE TABLE identity_attempts (
  name text COLLATE "C" PRIMARY KEY,
  failures integer NOT NULL CHECK (failures >= 0),
  last_at timestamptz NOT NULL,
  locked_until timestamptz
);
