/**
 * What Portreeve promises, as data. `open`: not built. `thin`: built for the main job, to be deepened. `done`: all of it.
 * A test cites the rows that it would break with by the beginning of its name: `test('F9: a spent grant …')`.
 * `requirements.test.ts` fails where a row that is not open has no such test.
 */
export type Status = 'open' | 'thin' | 'done';

export interface Requirement {
  readonly id: string;
  readonly what: string;
  readonly status: Status;
}

/** How many rows may be open. It only falls: lower it when a row leaves `open`. */
export const OPEN_MAX = 0;

const row = (id: string, status: Status, what: string): Requirement => ({ id, what, status });

export const REQUIREMENTS: readonly Requirement[] = [
  // Scope and classification
  row('A1', 'thin', 'a workflow has a risk tier, whose defaults it may tighten and never loosen'),
  row('A2', 'thin', 'data sensitivity and action sensitivity are rated apart and both decide'),
  row('A3', 'thin', 'what a workflow has not declared is refused and named'),
  row('A4', 'done', 'step kinds with their own review rules; final consequential decisions belong to a person'),
  row('A5', 'done', 'named owners and acceptable use, shown and pointed to by refusals'),
  row('A6', 'done', 'data boundaries of a workflow are answered and enforced'),
  // Identity
  row('B1', 'thin', 'people sign in; local accounts without an identity provider; never an open console'),
  row('B2', 'done', 'service accounts: scoped, expiring, rotatable, shown once, stored hashed'),
  row('B3', 'done', 'workload identity by OIDC federation and SPIFFE'),
  row('B4', 'done', 'delegation by token exchange, narrower than the user, both in every record'),
  row('B5', 'done', 'agents are registered, reviewed, suspended and retired'),
  row('B6', 'done', 'environments have separate identities and keys'),
  // Policy
  row('C1', 'done', 'four layers, each default-deny and each needed'),
  row('C2', 'thin', 'permit, notify, approve, narrow or refuse, with reasons, rules and next step'),
  row('C3', 'thin', 'action tiers 1 to 4, the last for people only'),
  row('C4', 'thin', 'fail closed; without policy nothing runs'),
  row('C5', 'thin', 'environment conditions, freezes and the kill switch'),
  row('C6', 'done', 'conditions over what already happened'),
  row('C7', 'done', 'shadow rules and what-if over recorded decisions'),
  row('C8', 'done', 'policy is tested like code, with coverage as a file'),
  row('C9', 'done', 'AuthZEN endpoint'),
  // Context, prompts and untrusted content
  row('D1', 'thin', 'prompts are versioned files; the system layer is composed by Portreeve'),
  row('D2', 'done', 'ingest of documents: normalised, hidden text found, bounded'),
  row('D3', 'done', 'untrusted content is labelled evidence and never reaches the system layer'),
  row('D4', 'done', 'graded injection signal with measured precision and recall'),
  row('D5', 'done', 'information-flow labels follow every value to the arguments of tools'),
  row('D6', 'done', 'each argument says where its value came from'),
  row('D7', 'done', 'data enters, is abstracted and is cleared by declared rules'),
  row('D8', 'done', 'only declared fields leave a source'),
  row('D9', 'done', 'reversible pseudonyms, restored only where policy allows'),
  row('D10', 'done', 'classification decides which model endpoint may receive data'),
  row('D11', 'thin', 'retrieval only from declared sources, which gain no authority'),
  // Model
  row('E1', 'done', 'Claude by the Anthropic API and the clouds, by configuration'),
  row('E2', 'done', 'another model without any change in governance'),
  row('E3', 'done', 'structured output, validated again, one repair, then an error queue'),
  row('E4', 'done', 'time-outs, retries that heed the vendor, breakers'),
  row('E5', 'done', 'rates, token budgets and cost caps across processes'),
  row('E6', 'done', 'fallback in the declared order'),
  row('E7', 'done', 'refusals, truncation, empty and odd answers have defined results'),
  row('E8', 'done', 'each model call is on record by digest and count'),
  row('E9', 'done', 'model credentials by federation or secret store'),
  // Actions
  row('F1', 'thin', 'a wish is a validated proposal before anything else looks at it'),
  row('F2', 'done', 'tool contracts: precise name, schemas, tier, sinks, scope, undo, time-out'),
  row('F3', 'done', 'the approver sees the exact arguments, evidence, rationale, rules and consequences, uncut'),
  row(
    'F4',
    'done',
    'quorum, eligible groups, the requester never approves, amend, confirm, delegate, deny on time-out',
  ),
  row('F5', 'done', 'verdicts signed over the digest, verifiable offline'),
  row('F6', 'done', 'signed single-use grants, bound and short, checked again at use'),
  row('F7', 'done', 'only the executor holds tool credentials, for one call'),
  row('F8', 'done', 'connectors pass one contract suite'),
  row('F9', 'done', 'effectively once: intent before effect, unknown outcomes are settled or go to a person'),
  row('F10', 'done', 'undo through the same gate, in reverse order'),
  row('F11', 'done', 'systems downstream verify a grant themselves'),
  row('F12', 'done', 'broad credentials are brokered'),
  row('F13', 'done', 'egress only to declared hosts, rebinding and redirects included'),
  // Audit
  row('G1', 'done', 'the whole chain of custody is on record'),
  row('G2', 'done', 'tamper-evident Merkle log, verifiable offline'),
  row('G3', 'done', 'nothing acts unrecorded'),
  row('G4', 'done', 'search of the record'),
  row('G5', 'done', 'value-level redaction that keeps correlation'),
  row('G6', 'done', 'per-subject keys, retention and legal hold'),
  row('G7', 'done', 'reading the record is authorised and recorded'),
  row('G8', 'done', 'export to OCSF, OpenTelemetry, JSON Lines and SIEM'),
  row('G9', 'done', 'replay of a run from the log alone'),
  // Governance
  row('H1', 'thin', 'signed releases, promotion and rollback'),
  row('H2', 'done', 'changes of tools, sources and models are formal'),
  row('H3', 'done', 'red team with a worst-case model'),
  row('H4', 'thin', 'declared thresholds decide go and stop'),
  row('H5', 'done', 'readiness names what is missing'),
  row('H6', 'thin', 'dashboard and drift'),
  row('H7', 'thin', 'human oversight is measured: times, rates, alarms for stamping, planted proposals'),
  row('H8', 'done', 'evidence per control of the frameworks'),
  row('H9', 'done', 'pilot before general use'),
  // Faces
  row('I1', 'thin', 'console'),
  row('I2', 'thin', 'CLI, scriptable'),
  row('I3', 'thin', 'HTTP API with OpenAPI, problems, idempotency, events'),
  row('I4', 'thin', 'MCP gateway'),
  row('I5', 'done', 'adapters for the Agent SDK and Managed Agents'),
  row('I6', 'done', 'workflows, tools, sources and prompts in typed TypeScript, with tests that run in memory'),
  row('I7', 'done', 'notifications that decide nothing'),
  row('I8', 'done', 'a manual queue with full context'),
  // Operation
  row('J1', 'done', 'one command runs the main job, one runs all tests'),
  row('J2', 'done', 'several processes and machines; kill -9 loses nothing'),
  row('J3', 'thin', 'forward-only migrations, backup and restore'),
  row('J4', 'done', 'traces, metrics, health, logs without secrets'),
  row('J5', 'done', 'container image, compose file, Kubernetes manifests'),
  row('J6', 'done', 'documentation'),
];
