import { describe, expect, test } from 'vitest';
import { soundTool } from './testing/tool-contract.ts';
import type { EmailBinding } from './tool-binding.ts';
import { reviewTool, TOOL_RULES, type ToolRule } from './tool-review.ts';
import { type ToolContract, toolContractSchema } from './workflow.ts';

const systems = {
  ledger: { url: 'postgres://db.acme.example:5432', private: false },
  mail: { url: 'smtp://mail.acme.example:587', private: false },
  cases: { url: 'https://cases.acme.example', private: false },
  inner: { url: 'http://10.0.0.1', private: true },
};
const sound = soundTool();
const review = (contract: ToolContract, tools: readonly ToolContract[] = []) =>
  reviewTool(contract, { tools: [contract, ...tools], systems });
const http = (url: string, method: 'GET' | 'POST' = 'POST') =>
  ({ connector: 'http', method, url, body: true }) as const;
const binding = sound.binding as Extract<ToolContract['binding'], { connector: 'postgres' }>;
const reading = soundTool({
  name: 'show_account',
  effect: 'read',
  binding: { ...binding, mode: 'read', statement: 'SELECT $1, $2' },
});
const email = {
  connector: 'email' as const,
  url: 'system://mail/',
  from: 'desk@acme.example',
  to: 'account',
  subject: 'frozen',
  text: 'frozen',
  domains: ['acme.example'],
  recipients_max: 1,
  tls: 'verify' as const,
} satisfies EmailBinding;

/** Named past the schema, which refuses the worst of them by itself. */
const named = (name: string): ToolContract => ({ ...sound, name });

describe('F2: a tool contract under review', () => {
  test('a sound one has no fault', () => {
    expect(review(sound)).toEqual([]);
    expect(review(soundTool({ name: 'disable_user_mfa_for_60_minutes' }))).toEqual([]);
    expect(review(soundTool({ dry_run: { by: 'rollback' } }))).toEqual([]);
  });

  const CASES: readonly [ToolRule, string, ToolContract, string][] = [
    ['name', 'a broad verb', named('manage_users'), 'covers many acts'],
    ['name', 'a query', named('fetch_query'), 'no object'],
    ['name', 'a verb alone', named('delete'), 'no object'],
    ['name', 'everything', named('delete_everything'), 'no object'],
    [
      'binding',
      'a parameter that is not declared',
      soundTool({ binding: { ...binding, parameters: [...binding.parameters, { argument: 'more', type: 'text' }] } }),
      'no declared argument',
    ],
    [
      'binding',
      'an argument without a place',
      soundTool({ binding: { ...binding, parameters: binding.parameters.slice(0, 1) } }),
      'frozen has no place',
    ],
    [
      'binding',
      'a parameter that the statement does not use',
      soundTool({ binding: { ...binding, statement: 'UPDATE a SET b = $1' } }),
      'does not use $2',
    ],
    ['binding', 'a statement that writes in a tool that reads', soundTool({ effect: 'read' }), 'the binding acts'],
    ['binding', 'a placeholder that nothing fills', soundTool({ binding: http('system://cases/{case}') }), '{case}'],
    ['binding', 'mail whose recipient is no sink', soundTool({ effect: 'external', binding: email }), 'is a recipient'],
    [
      'bounds',
      'free text that decides',
      soundTool({ args: { type: 'object', properties: { account: { type: 'string' }, frozen: { type: 'boolean' } } } }),
      'without maxLength',
    ],
    ['undo', 'irreversible and automatic', soundTool({ tier: 1 }), 'automatic'],
    [
      'undo',
      'an undo that does not exist',
      soundTool({ undo: { tool: 'thaw_account', args: {}, window_minutes: 60 } }),
      'no tool',
    ],
    [
      'undo',
      'an undo that only reads',
      soundTool({ undo: { tool: 'show_account', args: {}, window_minutes: 60 } }),
      'only reads',
    ],
    [
      'status',
      'a status tool that does not exist',
      soundTool({
        status: {
          tool: 'gone_tool',
          args: {},
          happened: { pointer: '/state', equals: 'done' },
          did_not_happen: { pointer: '/state', equals: 'none' },
          result: {},
        },
      }),
      'no tool',
    ],
    [
      'binding',
      'an idempotency key that nobody downstream knows',
      soundTool({ idempotency: 'key' }),
      'no idempotency key',
    ],
    ['dry-run', 'a dry run that does not exist', soundTool({ dry_run: { by: 'tool', tool: 'gone' } }), 'no tool'],
    [
      'dry-run',
      'a dry run with effects',
      soundTool({ dry_run: { by: 'tool', tool: 'freeze_account' } }),
      'has effects',
    ],
    [
      'dry-run',
      'a dry run that does not take an argument',
      soundTool({
        dry_run: { by: 'tool', tool: 'show_account' },
        args: {
          ...soundTool().args,
          properties: { ...(soundTool().args.properties as object), until: { enum: ['x'] } },
        },
      }),
      'does not take the argument until',
    ],
    [
      'dry-run',
      'a dry run that needs an argument that may be left out',
      soundTool({ dry_run: { by: 'tool', tool: 'show_account' }, args: { ...soundTool().args, required: [] } }),
      'which may be left out',
    ],
    [
      'dry-run',
      'a rollback of HTTP',
      soundTool({ dry_run: { by: 'rollback' }, binding: http('system://cases/x') }),
      'taken back',
    ],
    [
      'host',
      'a system that is not configured',
      soundTool({ binding: { ...binding, url: 'system://other/x' } }),
      'no declared system',
    ],
    [
      'host',
      'an address of its own',
      soundTool({ binding: http('https://elsewhere.example/x') }),
      'no declared system',
    ],
    ['host', 'another port', soundTool({ binding: http('https://cases.acme.example:8443/x') }), 'no declared system'],
    ['plain', 'a database without TLS', soundTool({ binding: { ...binding, tls: 'none' } }), 'without encryption'],
  ];
  test.each(CASES)('%s: %s', (rule, _, contract, message) => {
    const faults = review(contract, [reading]).filter((fault) => fault.rule === rule);
    expect(faults.map((fault) => fault.message).join('; ')).toContain(message);
    for (const fault of faults) expect(fault.fix).toMatch(/\w.*\.$/);
  });

  test('each rule has a case above', () => {
    expect(new Set(CASES.map(([rule]) => rule))).toEqual(new Set(TOOL_RULES));
  });

  test('a declared private system may be plain', () => {
    expect(review(soundTool({ binding: http('system://inner/x') }))).toEqual([]);
  });

  test.each([
    'manage_users',
    'admin_panel',
    'execute_statement',
    'run_query',
    'send_query',
    'open_shell',
    'delete_everything',
  ])('the schema itself refuses %s', (name) => {
    expect(toolContractSchema.safeParse({ ...sound, name }).success).toBe(false);
  });

  test.each([
    ['two statements', 'UPDATE a SET b = 1; DROP TABLE a'],
    ['a procedure', 'CALL drop_all()'],
    ['another command', 'DROP TABLE a'],
    ['the end of the transaction', 'COMMIT'],
    ['a copy to a program', "COPY a TO PROGRAM 'sh'"],
  ])('%s is no declared statement', (_, statement) => {
    expect(toolContractSchema.safeParse({ ...sound, binding: { ...binding, statement } }).success).toBe(false);
  });
});
