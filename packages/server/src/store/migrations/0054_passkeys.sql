-- What an approving verdict must be signed with at the least. What was asked for before took any registered key.
ALTER TABLE approvals ADD COLUMN signature text COLLATE "C" NOT NULL DEFAULT 'key'
  CHECK (signature IN ('key', 'passkey', 'device_bound'));
ALTER TABLE approvals ALTER COLUMN signature DROP DEFAULT;

-- People's passkeys: public keys alone. What a passkey is never changes; its counter goes up, and it may be revoked.
CREATE TABLE passkeys (
  id text COLLATE "C" PRIMARY KEY,
  account text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  name text NOT NULL,
  -- The credential id, in base64url: one account's, for ever.
  handle text COLLATE "C" NOT NULL UNIQUE,
  alg text COLLATE "C" NOT NULL CHECK (alg IN ('ES256', 'EdDSA', 'RS256')),
  public_key text COLLATE "C" NOT NULL,
  cose text COLLATE "C" NOT NULL,
  rp_id text COLLATE "C" NOT NULL,
  origin text COLLATE "C" NOT NULL,
  device_bound boolean NOT NULL,
  aaguid text COLLATE "C" NOT NULL,
  counter bigint NOT NULL CHECK (counter >= 0),
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX passkeys_account ON passkeys (account, id);

-- What was given to an authenticator to sign. A row goes when it is used.
CREATE TABLE passkey_challenges (
  challenge text COLLATE "C" PRIMARY KEY,
  purpose text COLLATE "C" NOT NULL CHECK (purpose IN ('verdict', 'enrolment')),
  account text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  -- The RFC 8785 text of the statement, of which the challenge is the digest.
  object text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_account ON passkey_challenges (account, expires_at);
CREATE INDEX passkey_challenges_expires ON passkey_challenges (expires_at);

-- Leaves to enrol one passkey, by the digest of the code. A row goes when it is used.
CREATE TABLE passkey_invitations (
  hash text COLLATE "C" PRIMARY KEY,
  account text COLLATE "C" NOT NULL REFERENCES identity_accounts (id),
  expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_invitations_expires ON passkey_invitations (expires_at);
