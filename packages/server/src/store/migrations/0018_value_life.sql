-- Which fields of a value are cleared when (canonical JSON), and when the next of these rules is due.
ALTER TABLE run_values ADD COLUMN clearing text;
ALTER TABLE run_values ADD COLUMN clear_at timestamptz;
CREATE INDEX run_values_to_clear ON run_values (run) WHERE clearing IS NOT NULL;
CREATE INDEX run_values_due ON run_values (clear_at) WHERE clear_at IS NOT NULL;
