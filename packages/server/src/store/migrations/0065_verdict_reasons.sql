-- Letters and digits that the reason of a verdict must have. What was asked for before took any reason.
ALTER TABLE approvals ADD COLUMN reason_chars_min integer NOT NULL DEFAULT 0 CHECK (reason_chars_min BETWEEN 0 AND 500);
ALTER TABLE approvals ALTER COLUMN reason_chars_min DROP DEFAULT;
