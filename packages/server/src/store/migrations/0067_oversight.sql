-- How long the page of an approval was in view, as the browser of who was asked says. Nothing is decided by it.
CREATE TABLE approval_views (
  approval text COLLATE "C" NOT NULL REFERENCES approvals (id),
  account text COLLATE "C" NOT NULL,
  visible_ms bigint NOT NULL CHECK (visible_ms >= 0),
  reports integer NOT NULL CHECK (reports BETWEEN 1 AND 50),
  PRIMARY KEY (approval, account)
);

-- What is to be planted among the approvals of a workflow, and when. A row goes when it is planted.
CREATE TABLE planting_due (
  id text COLLATE "C" PRIMARY KEY,
  workflow text COLLATE "C" NOT NULL,
  case_id text COLLATE "C" NOT NULL,
  due_at timestamptz NOT NULL
);
CREATE INDEX planting_due_at ON planting_due (due_at);

-- Runs that test who approves, with what opens the seal of their record.
CREATE TABLE planted_runs (
  run text COLLATE "C" PRIMARY KEY,
  workflow text COLLATE "C" NOT NULL,
  case_id text COLLATE "C" NOT NULL,
  wrong text NOT NULL,
  nonce text COLLATE "C" NOT NULL,
  commitment text COLLATE "C" NOT NULL,
  opened_at timestamptz
);

-- What such a run proposed. The row is there before the proposal is.
CREATE TABLE planted_proposals (
  proposal text COLLATE "C" PRIMARY KEY,
  run text COLLATE "C" NOT NULL REFERENCES planted_runs (run),
  -- Whether anybody is asked about it; of one run one is, and what it is amended to.
  shown boolean NOT NULL
);
CREATE INDEX planted_proposals_run ON planted_proposals (run);

-- No grant can be made for a planted proposal, whoever asks the database for it, and the mark never goes away.
CREATE FUNCTION refuse_planted_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM planted_proposals WHERE proposal = NEW.proposal) THEN
    RAISE EXCEPTION 'the proposal % can never be carried out', NEW.proposal USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_never_planted BEFORE INSERT OR UPDATE OF proposal ON grants
  FOR EACH ROW EXECUTE FUNCTION refuse_planted_grant();
CREATE FUNCTION keep_planted_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a planted proposal stays marked' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER planted_marks_stay BEFORE UPDATE OR DELETE ON planted_proposals
  FOR EACH ROW EXECUTE FUNCTION keep_planted_mark();
CREATE TRIGGER planted_marks_not_emptied BEFORE TRUNCATE ON planted_proposals
  FOR EACH STATEMENT EXECUTE FUNCTION keep_planted_mark();
