-- What each rule asks for of an approval, where several ask different groups; null: the quorum, of all the groups.
ALTER TABLE approvals ADD COLUMN demands text;
