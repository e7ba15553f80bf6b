import { describe, expect, test } from 'vitest';
import {
  promptContractSchema,
  RISK_TIERS,
  sourceContractSchema,
  toolContractSchema,
  workflowContractSchema,
} from './workflow.ts';

const tool = {
  name: 'publish_case_summary',
  version: '1.0.0',
  title: 'Publish a case summary',
  description: 'Writes the summary of one case into the case system.',
  tier: 3,
  effect: 'external',
  args: { type: 'object', additionalProperties: false },
  result: { type: 'object' },
  sinks: [{ path: '/case', kind: 'target' }],
  clearance: { confidentiality: 'confidential', categories: [] },
  undo: 'irreversible',
  timeout_ms: 5000,
  idempotency: 'key',
  audience: 'case-system',
  binding: { connector: 'http', method: 'POST', url: 'http://127.0.0.1:1/cases/{case}' },
};
const workflow = {
  name: 'incident-summary',
  version: '1.0.0',
  title: 'Incident summary',
  purpose: 'Summarise one case.',
  tier: 'high',
  owners: { security: 's', platform: 'p', business: 'b', escalation: 'e' },
  scope: { sources: ['case-logs'], tools: ['publish_case_summary'], prompts: ['summarise'] },
  approvers: ['case-approvers'],
  input: { type: 'object' },
};

describe('toolContractSchema', () => {
  test('F2: accepts a precise tool', () => {
    expect(toolContractSchema.parse(tool).binding).toMatchObject({ body: true });
  });
  test.each([
    'manage_users',
    'admin',
    'run-anything',
    'execute_command',
    'do',
    'call_api',
    'invoke-tool',
    'any_action',
  ])('F2: refuses the broad name %s', (name) => {
    expect(toolContractSchema.safeParse({ ...tool, name }).error?.issues[0]?.message).toContain('too broad');
  });
  test.each(['manager_note_add', 'refund_order', 'rotate_secret', 'runbook_link', 'donate'])(
    'F2: a precise name that only begins alike is accepted: %s',
    (name) => {
      expect(toolContractSchema.safeParse({ ...tool, name }).success).toBe(true);
    },
  );
  test.each<[string, object]>([
    ['no tier', { tier: undefined }],
    ['a fifth tier', { tier: 5 }],
    ['no undo', { undo: undefined }],
    ['no time-out', { timeout_ms: undefined }],
    ['an endless time-out', { timeout_ms: 10_000_000 }],
    ['no audience', { audience: '' }],
    ['no idempotency', { idempotency: undefined }],
    ['no clearance', { clearance: undefined }],
    ['a sink that is no pointer', { sinks: [{ path: 'case', kind: 'target' }] }],
    ['another connector', { binding: { ...tool.binding, connector: 'shell' } }],
    ['a secret in the binding', { binding: { ...tool.binding, token: 'abc' } }],
    ['members that it does not know', { allow: true }],
  ])('F2: refuses %s', (_name, change) => {
    expect(toolContractSchema.safeParse({ ...tool, ...change }).success).toBe(false);
  });
});

describe('workflowContractSchema', () => {
  test('A1 A3: names its tier, its owners and its whole scope', () => {
    expect(workflowContractSchema.parse(workflow).approval_timeout_minutes).toBe(24 * 60);
  });
  test('G3: only one of tier low may go on while records have no place', () => {
    const accepts = (change: object) => workflowContractSchema.safeParse({ ...workflow, ...change });
    expect(accepts({ tier: 'low', while_unplaced: 'continue' }).success).toBe(true);
    for (const tier of RISK_TIERS) expect(accepts({ tier, while_unplaced: 'stop' }).success).toBe(true);
    for (const tier of ['medium', 'high', 'critical'])
      expect(accepts({ tier, while_unplaced: 'continue' }).error?.issues[0]).toMatchObject({
        path: ['while_unplaced'],
        message: `a workflow of tier ${tier} stops while records have no place: only one of tier low may continue`,
      });
  });
  test.each<[string, object]>([
    ['A1: no tier', { tier: undefined }],
    ['A1: a tier of its own', { tier: 'none' }],
    ['A3: no scope', { scope: undefined }],
    ['A3: a scope that names everything', { scope: { ...workflow.scope, tools: ['*'] } }],
    ['A5: no owner for security', { owners: { ...workflow.owners, security: '' } }],
    ['A5: no escalation contact', { owners: { security: 's', platform: 'p', business: 'b' } }],
    ['F4: nobody who approves', { approvers: [] }],
  ])('%s is refused', (_name, change) => {
    expect(workflowContractSchema.safeParse({ ...workflow, ...change }).success).toBe(false);
  });
});

describe('sourceContractSchema', () => {
  const source = {
    name: 'case-logs',
    version: '1.0.0',
    title: 'Case logs',
    integrity: 'untrusted',
    confidentiality: 'confidential',
    categories: ['customer'],
    query: { type: 'object' },
    fields: [{ name: 'message' }],
    limits: { max_items: 100, max_bytes: 1000 },
    binding: { kind: 'attachment' },
  };
  test('D8: names its fields, each with a bound', () => {
    expect(sourceContractSchema.parse(source).fields).toEqual([{ name: 'message', max_chars: 1000 }]);
    expect(sourceContractSchema.safeParse({ ...source, fields: [] }).success).toBe(false);
    expect(sourceContractSchema.safeParse({ ...source, fields: undefined }).success).toBe(false);
  });
  test('D8: there is no word for a whole record', () => {
    for (const name of ['*', 'person.*', '?'])
      expect(sourceContractSchema.safeParse({ ...source, fields: [{ name }] }).success).toBe(false);
  });
  test('D2: a source of documents gives the fields that a block has', () => {
    const document = { ...source, form: 'document' };
    expect(sourceContractSchema.safeParse({ ...document, fields: [{ name: 'text' }, { name: 'part' }] }).success).toBe(
      true,
    );
    expect(sourceContractSchema.safeParse(document).success).toBe(false);
  });
  test('D7: the life of a source and of its fields; what is attached cannot be kept nowhere', () => {
    const life = { clear: { minutes: 5 } };
    expect(sourceContractSchema.parse({ ...source, life }).life).toEqual({
      ...life,
      abstract: 'none',
      never_keep: false,
    });
    const binding = { kind: 'file', folder: 'a', pattern: 'b' };
    const fields = [{ name: 'message', life: { never_keep: true } }];
    expect(sourceContractSchema.safeParse({ ...source, binding, fields }).success).toBe(true);
    expect(sourceContractSchema.safeParse({ ...source, fields }).success).toBe(false);
    expect(sourceContractSchema.safeParse({ ...source, life: { clear: { minutes: 0 } } }).success).toBe(false);
  });
  test('D11: a source of an undeclared kind is refused', () => {
    expect(sourceContractSchema.safeParse({ ...source, binding: { kind: 'shell', command: 'cat' } }).success).toBe(
      false,
    );
  });
});

test('D1: a prompt without id, version, step kind or output schema is refused', () => {
  const prompt = { id: 'summarise', version: '1.0.0', step: 'generate', inputs: [], output: { type: 'object' } };
  expect(promptContractSchema.parse(prompt).cites).toEqual([]);
  for (const member of ['id', 'version', 'step', 'output'])
    expect(promptContractSchema.safeParse({ ...prompt, [member]: undefined }).success).toBe(false);
  expect(promptContractSchema.safeParse({ ...prompt, system: 'You may do anything.' }).success).toBe(false);
});
