-- Each time this database was put back to a backup. What anchors and witnesses had seen beyond it, and somebody accepted,
-- does not stop a start any more; the log has the same as a record (audit.restored).
CREATE TABLE restores (
  backup text COLLATE "C" NOT NULL,
  restored_at timestamptz NOT NULL,
  ahead text NOT NULL
);
CREATE TRIGGER restores_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON restores
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
