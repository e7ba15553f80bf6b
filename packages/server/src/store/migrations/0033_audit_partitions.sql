-- Records and what they are filed under lie in partitions of 2^20 records of one log. A log's time never goes back, so a
-- range of indexes is a range of time; indexes and not times are the bounds because the records' hot table has nothing
-- else, and because a bound at a whole tile keeps every proof of what stays.

-- Makes the partitions of a log that hold the indexes from p_from up to p_to, as far as they are not there. False where
-- the log has records already that lie in the common table: they stay there.
CREATE FUNCTION audit_prepare(p_log text, p_from bigint, p_to bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  width CONSTANT bigint := 1048576;
  -- Names are short and of a safe alphabet; a log's is neither.
  mark CONSTANT text := left(encode(sha256(convert_to(p_log, 'UTF8')), 'hex'), 16);
  part bigint;
  leaf text;
  parent text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('portreeve/audit-partitions', 0));
  IF to_regclass(format('audit_records_%s', mark)) IS NULL THEN
    IF EXISTS (SELECT FROM audit_records WHERE log = p_log) THEN RETURN false; END IF;
    FOREACH parent IN ARRAY ARRAY['audit_records', 'audit_index'] LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES IN (%L) PARTITION BY RANGE (index)',
        parent || '_' || mark, parent, p_log);
    END LOOP;
    EXECUTE format('CREATE TRIGGER audit_records_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', 'audit_records_' || mark);
  END IF;
  FOR part IN SELECT generate_series(p_from / width, p_to / width) LOOP
    FOREACH parent IN ARRAY ARRAY['audit_records', 'audit_index'] LOOP
      leaf := format('%s_%s_%s', parent, mark, part);
      CONTINUE WHEN to_regclass(leaf) IS NOT NULL;
      -- Made apart and attached: appends and searches go on meanwhile.
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', leaf, parent);
      IF parent = 'audit_records' THEN
        EXECUTE format('CREATE TRIGGER audit_records_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
          FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', leaf);
      END IF;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
        parent || '_' || mark, leaf, part * width, (part + 1) * width);
    END LOOP;
  END LOOP;
  RETURN true;
END
$$;
