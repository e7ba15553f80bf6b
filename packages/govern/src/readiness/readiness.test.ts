import {
  type ChangeId,
  digestOf,
  projectConfigSchema,
  promptContractSchema,
  type ReleaseReport,
  sourceContractSchema,
  toolContractSchema,
  workflowContractSchema,
} from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import type { ReadinessInput } from './item.ts';
import { READINESS_ITEMS, readinessOf } from './readiness.ts';

const release = digestOf('release');
const FIGURES = { unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 0 };
const report = (kind: ReleaseReport['kind'], over: Partial<ReleaseReport> = {}): ReleaseReport => ({
  ...{ kind, workflow: 'note-taking', release, portreeve: '0.1.0', ok: true },
  ...{ started: '2026-11-21T10:00:00Z', ended: '2026-11-21T10:00:01Z', figures: FIGURES },
  cases: [{ name: 'one', group: 'tests/a.test.yaml', ok: true, detail: null }],
  ...over,
});
const object = { type: 'object', additionalProperties: false } as const;
const contract = workflowContractSchema.parse({
  ...{ name: 'note-taking', version: '1.0', title: 'Notes', purpose: 'Takes notes.', tier: 'high' },
  owners: {
    security: 'sec@corp.test',
    platform: 'ops@corp.test',
    business: 'notes@corp.test',
    escalation: 'duty@corp.test',
  },
  scope: { sources: ['app-logs'], tools: ['publish_note'], prompts: ['write-note'] },
  approvers: ['note-leads'],
  on_outage: { do: 'hand_off' },
  procedures: { 'write-note': { title: 'By hand', steps: ['Write it.'] } },
  input: object,
  boundaries: {
    ...{ repositories: [], logs: ['app-logs'], production_logs: true, secrets: 'redact' },
    identifiers: { customer: 'never', personal: 'pseudonyms' },
    kept: { models: ['own-tenancy'], days: 30 },
  },
  regulation: [{ framework: 'SOC 2', article: 'CC6.3', met: 'Somebody else approves.' }],
});
const tool = toolContractSchema.parse({
  ...{
    name: 'publish_note',
    version: '1.0',
    title: 'Publish',
    description: 'Publishes one note.',
    tier: 3,
    effect: 'external',
  },
  args: { ...object, properties: { id: { type: 'string', maxLength: 20 } }, required: ['id'] },
  ...{ result: {}, sinks: [{ path: '/id', kind: 'target' }], clearance: { confidentiality: 'internal' } },
  ...{ undo: 'irreversible', timeout_ms: 1000, idempotency: 'key', audience: 'urn:notes' },
  binding: { connector: 'http', method: 'POST', url: 'system://notes/{id}', credential: 'notes-token' },
});
const source = sourceContractSchema.parse({
  ...{
    name: 'app-logs',
    version: '1.0',
    title: 'Logs',
    integrity: 'untrusted',
    confidentiality: 'internal',
    categories: [],
  },
  ...{ query: object, fields: [{ name: 'line' }], limits: { max_items: 1, max_bytes: 1 }, holds: 'logs' },
  binding: { kind: 'attachment' },
});
const prompt = promptContractSchema.parse({
  ...{ id: 'write-note', version: '1.0', step: 'generate', inputs: [] },
  output: { ...object, required: ['text'], properties: { text: { type: 'string', maxLength: 100 } } },
});
const config = projectConfigSchema.parse({
  workflows: ['workflows/note-taking'],
  log_origin: 'corp.test/audit',
  systems: { notes: { url: 'https://notes.test' } },
  models: [
    {
      ...{
        name: 'house',
        kind: 'openai-compatible',
        model: 'm',
        where: 'own-tenancy',
        base_url: 'https://models.test/v1',
      },
      ...{ secret: 'house-key', clearance: { confidentiality: 'confidential', categories: [] } },
    },
  ],
});
const use = `## Approved
- Notes.
## Not approved
- Judging people.
## Exceptions
- Team A may, until 2026-12-31.
## Report
- sec@corp.test
`;

const whole: ReadinessInput = {
  ...{ contract, tools: [tool], sources: [source], prompts: [prompt], release, acceptable_use: use },
  outcomes: [{ tool: 'publish_note', role: 'requester', environment: 'production', outcome: 'approve:1' }],
  ...{ looser: [], golden_count: 4, config, environment: 'production' },
  reports: [report('tests'), report('red-team')],
  ...{ approvers: { 'note-leads': 1 }, earlier_releases: 1, unreviewed: [], now: new Date('2026-11-21T12:00:00Z') },
};
const failing = (over: Partial<ReadinessInput>) =>
  readinessOf({ ...whole, ...over }).items.flatMap((item) => (item.state === 'fail' ? [item] : []));
const workflow = (over: object) => ({ contract: { ...contract, ...over } as typeof contract });

