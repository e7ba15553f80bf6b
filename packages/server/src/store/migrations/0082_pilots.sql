-- A release may come into production step by step: as a shadow, for some people, for a share of those who ask.
-- keeps: the next statement adds it again, wider
ALTER TABLE releases DROP CONSTRAINT releases_state_check;
-- held: a moment, as the table holds a row for each release
-- keeps: one more state
ALTER TABLE releases ADD CONSTRAINT releases_state_check
  CHECK (state IN ('added', 'testing', 'staging', 'pilot', 'production', 'retired', 'barred'));
-- One of a workflow at the most is tried beside the one in production.
-- held: a moment, as the table holds a row for each release
-- keeps: of rows in the new state alone
CREATE UNIQUE INDEX releases_one_pilot ON releases (workflow) WHERE state = 'pilot';
-- keeps: the next statement adds it again
ALTER TABLE release_moves DROP CONSTRAINT release_moves_check;
-- held: a moment, as the table holds a few rows for each release
-- keeps: one more event that needs a proposal
ALTER TABLE release_moves ADD CONSTRAINT release_moves_check
  CHECK (event NOT IN ('stage', 'pilot', 'promote', 'supersede', 'restore') OR proposal IS NOT NULL);

-- The steps that releases have entered; the one that is not left is where a release is.
CREATE TABLE pilot_steps (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  release text COLLATE "C" NOT NULL REFERENCES releases (release),
  workflow text COLLATE "C" NOT NULL,
  -- RFC 8785 text of all steps, as they were approved, and which of them it is, counted from 0.
  rollout text NOT NULL,
  index smallint NOT NULL CHECK (index BETWEEN 0 AND 7),
  runs_max integer NOT NULL CHECK (runs_max > 0),
  entered_at timestamptz NOT NULL,
  left_at timestamptz,
  -- INVARIANT: the step takes no more than it may, whoever asks the database.
  taken integer NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND runs_max)
);
CREATE UNIQUE INDEX pilot_steps_open ON pilot_steps (release) WHERE left_at IS NULL;

-- The runs of each step, shadows too.
CREATE TABLE pilot_runs (
  run text COLLATE "C" PRIMARY KEY,
  step bigint NOT NULL REFERENCES pilot_steps (number)
);
CREATE INDEX pilot_runs_of_step ON pilot_runs (step);

CREATE FUNCTION pilot_steps_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR OLD.left_at IS NOT NULL OR NEW.taken < OLD.taken
     OR (NEW.number, NEW.release, NEW.workflow, NEW.rollout, NEW.index, NEW.runs_max, NEW.entered_at)
        IS DISTINCT FROM
        (OLD.number, OLD.release, OLD.workflow, OLD.rollout, OLD.index, OLD.runs_max, OLD.entered_at) THEN
    RAISE EXCEPTION 'a step of a pilot stays what it was' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pilot_steps_guarded BEFORE UPDATE OR DELETE ON pilot_steps
  FOR EACH ROW EXECUTE FUNCTION pilot_steps_guarded();

-- A run that is a copy of another one, by which a release is tried, and is that from its first moment on.
ALTER TABLE runs ADD COLUMN shadow_of text COLLATE "C";
CREATE FUNCTION shadow_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.shadow_of IS DISTINCT FROM OLD.shadow_of THEN
    RAISE EXCEPTION 'whether the run % is a shadow never changes', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- keeps: of the new column alone
CREATE TRIGGER runs_shadow_stays BEFORE UPDATE OF shadow_of ON runs FOR EACH ROW EXECUTE FUNCTION shadow_stays();

-- No grant can be made for what a shadow proposes, whoever asks the database for it.
CREATE FUNCTION refuse_shadow_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM proposals p JOIN runs r ON r.id = p.run WHERE p.id = NEW.proposal AND r.shadow_of IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'the proposal % is that of a shadow', NEW.proposal USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- keeps: of shadows alone, which the version before cannot make
CREATE TRIGGER grants_never_of_shadows BEFORE INSERT OR UPDATE OF proposal ON grants
  FOR EACH ROW EXECUTE FUNCTION refuse_shadow_grant();
