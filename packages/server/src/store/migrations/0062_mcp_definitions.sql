-- Tools that upstream MCP servers show, as they were first seen, and which of them a person has approved.
CREATE TABLE mcp_definitions (
  upstream text NOT NULL,
  tool text NOT NULL,
  -- `mcpDefinitionDigest` of `body`, which is the canonical JSON of the definition.
  definition text NOT NULL,
  body text NOT NULL,
  state text NOT NULL CHECK (state IN ('withheld', 'approved', 'withdrawn')),
  seen_at timestamptz NOT NULL,
  decided_by text,
  decided_at timestamptz,
  reason text,
  PRIMARY KEY (upstream, tool, definition)
);
CREATE UNIQUE INDEX mcp_definitions_approved ON mcp_definitions (upstream, tool) WHERE state = 'approved';
