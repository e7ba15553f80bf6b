-- Freezes and incidents as history: rows are added and never changed; the newest row of a subject holds.
CREATE TABLE environment_changes (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL
);
CREATE INDEX environment_changes_by_subject ON environment_changes (subject, number DESC);

CREATE FUNCTION environment_changes_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the history of the environment is only added to';
END $$;
CREATE TRIGGER environment_changes_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON environment_changes
  FOR EACH STATEMENT EXECUTE FUNCTION environment_changes_kept();

-- Other processes hear of a change at once.
CREATE FUNCTION environment_changes_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('portreeve_environment', '');
  RETURN NULL;
END $$;
CREATE TRIGGER environment_changes_told AFTER INSERT ON environment_changes
  FOR EACH STATEMENT EXECUTE FUNCTION environment_changes_told();
