-- The record. Insert-only: the triggers below refuse every change, whoever asks.
CREATE TABLE audit_records (
  log text NOT NULL,
  index bigint NOT NULL CHECK (index >= 0),
  -- The Merkle leaf and what it binds by digest: RFC 8785 text, kept to the byte.
  entry text NOT NULL CHECK (octet_length(entry) < 65536),
  payload text CHECK (octet_length(payload) <= 1048576),
  key text,
  -- Taken from the entry; `verify` compares them with it.
  type text NOT NULL,
  time timestamptz NOT NULL,
  actor_id text NOT NULL,
  outcome text NOT NULL,
  run text,
  workflow text,
  tool text,
  proposal text,
  approval text,
  policy_version text,
  release text,
  -- A tsvector holds at most 1 MiB, so words are found in the first 100,000 characters. JSON's escapes are no letters,
  -- nor is punctuation beyond ASCII, which the parser takes for letters in the C locale. The nonce, which comes last,
  -- is no text.
  words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', regexp_replace(
      left(coalesce(payload, ''), 100000),
      '\\(u[0-9a-f]{4}|.)|[\u00a0\u00ab\u00bb\u2000-\u206f\u27e6\u27e7\u3000-\u303f]|,"nonce":"[^"]*"\}$', ' ', 'g'
    ))
  ) STORED,
  PRIMARY KEY (log, index)
);
CREATE UNIQUE INDEX audit_records_by_key ON audit_records (log, key) WHERE key IS NOT NULL;
CREATE INDEX audit_records_by_time ON audit_records (log, time, index);
CREATE INDEX audit_records_by_type ON audit_records (log, type, index);
CREATE INDEX audit_records_by_actor ON audit_records (log, actor_id, index);
CREATE INDEX audit_records_by_outcome ON audit_records (log, outcome, index) WHERE outcome <> '';
CREATE INDEX audit_records_by_run ON audit_records (log, run, index) WHERE run IS NOT NULL;
CREATE INDEX audit_records_by_workflow ON audit_records (log, workflow, index) WHERE workflow IS NOT NULL;
CREATE INDEX audit_records_by_tool ON audit_records (log, tool, index) WHERE tool IS NOT NULL;
CREATE INDEX audit_records_by_proposal ON audit_records (log, proposal, index) WHERE proposal IS NOT NULL;
CREATE INDEX audit_records_by_approval ON audit_records (log, approval, index) WHERE approval IS NOT NULL;
CREATE INDEX audit_records_by_policy ON audit_records (log, policy_version, index) WHERE policy_version IS NOT NULL;
CREATE INDEX audit_records_by_release ON audit_records (log, release, index) WHERE release IS NOT NULL;
CREATE INDEX audit_records_by_words ON audit_records USING gin (words);

-- The roots of complete subtrees: (level, idx) covers the leaves from idx * 2^level on.
CREATE TABLE audit_nodes (
  log text NOT NULL,
  level smallint NOT NULL CHECK (level BETWEEN 0 AND 62),
  idx bigint NOT NULL CHECK (idx >= 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (log, level, idx)
);

CREATE TABLE audit_checkpoints (
  log text NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 0),
  size bigint NOT NULL CHECK (size >= 0),
  time timestamptz NOT NULL,
  note text NOT NULL,
  PRIMARY KEY (log, seq)
);

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the record is insert-only: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_records_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_nodes_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_nodes
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_checkpoints_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