test('H5: a workflow that lacks nothing is ready, item by item', () => {
  const { items, ...told } = readinessOf(whole);
  expect(told).toEqual({ workflow: 'note-taking', release, environment: 'production', ready: true });
  expect(items.map(({ id }) => id)).toEqual(READINESS_ITEMS);
  expect(items.map(({ state }) => state)).toEqual(items.map(() => 'pass'));
  expect(items.every(({ reason }) => reason.length > 3)).toBe(true);
});

/** Everything that can be missing: the item that says so, and what its fix names. */
const MISSING: readonly (readonly [id: string, what: string, over: Partial<ReadinessInput>, fix: string])[] = [
  [
    'tier',
    'a rule that loosens',
    { looser: ['lets the high workflow use publish_note with 0 approvals'] },
    'policy lint',
  ],
  [
    'rated',
    'public data about people',
    { sources: [{ ...source, confidentiality: 'public', categories: ['personal'] }] },
    'internal',
  ],
  ['rated', 'an action without sinks', { tools: [{ ...tool, sinks: [] }] }, 'sinks'],
  ['scope', 'an empty scope', workflow({ scope: { sources: [], tools: [], prompts: [] } }), 'tools'],
  [
    'steps',
    'a final decision without a procedure',
    { prompts: [{ ...prompt, final: true }], ...workflow({ procedures: {} }) },
    'procedures',
  ],
  ['owners', 'a placeholder', workflow({ owners: { ...contract.owners, business: 'TODO' } }), 'business'],
  [
    'owners',
    'an address of nobody',
    workflow({ owners: { ...contract.owners, security: 'a@example.com' } }),
    'security',
  ],
  ['owners', 'the word itself', workflow({ owners: { ...contract.owners, platform: 'platform' } }), 'platform'],
  ['acceptable-use', 'none', { acceptable_use: null }, 'Not approved'],
  [
    'acceptable-use',
    'one without prohibited tasks',
    { acceptable_use: use.replace('## Not approved\n- Judging people.\n', '') },
    '## Not approved',
  ],
  [
    'acceptable-use',
    'an exception without an end',
    { acceptable_use: use.replace(', until 2026-12-31', '') },
    '2027-01-31',
  ],
  [
    'acceptable-use',
    'an exception that has ended',
    { acceptable_use: use.replace('2026-12-31', '2026-11-20') },
    'ended',
  ],
  ['boundaries', 'no answers', workflow({ boundaries: undefined }), 'boundaries: {'],
  [
    'boundaries',
    'logs that are read and not named',
    workflow({ boundaries: { ...contract.boundaries, logs: [] } }),
    'app-logs',
  ],
  ['boundaries', 'a name that is no source of logs', { sources: [{ ...source, holds: undefined }] }, "holds: 'logs'"],
  [
    'boundaries',
    'no endpoint where prompts may go',
    workflow({ boundaries: { ...contract.boundaries, kept: { models: ['inside'], days: 1 } } }),
    'own-tenancy',
  ],
  ['regulation', 'no row', workflow({ regulation: [] }), 'regulation: ['],
  [
    'regulation',
    'a row that says nothing',
    workflow({ regulation: [{ framework: 'SOC 2', article: 'CC6.3', met: 'tbd' }] }),
    'met',
  ],
  ['approvers', 'nobody who may approve', { approvers: { 'note-leads': 0 } }, 'note-leads'],
  [
    'approvers',
    'one person for a critical workflow',
    { ...workflow({ tier: 'critical' }), approvers: { 'note-leads': 1 } },
    'role approver',
  ],
  ['approvers', 'a group that nobody has named', workflow({ approvers: ['todo'] }), 'approvers'],
  [
    'structured-output',
    'an answer of any length',
    { prompts: [{ ...prompt, output: { ...object, properties: { text: { type: 'string' } } } }] },
    'maxLength',
  ],
  ['off-pattern', 'nobody for what a model cannot answer', workflow({ procedures: {} }), 'write-note'],
  ['outage', 'no word on outages', workflow({ on_outage: undefined }), 'on_outage'],
  [
    'validation',
    'an unbounded sink',
    { tools: [{ ...tool, args: { ...object, properties: { id: { type: 'string' } } } }] },
    'length',
  ],
  [
    'records',
    'a log without a name of its own',
    { config: { ...config, log_origin: 'portreeve.local/audit' } },
    'log_origin',
  ],
  [
    'undo',
    'what nobody can take back, and nobody sees',
    { outcomes: [{ ...whole.outcomes[0]!, outcome: 'notify' }] },
    'undo',
  ],
  ['unknown', 'an outcome that nobody can find out', { tools: [{ ...tool, idempotency: 'none' }] }, 'publish_note'],
  ['decisions', 'no golden decision', { golden_count: 0 }, 'cases'],
  ['tests', 'no report', { reports: [report('red-team')] }, 'portreeve test note-taking'],
  [
    'tests',
    'a report on another release',
    { reports: [report('tests', { release: digestOf('other') }), report('red-team')] },
    'portreeve test',
  ],
  [
    'tests',
    'a report on another workflow',
    { reports: [report('tests', { workflow: 'other' }), report('red-team')] },
    'portreeve test',
  ],
  [
    'tests',
    'a case that failed',
    { reports: [report('tests', { cases: [{ name: 'x', group: 'g', ok: false, detail: null }] }), report('red-team')] },
    'portreeve test',
  ],
  [
    'tests',
    'a report without cases',
    { reports: [report('tests', { cases: [] }), report('red-team')] },
    'portreeve test',
  ],
  [
    'red-team',
    'one that was not ok',
    { reports: [report('tests'), report('red-team', { ok: false })] },
    'portreeve redteam',
  ],
  [
    'changes',
    'a model that answers by another version',
    { unreviewed: [{ change: 'chg_1' as ChangeId, subject: 'main/claude-x', state: 'open' }] },
    'portreeve changes approve chg_1',
  ],
  [
    'thresholds',
    'harm that nobody stopped',
    { reports: [report('tests'), report('red-team', { figures: { ...FIGURES, unattended_harm: 1 } })] },
    'tier',
  ],
  [
    'thresholds',
    'more false alarms than its tier allows',
    { reports: [report('tests'), report('red-team', { figures: { ...FIGURES, false_alarms_per_mille: 101 } })] },
    'tier',
  ],
  [
    'thresholds',
    'fewer attacks noticed than it asks for itself',
    workflow({ thresholds: { injection_recall_per_mille_min: 1 } }),
    'portreeve redteam',
  ],
  [
    'thresholds',
    'a figure that the report does not say',
    { reports: [report('tests'), report('red-team', { figures: { unattended_harm: 0 } })] },
    'portreeve redteam',
  ],
];

