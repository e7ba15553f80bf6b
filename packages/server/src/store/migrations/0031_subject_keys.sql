-- Keys of data subjects, wrapped by a root key that is not in the database. Back this table up apart from all others,
-- and for a shorter time: with a key that came back its data would, too (docs/guides/erase-a-person.md).
CREATE TABLE subject_keys (
  id text COLLATE "C" PRIMARY KEY,
  -- A principal, a keyed name (sub_…), or the house.
  subject text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  -- The month it was made in, UTC: a retention ends whole months.
  period text COLLATE "C" NOT NULL CHECK (period ~ '^[0-9]{4}-[0-9]{2}$'),
  root text COLLATE "C" NOT NULL,
  wrapped text COLLATE "C" NOT NULL CHECK (octet_length(wrapped) <= 4096)
);
CREATE INDEX subject_keys_newest ON subject_keys (subject, purpose, period, id);
CREATE INDEX subject_keys_by_period ON subject_keys (purpose, period);
CREATE INDEX subject_keys_by_root ON subject_keys (root, id);

-- What became of keys: for showing what is erased. That it was rightly erased is proved by the log, which names the key.
CREATE TABLE erased_keys (
  id text COLLATE "C" PRIMARY KEY,
  cause text NOT NULL CHECK (cause IN ('erasure', 'retention')),
  time timestamptz NOT NULL,
  record text COLLATE "C" NOT NULL
);
CREATE TRIGGER erased_keys_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erased_keys
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- A key that was erased does not come back, whoever puts it in, as from an older backup.
CREATE FUNCTION subject_keys_refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM erased_keys WHERE id = NEW.id) THEN
    RAISE EXCEPTION 'the key % was erased', NEW.id USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER subject_keys_erased_stay BEFORE INSERT ON subject_keys
  FOR EACH ROW EXECUTE FUNCTION subject_keys_refuse_erased();
-- Of a key nothing but its wrapping changes.
CREATE FUNCTION subject_keys_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.subject, NEW.purpose, NEW.period) IS DISTINCT FROM (OLD.id, OLD.subject, OLD.purpose, OLD.period) THEN
    RAISE EXCEPTION 'of a subject key only its wrapping changes' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER subject_keys_rewrap_only BEFORE UPDATE ON subject_keys
  FOR EACH ROW EXECUTE FUNCTION subject_keys_refuse_change();

-- Whom a run is about: who asked for it, and whom its workflow declares.
CREATE TABLE run_subjects (
  run text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  workflow text COLLATE "C" NOT NULL,
  PRIMARY KEY (run, subject)
);
CREATE INDEX run_subjects_by_subject ON run_subjects (subject, workflow);

CREATE TABLE legal_holds (
  id text COLLATE "C" PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('subject', 'workflow', 'purpose')),
  target text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  set_by text COLLATE "C" NOT NULL,
  set_at timestamptz NOT NULL,
  lifted_by text COLLATE "C",
  lifted_at timestamptz,
  CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
CREATE INDEX legal_holds_in_force ON legal_holds (id) WHERE lifted_at IS NULL;

CREATE TABLE erasures (
  id text COLLATE "C" PRIMARY KEY,
  subject text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  state text NOT NULL CHECK (state IN ('requested', 'erased', 'refused')),
  requested_by text COLLATE "C" NOT NULL,
  requested_at timestamptz NOT NULL,
  closed_by text COLLATE "C",
  closed_at timestamptz,
  keys integer,
  CHECK ((state = 'requested') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX erasures_open ON erasures (subject) WHERE state = 'requested';

-- Who wished it and acts for whom: what is about them in the body is sealed.
ALTER TABLE proposals ADD COLUMN principals text[] NOT NULL DEFAULT '{}';
-- Who asked for a run and what: sealed, beside the body, which says nothing of anybody.
ALTER TABLE runs ADD COLUMN asked text NOT NULL DEFAULT '';
