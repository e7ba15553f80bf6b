import { type RecordDraft, type RecordType, SYSTEM_ACTOR } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { payloadSealer } from '../keys/sealer.ts';
import { TEST_ORIGIN, testAuditLog } from '../testing/index.ts';

/** Built here, so that no text of this file is itself a credential. */
const CANARIES = {
  key: `AKIA${'IOSFODNN7CANARY1'}`,
  token: `ghp_${'c4N4rY'.repeat(6)}`,
  password: 'canary-pa55w0rd',
  email: 'canary@mail.example.org',
  card: '4242 4242 4242 4242',
};
const free = `key ${CANARIES.key}, ${CANARIES.token}; password=${CANARIES.password} <${CANARIES.email}> ${CANARIES.card}`;
const tree = { note: free, nested: [{ password: CANARIES.password, [CANARIES.email]: [free] }] };
const digest = `sha256:${'a'.repeat(64)}`;
const label = { integrity: 'untrusted', confidentiality: 'internal', categories: [], origins: [] };

const decision = {
  id: 'dec_1',
  outcome: 'permit',
  layers: [],
  reasons: [],
  remedies: [],
  notify: [],
  next: 'Nothing to do: it may go on.',
  policy_version: digest,
  request_digest: digest,
} as const;

/** Where text from outside comes into the record, by type. */
const DRAFTS: Partial<Record<RecordType, object>> = {
  'identity.sign_in_failed': { name: CANARIES.email, reason: 'locked' },
  'api.read': { operation: 'x', target: free },
  'run.submitted': {
    workflow: 'w',
    input_digest: digest,
    input: tree,
    attachments: [{ name: `${CANARIES.email}.log`, media_type: 'text/plain', bytes: 1, digest }],
  },
  'run.ended': { state: 'completed', ending: free, result: tree },
  'source.read': {
    source: 's',
    version: '1',
    query: tree,
    available: 1,
    read: 1,
    fields: ['message'],
    fields_left_out: [CANARIES.email],
    cut_values: 0,
    label,
    findings: [],
    evidence: [],
    decision,
    request: { kind: 'read', query: tree },
  },
  'decision.made': { decision, request: { kind: 'act', args: tree }, proposal_digest: digest, phase: 'submit' },
  'output.rejected': { prompt: 'p', errors: [free], repair_follows: false },
  'proposal.submitted': {
    digest,
    tool: 'publish',
    tool_version: '1',
    args: tree,
    args_digest: digest,
    rationale: free,
    evidence: [],
    influence: label,
    provenance: [],
  },
  'execution.result': {
    state: 'succeeded',
    http_status: 200,
    reason: free,
    result: tree as never,
    result_digest: digest,
    duration_ms: 1,
    late: false,
  },
  'audit.read': { operation: 'search', filter: tree, results: 0 },
};

describe('G5: no planted secret or personal value reaches the store', () => {
  test.each(Object.keys(DRAFTS) as RecordType[])('%s', async (type) => {
    const { log, store, uow, keys } = testAuditLog();
    const actor = { ...SYSTEM_ACTOR, name: `ops ${CANARIES.email}` };
    const draft = { type, actor, data: DRAFTS[type] } as RecordDraft;
    await uow.transaction((tx) => log.append(tx, [draft]));
    await log.settle();
    const record = await store.record(TEST_ORIGIN, 0);
    // What is sealed is opened: a key would not excuse a secret in it.
    const [opened] = await payloadSealer(keys.ring, keys.subjects).open([record!]);
    const stored = JSON.stringify([record, opened]);
    for (const canary of Object.values(CANARIES)) expect(stored).not.toContain(canary);
    expect(stored).toMatch(/\u27e6personal:email:32:/);
    // What is not a value of that kind can still be read.
    if (stored.includes('key ')) expect(stored).toMatch(/key \u27e6secret:aws-key:32:[0-9a-f]{16}\u27e7, /);
    expect(await log.verify()).toMatchObject({ ok: true });
  });

  test('a name of nothing but addresses stays a name that the entry can hold', async () => {
    const { log, store, uow } = testAuditLog();
    const actor = { ...SYSTEM_ACTOR, name: 'a@b.co '.repeat(18) };
    await uow.transaction((tx) => log.append(tx, [{ type: 'handoff.closed', actor, data: { note: 'x' } }]));
    await log.settle();
    expect(JSON.stringify(await store.record(TEST_ORIGIN, 0))).not.toContain('a@b.co');
    expect((await log.get(0))?.payload?.actor_name).toHaveLength(128);
  });
});
