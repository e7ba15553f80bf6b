-- What an agent outside has read and declared, one open session for each owner. `head` and each `body` are sealed.
CREATE TABLE agent_sessions (
  id text PRIMARY KEY,
  -- Digest of the principal and of all who act for it.
  owner text NOT NULL,
  principal text NOT NULL,
  version integer NOT NULL,
  head text NOT NULL,
  used_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE UNIQUE INDEX agent_sessions_open ON agent_sessions (owner) WHERE ended_at IS NULL;

CREATE TABLE agent_session_sources (
  session text NOT NULL REFERENCES agent_sessions (id),
  position integer NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (session, position)
);

-- A call whose end its owner was not told at once: the same call again is this proposal, until it was told.
CREATE TABLE agent_calls (
  proposal text PRIMARY KEY,
  owner text NOT NULL,
  key text NOT NULL,
  delivered boolean NOT NULL
);
CREATE UNIQUE INDEX agent_calls_waiting ON agent_calls (owner, key) WHERE NOT delivered;
