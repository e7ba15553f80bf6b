-- The register of releases. What a release is never changes: its name is the digest of it. Where it stands does.
CREATE TABLE releases (
  release text COLLATE "C" PRIMARY KEY CHECK (release ~ '^sha256:[0-9a-f]{64}$'),
  workflow text COLLATE "C" NOT NULL,
  version text NOT NULL,
  portreeve text NOT NULL,
  -- RFC 8785 text of the workflow's contract, as the release has it.
  contract text NOT NULL,
  origin text NOT NULL CHECK (origin IN ('bundle', 'folder')),
  state text NOT NULL CHECK (state IN ('added', 'testing', 'staging', 'production', 'retired', 'barred')),
  signed_by text[] NOT NULL,
  added_by text COLLATE "C" NOT NULL,
  added_at timestamptz NOT NULL
);
CREATE INDEX releases_of_workflow ON releases (workflow, added_at DESC);
-- One of a workflow at the most is what new runs take.
CREATE UNIQUE INDEX releases_one_in_production ON releases (workflow) WHERE state = 'production';

-- The signed bundle, as it was added. Apart: it is large, and looked at only when a release is loaded.
CREATE TABLE release_bundles (
  release text COLLATE "C" PRIMARY KEY REFERENCES releases (release),
  bundle text NOT NULL,
  bytes integer NOT NULL CHECK (bytes > 0)
);

CREATE TABLE release_evidence (
  evidence text COLLATE "C" NOT NULL CHECK (evidence ~ '^sha256:[0-9a-f]{64}$'),
  release text COLLATE "C" NOT NULL REFERENCES releases (release),
  -- What is looked at, as JSON, and the sealed report itself.
  summary text NOT NULL,
  report text NOT NULL,
  attached_at timestamptz NOT NULL,
  PRIMARY KEY (evidence)
);
CREATE INDEX release_evidence_of ON release_evidence (release, attached_at DESC);

-- Every change of state, with the proposal that allowed it where one was needed.
CREATE TABLE release_moves (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  release text COLLATE "C" NOT NULL REFERENCES releases (release),
  event text NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  reason text NOT NULL,
  moved_by text COLLATE "C" NOT NULL,
  moved_at timestamptz NOT NULL,
  proposal text COLLATE "C",
  UNIQUE (proposal, release),
  -- What needs people's agreement has a proposal.
  CHECK (event NOT IN ('stage', 'promote', 'supersede', 'restore') OR proposal IS NOT NULL)
);
CREATE INDEX release_moves_of ON release_moves (release, number);

-- Proposals by which a release is to move, until they have ended.
CREATE TABLE release_requests (
  proposal text COLLATE "C" PRIMARY KEY,
  release text COLLATE "C" NOT NULL REFERENCES releases (release),
  tool text COLLATE "C" NOT NULL,
  asked_by text COLLATE "C" NOT NULL,
  asked_at timestamptz NOT NULL,
  -- How it ended; null while it goes on.
  ending text
);
CREATE INDEX release_requests_open ON release_requests (asked_at) WHERE ending IS NULL;

CREATE FUNCTION release_history_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what a release is, and how it came to stand where it stands, is only added to';
END $$;
CREATE TRIGGER release_moves_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON release_moves
  FOR EACH STATEMENT EXECUTE FUNCTION release_history_kept();
CREATE TRIGGER release_bundles_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON release_bundles
  FOR EACH STATEMENT EXECUTE FUNCTION release_history_kept();
CREATE TRIGGER release_evidence_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON release_evidence
  FOR EACH STATEMENT EXECUTE FUNCTION release_history_kept();

-- Only where it stands may change, and from barred nothing does.
CREATE FUNCTION releases_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state = 'barred' AND NEW.state <> 'barred'
     OR (NEW.release, NEW.workflow, NEW.contract) IS DISTINCT FROM (OLD.release, OLD.workflow, OLD.contract) THEN
    RAISE EXCEPTION 'the release % cannot be changed like that', OLD.release USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER releases_guarded BEFORE UPDATE OR DELETE ON releases
  FOR EACH ROW EXECUTE FUNCTION releases_guarded();

-- Other processes hear of it at once.
CREATE FUNCTION releases_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('portreeve_releases', '');
  RETURN NULL;
END $$;
CREATE TRIGGER releases_told AFTER UPDATE ON releases FOR EACH STATEMENT EXECUTE FUNCTION releases_told();

-- Nothing that a barred release has proposed is carried out any more, whoever asks the database for a grant. Grants from
-- before that come back with a backup.
CREATE FUNCTION refuse_barred_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM proposals p JOIN runs r ON r.id = p.run JOIN release_moves m ON m.release = r.release
    WHERE p.id = NEW.proposal AND m.to_state = 'barred'
      -- Grants say when they were issued in whole seconds.
      AND NEW.state = 'issued' AND date_trunc('second', m.moved_at) <= NEW.issued_at
  ) THEN
    RAISE EXCEPTION 'the release of the proposal % is barred', NEW.proposal USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_never_barred BEFORE INSERT OR UPDATE OF proposal ON grants
  FOR EACH ROW EXECUTE FUNCTION refuse_barred_grant();

-- Which releases runs that go on are pinned to.
CREATE INDEX runs_open_by_release ON runs (release) WHERE ended_at IS NULL;
