-- Records and what they are filed under lie in partitions of one log and a range of indexes. A log's time never goes
-- back, so a range of indexes is a range of time; indexes and not times are the bounds because the records' hot table has
-- nothing else, and because a bound at a whole tile keeps every proof of what stays.

-- Names are short and of a safe alphabet; a log's is neither.
CREATE FUNCTION audit_mark(p_log text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(encode(sha256(convert_to(p_log, 'UTF8')), 'hex'), 16)
$$;

-- The attached partitions of a log: from "low" up to and without "high".
CREATE FUNCTION audit_partitions(p_log text) RETURNS TABLE (low bigint, high bigint) LANGUAGE sql STABLE AS $$
  SELECT bound[1]::bigint, bound[2]::bigint
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid,
    regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([0-9]+)''\) TO \(''([0-9]+)''\)') AS bound
  WHERE i.inhparent = to_regclass('audit_records_' || audit_mark(p_log))
  ORDER BY 1
$$;

-- Partitions are made and taken out with the owner's rights, and only for whom the owner lets write records.
CREATE FUNCTION audit_keeper() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT has_table_privilege(session_user, 'audit_records', 'INSERT') THEN
    RAISE EXCEPTION '% may not write records', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$$;

-- Makes the partitions of a log that hold the indexes from p_from up to p_to, as far as they are not there. False where
-- the log has records already that lie in the common table: they stay there.
CREATE FUNCTION audit_prepare(p_log text, p_from bigint, p_to bigint, p_width bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mark CONSTANT text := audit_mark(p_log);
  low bigint;
  parent text;
  leaf text;
BEGIN
  PERFORM audit_keeper();
  IF p_width % 256 <> 0 THEN RAISE EXCEPTION 'a partition holds whole tiles of 256 records'; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('portreeve/audit-partitions', 0));
  IF to_regclass('audit_records_' || mark) IS NULL THEN
    IF EXISTS (SELECT FROM audit_records WHERE log = p_log) THEN RETURN false; END IF;
    FOREACH parent IN ARRAY ARRAY['audit_records', 'audit_index'] LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES IN (%L) PARTITION BY RANGE (index)',
        parent || '_' || mark, parent, p_log);
    END LOOP;
    EXECUTE format('CREATE TRIGGER audit_records_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', 'audit_records_' || mark);
  END IF;
  low := coalesce((SELECT max(p.high) FROM audit_partitions(p_log) AS p), p_from / p_width * p_width);
  WHILE low <= p_to LOOP
    FOREACH parent IN ARRAY ARRAY['audit_records', 'audit_index'] LOOP
      leaf := format('%s_%s_%s', parent, mark, low);
      -- Made apart and attached: appends and searches go on meanwhile.
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', leaf, parent);
      IF parent = 'audit_records' THEN
        EXECUTE format('CREATE TRIGGER audit_records_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
          FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', leaf);
      END IF;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
        parent || '_' || mark, leaf, low, low + p_width);
    END LOOP;
    low := low + p_width;
  END LOOP;
  RETURN true;
END
$$;

-- Takes the partitions below an index out of the log. The records stay in the database as tables of their own, for an archive:
-- pg_dump -t, then DROP TABLE; or ALTER TABLE … ATTACH PARTITION to look at them again.
CREATE FUNCTION audit_detach(p_log text, p_below bigint) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mark CONSTANT text := audit_mark(p_log);
  part record;
BEGIN
  PERFORM audit_keeper();
  -- Whoever reads may go on reading; appends must not queue behind this for long. It is tried again.
  SET LOCAL lock_timeout = '2s';
  PERFORM pg_advisory_xact_lock(hashtextextended('portreeve/audit-partitions', 0));
  FOR part IN SELECT low FROM audit_partitions(p_log) WHERE high <= p_below LOOP
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', 'audit_records_' || mark, format('audit_records_%s_%s', mark, part.low));
    -- Words that are erased later must not stand in an archive. Payloads are sealed, wherever they lie.
    EXECUTE format('DROP TABLE %I', format('audit_index_%s_%s', mark, part.low));
    RETURN NEXT format('audit_records_%s_%s', mark, part.low);
  END LOOP;
END
$$;
