-- What witnesses have signed of a checkpoint (C2SP tlog-cosignature): lines that go behind its note.
CREATE TABLE audit_cosignatures (
  log text NOT NULL,
  seq bigint NOT NULL,
  witness text NOT NULL,
  lines text NOT NULL CHECK (octet_length(lines) <= 65536),
  PRIMARY KEY (log, seq, witness)
);
CREATE TRIGGER audit_cosignatures_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_cosignatures
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
