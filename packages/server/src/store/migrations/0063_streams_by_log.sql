-- How far each stream is in each log. What was streamed before there were several is of the one log that this database has;
-- where it has none yet, nothing was streamed either.
ALTER TABLE audit_streams ADD COLUMN log text;
UPDATE audit_streams SET log = (SELECT min(log) FROM audit_checkpoints);
DELETE FROM audit_streams WHERE log IS NULL;
ALTER TABLE audit_streams ALTER COLUMN log SET NOT NULL;
ALTER TABLE audit_streams DROP CONSTRAINT audit_streams_pkey;
ALTER TABLE audit_streams ADD PRIMARY KEY (name, log);
