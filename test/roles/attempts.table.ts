/**
 * What an intruder with the credentials of one process tries in the database, and the refusal that is expected: a row for
 * each. `42501` is PostgreSQL's insufficient_privilege. The statements see `$proposal`, `$approval`, `$spent` (a grant) and
 * `$run` of real ones.
 */
export interface Attempt {
  readonly what: string;
  readonly as: readonly ('api' | 'reasoner' | 'executor')[];
  readonly sql: string;
}

const GRANT_ROW = `'grt_forged', '$proposal', 'd', 'a', 'urn:portreeve:example:case-system', 'issued', now(), now() + interval '5 min'`;
const EXECUTION_ROW = `'exec_forged', '$spent', '$proposal', 'd', 'a', 'publish_case_summary', '1.0', 'k', 'i', 'started', NULL, '{}', '{}', now(), NULL`;
const ALL = ['api', 'reasoner', 'executor'] as const;
const ASKING = ['api', 'reasoner'] as const;

export const ATTEMPTS: readonly Attempt[] = [
  // Making or reviving a right
  { what: 'write a grant', as: ALL, sql: `INSERT INTO grants VALUES (${GRANT_ROW})` },
  { what: 'make a spent grant good again', as: ALL, sql: `UPDATE grants SET state = 'issued' WHERE id = '$spent'` },
  { what: 'let a grant live longer', as: ALL, sql: `UPDATE grants SET expires_at = now() + interval '1 day'` },
  { what: 'write an execution', as: ASKING, sql: `INSERT INTO executions VALUES (${EXECUTION_ROW})` },
  { what: 'change how an execution ended', as: ASKING, sql: `UPDATE executions SET state = 'failed'` },
  {
    what: 'hand over a forged grant',
    as: ALL,
    sql: `INSERT INTO dispatches VALUES ('$spent', '$proposal', 'jkt', 'token', NULL, NULL, now())`,
  },
  { what: 'read the grants on their way', as: ASKING, sql: 'SELECT token FROM dispatches' },
  { what: 'take a grant on its way', as: ASKING, sql: 'UPDATE dispatches SET token = NULL' },

  { what: 'answer what a run asks of the gate', as: ALL, sql: `UPDATE gate_asks SET answer = '{}'` },
  { what: 'take what a run asks of the gate', as: ALL, sql: `UPDATE gate_asks SET taken_by = 'me'` },
  {
    what: 'bring an answer along with a question',
    as: ALL,
    sql: `INSERT INTO gate_asks (id, run, body, answer) VALUES ('ask_x', 'run_x', '{}', '{}')`,
  },
  {
    what: 'ask of the gate for a run',
    as: ['api', 'executor'],
    sql: `INSERT INTO gate_asks (id, run, body) VALUES ('a', 'run_x', '{}')`,
  },
  { what: 'read what runs ask of the gate', as: ['api', 'executor'], sql: 'SELECT body FROM gate_asks' },
  { what: 'answer what an api asks of a gatekeeper', as: ALL, sql: `UPDATE face_asks SET answer = '{}'` },
  { what: 'take what an api asks of a gatekeeper', as: ALL, sql: `UPDATE face_asks SET taken_by = 'me'` },
  {
    what: 'bring an answer along with what an api asks',
    as: ALL,
    sql: `INSERT INTO face_asks (id, body, answer) VALUES ('ask_x', '{}', '{}')`,
  },
  {
    what: 'ask of a gatekeeper in the name of a person',
    as: ['reasoner', 'executor'],
    sql: `INSERT INTO face_asks (id, principal, body) VALUES ('ask_x', 'prn_x', '{}')`,
  },
  { what: 'read what people ask', as: ['reasoner', 'executor'], sql: 'SELECT body FROM face_asks' },
  {
    what: 'change what a run has done so far',
    as: ['api', 'executor'],
    sql: `UPDATE dbos.workflow_status SET status = 'SUCCESS'`,
  },
  {
    what: 'change for whom a run acts, or what it was asked',
    as: ['reasoner', 'executor'],
    sql: `UPDATE runs SET body = '{}', release = 'sha256:x'`,
  },

  // Changing what was asked for, or who agreed
  {
    what: 'change the arguments of a proposal',
    as: ALL,
    sql: `UPDATE proposals SET body = '{}' WHERE id = '$proposal'`,
  },
  { what: 'move a proposal on', as: ALL, sql: `UPDATE proposals SET state = 'approved' WHERE id = '$proposal'` },
  { what: 'write a proposal', as: ALL, sql: `INSERT INTO proposals (id) VALUES ('prop_forged')` },
  {
    what: 'write a verdict',
    as: ['reasoner', 'executor'],
    sql: `INSERT INTO approval_verdicts VALUES ('$approval', 1, 'prn_x', 'n', '{}', '{}')`,
  },
  { what: 'change a verdict', as: ALL, sql: `UPDATE approval_verdicts SET signed = '{}'` },
  {
    what: 'close an approval',
    as: ['reasoner', 'executor'],
    sql: `UPDATE approvals SET state = 'approved', closed_at = now() WHERE id = '$approval'`,
  },
  { what: 'ask less of an approval', as: ALL, sql: `UPDATE approvals SET quorum = 1, groups = '{}'` },
  { what: 'use up or free a limit', as: ALL, sql: 'DELETE FROM action_history' },

  // Changing what holds
  { what: 'change the history of freezes', as: ALL, sql: `UPDATE environment_changes SET state = 'off'` },
  {
    what: 'lift a freeze',
    as: ['executor'],
    sql: `INSERT INTO environment_changes (subject, state, reason, changed_by, changed_at) VALUES ('all', 'off', '', '', now())`,
  },
  {
    what: 'give an account another key',
    as: ['reasoner', 'executor'],
    sql: `UPDATE identity_accounts SET roles = '{admin}'`,
  },
  { what: 'make an account', as: ['reasoner', 'executor'], sql: `INSERT INTO identity_accounts (id) VALUES ('prn_x')` },
  { what: 'read who may sign in', as: ['reasoner', 'executor'], sql: 'SELECT password_hash FROM identity_accounts' },
  {
    what: 'publish a key for access tokens',
    as: ['reasoner', 'executor'],
    sql: `INSERT INTO identity_access_keys VALUES ('at-forged', '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', 'production', now(), 'i')`,
  },
  { what: 'put another key for access tokens in its place', as: ALL, sql: `UPDATE identity_access_keys SET x = 'x'` },
  { what: 'read sessions', as: ['reasoner', 'executor'], sql: 'SELECT * FROM identity_sessions' },
  { what: 'move to another environment', as: ALL, sql: `UPDATE installation SET environment = 'production'` },

  // Reading what is not its business
  { what: 'read leases of credentials', as: ASKING, sql: 'SELECT * FROM credential_leases' },
  { what: 'read what a model is shown', as: ['executor'], sql: 'SELECT content FROM run_values' },
  { what: 'read what pseudonyms stand for', as: ['executor'], sql: 'SELECT sealed FROM pseudonyms' },
  { what: 'read runs and their attachments', as: ['executor'], sql: 'SELECT attachments FROM runs' },
  { what: 'read the engine', as: ['executor'], sql: 'SELECT * FROM dbos.workflow_status' },

  // The record
  { what: 'change a record', as: ALL, sql: `UPDATE audit_records SET payload = NULL` },
  {
    what: 'write a record past the lead',
    as: ALL,
    sql: `INSERT INTO audit_records VALUES ('portreeve.local/audit', 999999, '{}', '{}', sha256('x'))`,
  },
  { what: 'remove a record that waits for its place', as: ALL, sql: 'DELETE FROM audit_pending' },
  { what: 'change a record that waits for its place', as: ALL, sql: `UPDATE audit_pending SET payload = '{}'` },
  { what: 'remove a record', as: ALL, sql: 'DELETE FROM audit_records' },
  { what: 'empty the record', as: ALL, sql: 'TRUNCATE audit_records' },
  { what: 'change the tree', as: ALL, sql: `UPDATE audit_nodes SET hash = hash` },
  {
    what: 'sign a head',
    as: ALL,
    sql: `INSERT INTO audit_checkpoints VALUES ('portreeve.local/audit', 999, 1, now(), 'note')`,
  },
  { what: 'take the guard off the record', as: ALL, sql: 'ALTER TABLE audit_records DISABLE TRIGGER ALL' },

  // Becoming somebody else
  { what: 'be the gatekeeper', as: ALL, sql: 'SET ROLE portreeve_gatekeeper' },
  { what: 'be the executor', as: ASKING, sql: 'SET ROLE portreeve_executor' },
  { what: 'give oneself a role', as: ALL, sql: 'GRANT portreeve_gatekeeper TO CURRENT_USER' },
  { what: 'give oneself a right', as: ALL, sql: 'ALTER TABLE grants OWNER TO CURRENT_USER' },
  {
    what: 'put code behind a table',
    as: ALL,
    sql: 'CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS $x$ SELECT 1 $x$',
  },
  { what: 'start a program', as: ALL, sql: `COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'` },
];
