ALTER TABLE identity_accounts
  DROP CONSTRAINT identity_accounts_kind_check,
  ADD CONSTRAINT identity_accounts_kind_check CHECK (kind IN ('person', 'service', 'agent')),
  -- Who the account is at an identity provider. One subject of one issuer is one account.
  ADD COLUMN issuer text COLLATE "C",
  ADD COLUMN subject text COLLATE "C",
  ADD CONSTRAINT identity_accounts_subject_check CHECK ((issuer IS NULL) = (subject IS NULL)),
  ADD CONSTRAINT identity_accounts_subject_key UNIQUE (issuer, subject);

-- What was made before did not say where it belongs. It counts as made for development: a server of another environment
-- refuses it, and its people and services get new credentials, which is the safe side.
ALTER TABLE identity_sessions
  ADD COLUMN environment text COLLATE "C" NOT NULL DEFAULT 'development'
    CHECK (environment IN ('development', 'test', 'staging', 'production'));
ALTER TABLE identity_sessions ALTER COLUMN environment DROP DEFAULT;
CREATE INDEX identity_sessions_account ON identity_sessions (account, id);

ALTER TABLE identity_tokens
  ADD COLUMN environment text COLLATE "C" NOT NULL DEFAULT 'development'
    CHECK (environment IN ('development', 'test', 'staging', 'production')),
  ADD COLUMN tools text[],
  ADD COLUMN replaced_by text COLLATE "C" REFERENCES identity_tokens (id);
ALTER TABLE identity_tokens ALTER COLUMN environment DROP DEFAULT;

-- Sign-ins at the identity provider that have begun. A row goes when it is used.
CREATE TABLE identity_begun_sign_ins (
  state_hash text COLLATE "C" PRIMARY KEY,
  browser_hash text COLLATE "C" NOT NULL,
  nonce text NOT NULL,
  code_verifier text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX identity_begun_sign_ins_expires ON identity_begun_sign_ins (expires_at);

-- What an agent is registered for does not change; its name, roles and groups are its account's.
CREATE TABLE identity_agents (
  id text COLLATE "C" PRIMARY KEY REFERENCES identity_accounts (id),
  owner text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  purpose text NOT NULL,
  tools text[] NOT NULL,
  -- Canonical JSON of a clearance.
  data text NOT NULL,
  environment text COLLATE "C" NOT NULL CHECK (environment IN ('development', 'test', 'staging', 'production')),
  state text COLLATE "C" NOT NULL CHECK (state IN ('proposed', 'active', 'suspended', 'retired')),
  review_by timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL
);
CREATE INDEX identity_agents_review ON identity_agents (review_by) WHERE state = 'active';

-- Access tokens issued up to `at` are refused. Rows go when no such token can still be alive.
CREATE TABLE identity_access_revocations (
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('jti', 'subject', 'agent')),
  value text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (kind, value)
);

-- What is good for one use and was used, until it would have expired by itself.
CREATE TABLE identity_used (
  key text COLLATE "C" PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
CREATE INDEX identity_used_expires ON identity_used (expires_at);
