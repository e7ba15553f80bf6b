/**
 * What each role may do with each table, as data: the database refuses the rest, whatever the process wants (design,
 * section 7). `roles.ts` grants exactly this at each migration; a test compares it with the database's own view, and a new
 * table without a row fails it. A right with columns holds for these alone.
 *
 * Nobody may change or remove what is in the record: a staged record leaves only for its place in the log. Of the engine's own schema (`dbos`) the last table here speaks.
 */
export const DATABASE_ROLES = ['api', 'reasoner', 'gatekeeper', 'executor'] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

/** The group role of the cluster: a login of that process is a member of it, and of nothing else. */
export const groupOf = (role: DatabaseRole): string => `portreeve_${role}`;

const READ = 'SELECT';
const ADD = 'SELECT, INSERT';
const CHANGE = 'SELECT, INSERT, UPDATE';
const ALL = 'SELECT, INSERT, UPDATE, DELETE';

/** Comma-separated; a role that is not named may do nothing. */
export const ROLE_RIGHTS: Readonly<Record<string, Readonly<Partial<Record<DatabaseRole, string>>>>> = {
  schema_migrations: { api: READ, reasoner: READ, gatekeeper: READ, executor: READ },
  // The gatekeeper says of which environment a new database is.
  installation: { api: READ, reasoner: READ, gatekeeper: ADD, executor: READ },

  // Everybody stages records; one process, the gatekeeper's, leads the log, gives them their place and signs its head.
  audit_pending: { api: ADD, reasoner: 'INSERT', gatekeeper: 'SELECT, INSERT, DELETE', executor: 'INSERT' },
  audit_keys: { api: ADD, reasoner: ADD, gatekeeper: ADD, executor: ADD },
  audit_records: { api: READ, gatekeeper: ADD },
  audit_nodes: { api: READ, gatekeeper: ADD },
  // When keys are erased, what could be searched goes with them.
  audit_index: { api: 'SELECT, INSERT, UPDATE (words)', gatekeeper: ADD },
  audit_checkpoints: { api: READ, gatekeeper: ADD },
  audit_cosignatures: { api: READ, gatekeeper: ADD },
  // How often the database was put back, which only its owner does.
  restores: { api: READ, gatekeeper: READ },
  // How far streams are, and no record: the gatekeeper delivers them.
  audit_streams: { api: READ, gatekeeper: CHANGE },

  // Whoever adds to the record seals it. Erasing and rotating come by the API. Who files records locks the keys that they
  // are sealed with, which takes the right to change a column.
  subject_keys: {
    api: 'SELECT, INSERT, DELETE, UPDATE (root, wrapped)',
    reasoner: ADD,
    gatekeeper: 'SELECT, INSERT, UPDATE (root)',
    executor: ADD,
  },
  erased_keys: { api: ADD, reasoner: READ, gatekeeper: READ, executor: READ },
  run_subjects: { api: ADD, reasoner: READ, gatekeeper: READ, executor: READ },
  legal_holds: { api: 'SELECT, INSERT, UPDATE (lifted_by, lifted_at)' },
  erasures: { api: 'SELECT, INSERT, UPDATE (state, closed_by, closed_at, keys)' },

  reveals: { api: 'SELECT, INSERT, UPDATE (state, decided_by, decided_at, until)' },

  identity_accounts: { api: CHANGE, gatekeeper: READ },
  identity_sessions: { api: CHANGE },
  identity_tokens: { api: CHANGE },
  identity_attempts: { api: ALL },
  identity_begun_sign_ins: { api: ALL },
  identity_agents: { api: CHANGE, gatekeeper: READ },
  // The gatekeeper verifies again what they have signed.
  passkeys: { api: 'SELECT, INSERT, UPDATE (counter, revoked_at)', gatekeeper: READ },
  passkey_challenges: { api: 'SELECT, INSERT, DELETE' },
  passkey_invitations: { api: 'SELECT, INSERT, DELETE' },
  identity_access_revocations: { api: ALL },
  identity_used: { api: ALL },
  // Who lets people in verifies what the others have signed. What a key is, and of which environment, nobody changes.
  identity_access_keys: { api: 'SELECT, INSERT, UPDATE (not_after, instance), DELETE' },

  // Freezes come by the API, outages from who asks models.
  environment_changes: { api: ADD, reasoner: ADD, gatekeeper: READ },

  // Brought and barred by the API; moved on by who carries out what was approved. What runs take is read by who starts them.
  releases: {
    api: 'SELECT, INSERT, UPDATE (origin, signed_by, state)',
    reasoner: READ,
    gatekeeper: READ,
    executor: 'SELECT, UPDATE (state)',
  },
  release_bundles: { api: ADD, reasoner: READ, gatekeeper: READ, executor: READ },
  release_evidence: { api: ADD, gatekeeper: READ, executor: READ },
  release_moves: { api: ADD, gatekeeper: READ, executor: ADD },
  pilot_steps: {
    api: 'SELECT, UPDATE (taken, left_at)',
    reasoner: READ,
    gatekeeper: READ,
    executor: 'SELECT, INSERT, UPDATE (left_at)',
  },
  pilot_runs: { api: ADD, gatekeeper: READ, executor: READ },
  // Opened by whoever sees that something is otherwise; decided by the API, or by who carries out what was approved.
  surface_changes: {
    api: 'SELECT, INSERT, UPDATE (state, asked, asked_at)',
    reasoner: ADD,
    gatekeeper: 'SELECT, INSERT, UPDATE (asked, asked_at)',
    executor: 'SELECT, UPDATE (state, asked, asked_at)',
  },
  surface_change_moves: { api: ADD, gatekeeper: READ, executor: ADD },
  surface_agreed: { api: ALL, reasoner: ADD, gatekeeper: READ, executor: CHANGE },
  // What people ask at the desks is asked of the gatekeeper.
  release_requests: { api: READ, gatekeeper: 'SELECT, INSERT, UPDATE (ending)' },

  model_states: { api: READ, reasoner: CHANGE },
  budget_uses: { api: READ, reasoner: CHANGE },
  budget_reservations: { reasoner: 'SELECT, INSERT, DELETE' },

  runs: {
    api: ADD,
    reasoner: 'SELECT, UPDATE (state, result, ending, approval, ended_at, attachments)',
    gatekeeper: READ,
    // How many runs of a pilot have failed is looked at again before it goes on.
    executor: 'SELECT (id, state, ended_at)',
  },
  run_values: { api: 'SELECT, DELETE', reasoner: ALL },
  pseudonyms: { api: 'SELECT, DELETE', reasoner: 'SELECT, INSERT, DELETE' },

  // What was asked for never changes, only where it stands.
  proposals: {
    api: READ,
    reasoner: READ,
    gatekeeper:
      'SELECT, INSERT, UPDATE (state, amended_by, decision, approval, "grant", execution, outcome, handoff, succeeded_at, settlement, settle_at)',
    executor: READ,
  },
  approvals: {
    api: 'SELECT, UPDATE (state, closed_at)',
    reasoner: READ,
    gatekeeper: 'SELECT, INSERT, UPDATE (state, closed_at, remind_at, escalate_at)',
  },
  // Made and read by who runs the gate; a reviewer’s face of the server opens the seal when an approval closes.
  planting_due: { gatekeeper: 'SELECT, INSERT, DELETE', api: 'SELECT, DELETE' },
  planted_runs: {
    api: 'SELECT, INSERT, UPDATE (opened_at)',
    reasoner: READ,
    gatekeeper: 'SELECT, UPDATE (opened_at)',
  },
  planted_proposals: { api: READ, reasoner: READ, gatekeeper: ADD },
  approval_views: { api: 'SELECT, INSERT, UPDATE (visible_ms, reports)' },
  // Whose turn it is is looked at again by the gatekeeper, too.
  approval_delegations: { api: 'SELECT, INSERT, UPDATE (ended_at)', gatekeeper: READ },
  approval_verdicts: { api: ADD, gatekeeper: READ },
  action_history: { gatekeeper: ALL },
  undos: { api: READ, gatekeeper: CHANGE },
  unwindings: { api: READ, reasoner: READ, gatekeeper: CHANGE },
  notices: { api: READ, gatekeeper: ADD },
  // Whatever concerns people is put there by who records it, and sent by who speaks to them.
  notifications: { api: ALL, reasoner: ADD, gatekeeper: ADD },
  handoffs: {
    api: 'SELECT, UPDATE (state, body, "group", assignee, level, due_at, closed_at)',
    reasoner: ADD,
    gatekeeper: 'SELECT, INSERT, UPDATE (state, body, "group", assignee, level, due_at, closed_at)',
  },

  // What agents have read and wait for; nobody removes it.
  agent_sessions: { api: READ, gatekeeper: CHANGE },
  agent_session_sources: { gatekeeper: CHANGE },
  agent_calls: { api: READ, gatekeeper: CHANGE },
  // What an upstream shows is seen by who reads its lists; people decide by the API.
  mcp_definitions: { api: CHANGE, gatekeeper: ADD },

  // A freeze takes grants back. The database lets a grant leave `issued` once (`0021_executor_apart.sql`).
  grants: {
    api: 'SELECT, UPDATE (state)',
    gatekeeper: 'SELECT, INSERT, UPDATE (state)',
    executor: 'SELECT, UPDATE (state)',
  },
  dispatches: { gatekeeper: 'SELECT, INSERT, DELETE', executor: 'SELECT, UPDATE (token, taken_by, refusal)' },
  // The gatekeeper settles what a dead executor has left.
  executions: {
    // Which proposal one is of.
    api: 'SELECT (id, proposal)',
    gatekeeper: 'SELECT, UPDATE (state, outcome, ended_at)',
    executor: 'SELECT, INSERT, UPDATE (state, outcome, ended_at)',
  },
  credential_leases: { executor: ALL },
  // Whoever carries something that another process must take over when it dies.
  executor_leases: { api: READ, reasoner: ALL, gatekeeper: ALL, executor: ALL },
  // What runs ask of a gate in another process: the answer is the gatekeeper's alone to write.
  gate_asks: {
    reasoner: 'SELECT, INSERT (id, run, body), DELETE',
    gatekeeper: 'SELECT, UPDATE (taken_by, answer), DELETE',
  },
  // The same for apis, and for those who came to them.
  face_asks: {
    api: 'SELECT, INSERT (id, principal, body), DELETE',
    gatekeeper: 'SELECT, UPDATE (taken_by, answer), DELETE',
  },
};

