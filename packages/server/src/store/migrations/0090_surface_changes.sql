-- The register of changes of what workflows rest on. What a change is never changes; where it stands does.
CREATE TABLE surface_changes (
  number bigint GENERATED ALWAYS AS IDENTITY,
  change text COLLATE "C" PRIMARY KEY CHECK (change ~ '^chg_[a-z0-9_-]{1,64}$'),
  kind text NOT NULL CHECK (kind IN ('release', 'definition', 'configuration', 'model')),
  subject text COLLATE "C" NOT NULL CHECK (length(subject) <= 400),
  from_digest text COLLATE "C",
  to_digest text COLLATE "C" NOT NULL,
  workflows text[] NOT NULL,
  owners text[] NOT NULL,
  risk text NOT NULL,
  -- What it is now and what is otherwise, as JSON.
  after text NOT NULL,
  pieces text NOT NULL,
  reason text NOT NULL,
  opened_by text COLLATE "C" NOT NULL,
  opened_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'settled', 'withdrawn')),
  -- The proposal by which people are asked, while that goes on.
  asked text COLLATE "C",
  asked_at timestamptz,
  CHECK ((asked IS NULL) = (asked_at IS NULL)),
  CHECK (asked IS NULL OR state IN ('open', 'rejected'))
);
CREATE INDEX surface_changes_order ON surface_changes (number);
-- However many processes see the same change at once.
CREATE UNIQUE INDEX surface_changes_live ON surface_changes (kind, subject, to_digest)
  WHERE state IN ('open', 'rejected');

-- Every decision, with the proposal that allowed it where one was needed.
CREATE TABLE surface_change_moves (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  change text COLLATE "C" NOT NULL REFERENCES surface_changes (change),
  event text NOT NULL CHECK (event IN ('approve', 'reject', 'settle', 'withdraw')),
  from_state text NOT NULL,
  to_state text NOT NULL,
  reason text NOT NULL,
  moved_by text COLLATE "C" NOT NULL,
  moved_at timestamptz NOT NULL,
  proposal text COLLATE "C",
  evidence text[] NOT NULL,
  UNIQUE (proposal, change)
);
CREATE INDEX surface_change_moves_of ON surface_change_moves (change, number);

-- What was agreed to last, part by part.
CREATE TABLE surface_agreed (
  kind text NOT NULL,
  part text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  -- RFC 8785 text of the part.
  body text NOT NULL,
  PRIMARY KEY (kind, part)
);

-- Only where it stands may change, and what is decided stays decided.
CREATE FUNCTION surface_changes_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state IN ('approved', 'settled', 'withdrawn')
     OR (NEW.number, NEW.change, NEW.kind, NEW.subject, NEW.from_digest, NEW.to_digest, NEW.workflows, NEW.owners,
         NEW.risk, NEW.after, NEW.pieces, NEW.reason, NEW.opened_by, NEW.opened_at)
        IS DISTINCT FROM
        (OLD.number, OLD.change, OLD.kind, OLD.subject, OLD.from_digest, OLD.to_digest, OLD.workflows, OLD.owners,
         OLD.risk, OLD.after, OLD.pieces, OLD.reason, OLD.opened_by, OLD.opened_at) THEN
    RAISE EXCEPTION 'the change % cannot be changed like that', OLD.change USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER surface_changes_guarded BEFORE UPDATE OR DELETE ON surface_changes
  FOR EACH ROW EXECUTE FUNCTION surface_changes_guarded();

CREATE FUNCTION surface_change_moves_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was decided on changes is only added to';
END $$;
CREATE TRIGGER surface_change_moves_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON surface_change_moves
  FOR EACH STATEMENT EXECUTE FUNCTION surface_change_moves_kept();