describe('H5 A6: what is missing fails its item, with the fix', () => {
  test.each(MISSING)('%s: %s', (id, _what, over, fix) => {
    const failed = failing(over);
    expect(failed.map((item) => item.id)).toContain(id);
    const item = failed.find((each) => each.id === id)!;
    expect(`${item.fix.file ?? ''} ${item.fix.write}`).toContain(fix);
    expect(readinessOf({ ...whole, ...over }).ready).toBe(false);
  });

  test('each item can fail but the way back, which says what it does not know', () => {
    expect([...new Set(MISSING.map(([id]) => id)), 'credentials', 'rollback'].sort()).toEqual(
      [...READINESS_ITEMS].sort(),
    );
  });

  test('nothing at all: all of it is named at once', () => {
    const bare = workflow({ boundaries: undefined, regulation: undefined, on_outage: undefined, procedures: {} });
    const ids = failing({ ...bare, acceptable_use: null, reports: [], golden_count: 0 }).map(({ id }) => id);
    expect(ids).toEqual([
      ...[
        'acceptable-use',
        'boundaries',
        'regulation',
        'off-pattern',
        'outage',
        'decisions',
        'tests',
        'red-team',
        'thresholds',
      ],
    ]);
  });
});

describe('H5: what cannot be seen, or is not there, is not applicable, and says why', () => {
  const stateOf = (id: string, over: Partial<ReadinessInput>) =>
    readinessOf({ ...whole, ...over }).items.find((item) => item.id === id);
  test.each([
    ['structured-output', { prompts: [] }],
    ['outage', { prompts: [] }],
    ['undo', { tools: [] }],
    ['validation', { tools: [] }],
    ['approvers', { tools: [] }],
    ['changes', { unreviewed: null }],
    ['rollback', { earlier_releases: null }],
    ['rollback', { earlier_releases: 0 }],
  ] as const)('%s with %j', (id, over) => {
    expect(stateOf(id, over)).toMatchObject({ state: 'not_applicable', fix: null });
  });

  test('approvers whose group an identity provider gives are not counted', () => {
    const oidc = [{ role_rules: [{ claim: 'g', value: 'x', roles: ['approver'], groups: ['note-leads'] }] }];
    const identity = { ...config.identity, oidc } as unknown as typeof config.identity;
    expect(stateOf('approvers', { approvers: { 'note-leads': 0 }, config: { ...config, identity } })).toMatchObject({
      state: 'pass',
    });
  });
});

test('H5: a simulated model fails in production alone', () => {
  const models = projectConfigSchema.parse({
    workflows: ['w'],
    models: [{ name: 'sim', kind: 'simulated', where: 'own-tenancy', clearance: { confidentiality: 'internal' } }],
  }).models;
  const over = { config: { ...config, models } };
  expect(failing(over).map(({ id }) => id)).toEqual(['credentials']);
  expect(failing({ ...over, environment: 'test' })).toEqual([]);
});