/**
 * The engine's own schema. Its tables a role that carries runs may fill and never change in form (`*`: all of them). Who
 * admits a run starts it, and who closes what it waits for wakes it: both add, and change nothing of what a run has done.
 */
export const ENGINE_SCHEMA = 'dbos';
const STARTS_AND_WAKES = {
  // The engine adds a run by an upsert that writes this column as it is.
  workflow_status: 'SELECT, INSERT, UPDATE (creator_xid)',
  workflow_input: ADD,
  notifications: ADD,
};
export const ENGINE_RIGHTS: Readonly<Partial<Record<DatabaseRole, Readonly<Record<string, string>>>>> = {
  reasoner: { '*': ALL },
  api: STARTS_AND_WAKES,
  gatekeeper: STARTS_AND_WAKES,
};

/** One right as the database names it: on a table, or on one of its columns. */
export interface TableRight {
  readonly table: string;
  readonly right: string;
  readonly column: string | null;
}

/** What a role has by the table above, right by right. */
export function rightsOf(role: DatabaseRole): TableRight[] {
  return Object.entries(ROLE_RIGHTS).flatMap(([table, byRole]) => rightsIn(table, byRole[role] ?? ''));
}

/** What a role has of these tables of the engine, each under its name with the schema. */
export function engineRightsOf(role: DatabaseRole, tables: readonly string[]): TableRight[] {
  const rights = ENGINE_RIGHTS[role] ?? {};
  return tables.flatMap((table) => rightsIn(`${ENGINE_SCHEMA}.${table}`, rights[table] ?? rights['*'] ?? ''));
}

const rightsIn = (table: string, text: string): TableRight[] =>
  clausesOf(text).flatMap(({ right, columns }): TableRight[] =>
    columns === null
      ? [{ table, right, column: null }]
      : columns.map((column) => ({ table, right, column: column.replaceAll('"', '') })),
  );

/** `SELECT, UPDATE (a, b)` as its parts. */
function clausesOf(text: string): { right: string; columns: string[] | null }[] {
  return [...text.matchAll(/([A-Z]+)(?: \(([^)]+)\))?/g)].map(([, right = '', columns]) => ({
    right,
    columns: columns?.split(', ') ?? null,
  }));
}
