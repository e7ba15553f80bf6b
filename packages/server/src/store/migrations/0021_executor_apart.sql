-- Grants on their way to an executor that runs apart. The token is good for that executor's key alone, for one use, and is
-- erased when it is taken.
CREATE TABLE dispatches (
  grant_id text PRIMARY KEY REFERENCES grants (id),
  proposal text NOT NULL,
  -- The RFC 7638 thumbprint of the key that may use it.
  executor text NOT NULL,
  token text,
  -- The process that has taken it.
  taken_by text,
  -- Why it was not used: canonical JSON of a code and a sentence.
  refusal text,
  expires_at timestamptz NOT NULL,
  CHECK ((token IS NULL) = (taken_by IS NOT NULL))
);
CREATE INDEX dispatches_open ON dispatches (executor, expires_at) WHERE token IS NOT NULL;

-- A grant leaves `issued` once, and nothing else of it ever changes, whoever has the right to write here: a grant that was
-- spent or taken back must not come alive again.
CREATE FUNCTION grants_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a grant leaves the state issued once, and nothing else of it changes'
    USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER grants_move_once BEFORE UPDATE ON grants FOR EACH ROW
  WHEN (
    OLD.state <> 'issued' OR NEW.state = 'issued'
    OR (OLD.id, OLD.proposal, OLD.proposal_digest, OLD.args_digest, OLD.audience, OLD.issued_at, OLD.expires_at)
      IS DISTINCT FROM
      (NEW.id, NEW.proposal, NEW.proposal_digest, NEW.args_digest, NEW.audience, NEW.issued_at, NEW.expires_at)
  )
  EXECUTE FUNCTION grants_refuse_change();
