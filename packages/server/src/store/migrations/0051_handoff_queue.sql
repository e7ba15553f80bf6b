-- Whose work it is, who has it, how far it went up, and until when it is to be done. What it is about stays in the body.
ALTER TABLE handoffs
  ADD COLUMN "group" text,
  ADD COLUMN assignee text,
  ADD COLUMN level integer NOT NULL DEFAULT 0,
  ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
DROP INDEX handoffs_open;
CREATE INDEX handoffs_open ON handoffs (id) WHERE state <> 'done';
CREATE INDEX handoffs_due ON handoffs (due_at) WHERE state <> 'done';
CREATE INDEX handoffs_by_assignee ON handoffs (assignee) WHERE assignee IS NOT NULL;
