-- Puts a run that waits for people back into the queue of the engine, where it stands as DELAYED: all that who wakes runs may
-- do with them, and nothing where it is carried already or has ended.
CREATE FUNCTION wake_run(run text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_temp AS $$
BEGIN
  UPDATE dbos.workflow_status
     SET status = 'ENQUEUED', delay_until_epoch_ms = NULL, updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
   WHERE workflow_uuid = run AND status = 'DELAYED';
END $$;
