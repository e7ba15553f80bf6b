-- Canonical JSON of what the approvers are shown beforehand, and the digest that its record and each verdict name.
ALTER TABLE approvals ADD COLUMN preview_digest text COLLATE "C";
ALTER TABLE approvals ADD COLUMN preview text;
ALTER TABLE approvals ADD CHECK ((preview_digest IS NULL) = (preview IS NULL));
