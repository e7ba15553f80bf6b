CREATE TABLE approvals (
  id text COLLATE "C" PRIMARY KEY,
  -- One approval a proposal, whoever asks and however often.
  proposal text COLLATE "C" NOT NULL UNIQUE,
  proposal_digest text COLLATE "C" NOT NULL,
  decision text COLLATE "C" NOT NULL,
  requesters text[] NOT NULL,
  groups text[] NOT NULL,
  quorum integer NOT NULL CHECK (quorum >= 1),
  state text NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'withdrawn')),
  -- Canonical JSON of what each record about this approval refers to.
  refs text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  closed_at timestamptz,
  CHECK ((state = 'pending') = (closed_at IS NULL))
);

CREATE INDEX approvals_due ON approvals (expires_at) WHERE state = 'pending';

CREATE TABLE approval_verdicts (
  approval text COLLATE "C" NOT NULL REFERENCES approvals (id),
  -- From 1, in the order in which they were given.
  position integer NOT NULL,
  approver text COLLATE "C" NOT NULL,
  nonce text COLLATE "C" NOT NULL UNIQUE,
  groups text[] NOT NULL,
  -- Canonical JSON of the signed verdict, byte for byte what was verified.
  signed text NOT NULL,
  PRIMARY KEY (approval, position),
  UNIQUE (approval, approver)
);
