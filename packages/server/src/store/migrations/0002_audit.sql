-- The record. Insert-only: the triggers below refuse every change, whoever asks. The tables that a record is written to
-- have no more than their primary key; what searches need is filed behind them (audit_index).
CREATE TABLE audit_records (
  log text NOT NULL,
  index bigint NOT NULL CHECK (index >= 0),
  -- The Merkle leaf, RFC 8785 text kept to the byte, and the sealed text of what it binds by digest (base64url).
  entry text NOT NULL CHECK (octet_length(entry) < 65536),
  payload text CHECK (octet_length(payload) <= 1400000),
  -- The leaf's hash, as it was when the record was appended.
  leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
  PRIMARY KEY (log, index)
);

-- The roots of whole tiles: (level, idx) covers the leaves from idx * 2^level on; levels are multiples of 8.
CREATE TABLE audit_nodes (
  log text NOT NULL,
  level smallint NOT NULL CHECK (level BETWEEN 8 AND 56 AND level % 8 = 0),
  idx bigint NOT NULL CHECK (idx >= 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (log, level, idx)
);

-- What was recorded, in the transaction of what it records, and waits for its place: milliseconds, as a rule.
CREATE TABLE audit_pending (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  log text NOT NULL,
  entry text NOT NULL CHECK (octet_length(entry) < 65536),
  payload text NOT NULL CHECK (octet_length(payload) <= 1400000)
);
CREATE INDEX audit_pending_by_log ON audit_pending (log, id);

-- Keys by which a record is written once.
CREATE TABLE audit_keys (
  log text NOT NULL,
  key text NOT NULL,
  PRIMARY KEY (log, key)
);

-- Writes a batch, whole or not at all. It refuses one that does not continue the log: a gap, a fork, or a staged record
-- that has its place already cannot come about, whoever believes to lead.
CREATE FUNCTION audit_append(
  p_log text, p_from bigint,
  p_entries text[], p_payloads text[], p_leaves bytea[],
  p_levels smallint[], p_idxs bigint[], p_hashes bytea[],
  p_pending bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  size bigint;
  gone bigint;
BEGIN
  SELECT coalesce((SELECT index + 1 FROM audit_records WHERE log = p_log ORDER BY index DESC LIMIT 1), 0) INTO size;
  IF size <> p_from THEN
    RAISE EXCEPTION 'the log has % records, not %', size, p_from USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO audit_records (log, index, entry, payload, leaf)
    SELECT p_log, p_from + n - 1, entry, payload, leaf
    FROM unnest(p_entries, p_payloads, p_leaves) WITH ORDINALITY AS r (entry, payload, leaf, n);
  IF cardinality(p_levels) > 0 THEN
    INSERT INTO audit_nodes (log, level, idx, hash) SELECT p_log, * FROM unnest(p_levels, p_idxs, p_hashes);
  END IF;
  IF cardinality(p_pending) > 0 THEN
    DELETE FROM audit_pending WHERE id = ANY (p_pending);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone <> cardinality(p_pending) THEN
      RAISE EXCEPTION 'of % staged records % are left', cardinality(p_pending), gone USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
END
$$;

-- Where searches look: made from the records after they have their place, and from them again if it is lost. `verify`
-- compares each row with its entry.
CREATE TABLE audit_index (
  log text NOT NULL,
  index bigint NOT NULL,
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
  -- The keys that seal the payload, and keyed tokens of its words: when one of the keys is erased, so are the tokens.
  keys text[] NOT NULL,
  words tsvector NOT NULL,
  PRIMARY KEY (log, index)
);
CREATE INDEX audit_index_by_time ON audit_index (log, time, index);
CREATE INDEX audit_index_by_type ON audit_index (log, type, index);
CREATE INDEX audit_index_by_actor ON audit_index (log, actor_id, index);
CREATE INDEX audit_index_by_outcome ON audit_index (log, outcome, index) WHERE outcome <> '';
CREATE INDEX audit_index_by_run ON audit_index (log, run, index) WHERE run IS NOT NULL;
CREATE INDEX audit_index_by_workflow ON audit_index (log, workflow, index) WHERE workflow IS NOT NULL;
CREATE INDEX audit_index_by_tool ON audit_index (log, tool, index) WHERE tool IS NOT NULL;
CREATE INDEX audit_index_by_proposal ON audit_index (log, proposal, index) WHERE proposal IS NOT NULL;
CREATE INDEX audit_index_by_approval ON audit_index (log, approval, index) WHERE approval IS NOT NULL;
CREATE INDEX audit_index_by_policy ON audit_index (log, policy_version, index) WHERE policy_version IS NOT NULL;
CREATE INDEX audit_index_by_release ON audit_index (log, release, index) WHERE release IS NOT NULL;
CREATE INDEX audit_index_by_key ON audit_index USING gin (keys);
CREATE INDEX audit_index_by_words ON audit_index USING gin (words);

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
CREATE TRIGGER audit_keys_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_keys
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
-- A staged record leaves only for its place in the log, by audit_append.
CREATE TRIGGER audit_pending_insert_only BEFORE UPDATE OR TRUNCATE ON audit_pending
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
