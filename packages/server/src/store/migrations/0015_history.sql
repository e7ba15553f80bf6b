-- A maintenance window has a beginning and an end.
ALTER TABLE environment_changes ADD COLUMN holds_from timestamptz, ADD COLUMN holds_until timestamptz;

-- What counts for conditions over history: a row for each history fact that a use of a tool is counted in.
CREATE TABLE action_history (
  -- The digest of workflow, fact and the values that the fact goes by.
  key text NOT NULL,
  proposal text NOT NULL,
  -- taken: in flight, or its outcome is unknown. An action that certainly had no effect has no row.
  state text NOT NULL CHECK (state IN ('taken', 'succeeded')),
  amount bigint NOT NULL,
  requesters text[] NOT NULL,
  approvers text[] NOT NULL,
  at timestamptz NOT NULL,
  -- Nobody asks for it after this.
  forget_at timestamptz NOT NULL,
  PRIMARY KEY (key, proposal)
);
CREATE INDEX action_history_by_time ON action_history (key, at);
CREATE INDEX action_history_by_proposal ON action_history (proposal);
CREATE INDEX action_history_to_forget ON action_history (forget_at);
