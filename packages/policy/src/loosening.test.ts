import { isPortreeveError } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { combineDeclared, type DeclaredWorkflow, findLoosening } from './loosening.ts';
import { baselinePolicies, type PolicyLayers } from './sources.ts';
import { layersOf, ruleText } from './testing/policies.ts';
import { argumentSchema, toolContract, workflowContract } from './testing/tools.ts';

const baseline = baselinePolicies();
const none: PolicyLayers = { identity: [], data: [], action: [], environment: [] };
const declared = (over: Partial<DeclaredWorkflow> = {}): DeclaredWorkflow => ({
  contract: workflowContract(),
  tools: [toolContract('file_note')],
  ...over,
});
const errors = (...args: Parameters<typeof findLoosening>) =>
  findLoosening(...args).filter(({ severity }) => severity === 'error');

test('A1: what the baseline and an honest declaration say loosens nothing, in any tier', { timeout: 180_000 }, () => {
  for (const tier of ['low', 'medium', 'high', 'critical'] as const)
    for (const toolTier of [1, 2, 3, 4] as const)
      for (const undo of [{ tool: 'undo_it', args: {}, window_minutes: 60 }, 'irreversible'] as const)
        expect(
          errors(baseline, [
            declared({
              contract: workflowContract({ tier }),
              tools: [
                toolContract('file_note', {
                  tier: toolTier,
                  undo,
                  args: argumentSchema({ n: { type: 'number' } }, ['n']),
                }),
              ],
            }),
          ]),
        ).toEqual([]);
});

test('C3: a tool that says less of itself than it does is refused, with file and line', () => {
  const text = "export const tool = {\n  name: 'send_mail',\n  title: 'x',\n  tier: 2,\n};\n";
  const tools = [toolContract('send_mail', { effect: 'external' })];
  expect(
    errors(baseline, [
      declared({
        tools,
        files: [
          { file: 'triage/workflow.ts', text: '' },
          { file: 'triage/tools.ts', text },
        ],
      }),
    ]),
  ).toEqual([
    {
      file: 'triage/tools.ts',
      line: 4,
      rule: null,
      severity: 'error',
      message: 'the tool send_mail reaches outside parties, and its tier is 2',
      fix: 'Declare tier 3 (or 4).',
    },
  ]);
  const sinks = [{ path: '/amount', kind: 'amount' as const }];
  expect(errors(baseline, [declared({ tools: [toolContract('refund', { sinks })] })])[0]?.message).toContain(
    'moves an amount',
  );
});

test('A1: a critical workflow whose own rule asks for one approval is refused at that rule', () => {
  const rule = ruleText('t.ask', 'forbid', {
    scope: 'principal, action == Action::"act", resource',
    head: '@remedy("approval:$workflow:1")',
    tail: 'when { context.approval.count < 1 }',
  });
  const policies = [
    { workflow: 'triage', layers: { ...none, action: [{ file: 'triage/action.cedar', text: `\n${rule}` }] } },
  ];
  const critical = [declared({ contract: workflowContract({ tier: 'critical' }) })];
  expect(errors(baseline, critical, policies)).toMatchObject([
    {
      file: 'triage/action.cedar',
      line: 2,
      rule: 't.ask',
      message: 'asks for 1 approval, and a critical workflow needs 2',
    },
  ]);
  expect(errors(baseline, [declared()], policies)).toEqual([]);
  try {
    combineDeclared(baseline, critical, policies);
    throw new Error('expected a refusal');
  } catch (error) {
    if (!isPortreeveError(error)) throw error;
    expect(error.code).toBe('policy_broken');
    expect(error.detail).toContain('triage/action.cedar:2: rule t.ask: asks for 1 approval');
  }
});

test('A1, C3: a project’s own rules that open what the tiers keep shut are refused at the rule that opens', () => {
  const open = layersOf({ action: `\n${ruleText('a.open', 'permit')}` });
  const cases = [
    { tier: 'low', tool: { tier: 3 as const }, needs: '1' },
    { tier: 'high', tool: { tier: 2 as const }, needs: '1' },
    { tier: 'critical', tool: { tier: 1 as const }, needs: '2' },
    { tier: 'low', tool: { tier: 2 as const, undo: 'irreversible' as const }, needs: '1' },
    { tier: 'low', tool: { tier: 4 as const }, needs: 'a person to do it' },
  ] as const;
  for (const { tier, tool, needs } of cases) {
    const found = errors(open, [
      declared({ contract: workflowContract({ tier }), tools: [toolContract('file_note', tool)] }),
    ]);
    expect(found).toMatchObject([{ file: 'action.cedar', line: 2, rule: 'a.open', severity: 'error' }]);
    expect(found[0]?.message).toContain(`need ${needs}`);
  }
});

test('A1, C3: a project’s own rules that let through in silence what people are told of are refused', () => {
  const silent = layersOf({ action: `\n${ruleText('a.open', 'permit')}` });
  const telling = layersOf({
    action: ruleText('a.open', 'permit', {
      head: '@notify("$workflow")',
      scope: 'principal, action == Action::"act", resource',
    }),
  });
  const effect = { tier: 1, effect: 'write' } as const;
  for (const [tier, tool, told] of [
    ['low', { tier: 2 }, true],
    ['low', { tier: 2, effect: 'read' }, true],
    ['low', effect, false],
    ['low', { tier: 1, effect: 'read' }, false],
    ['medium', effect, true],
    ['medium', { tier: 1, effect: 'read' }, false],
  ] as const) {
    const set = [declared({ contract: workflowContract({ tier }), tools: [toolContract('file_note', tool)] })];
    const found = errors(silent, set);
    if (told) expect(found).toMatchObject([{ file: 'action.cedar', line: 2, rule: 'a.open' }]);
    else expect(found).toEqual([]);
    if (told) expect(found[0]?.message).toContain('tells nobody');
    expect(errors(telling, set)).toEqual([]);
    expect(errors(baseline, set)).toEqual([]);
  }
});

test('A1, C3: tools that agents outside use are held to the tiers as a workflow’s are', () => {
  const open = layersOf({ action: `\n${ruleText('a.open', 'permit')}` });
  const set = (tool: object) => [
    {
      contract: { ...workflowContract({ name: 'desk', tier: 'high' }), boundaries: undefined },
      tools: [toolContract('file_note', tool)],
    },
  ];
  expect(findLoosening(baseline, [], [], set({ tier: 2 })).filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(findLoosening(open, [], [], set({ tier: 2 }))).toMatchObject([{ rule: 'a.open', severity: 'error' }]);
  expect(findLoosening(baseline, [], [], set({ tier: 1, effect: 'external' }))).toMatchObject([
    { severity: 'error', message: 'the tool file_note reaches outside parties, and its tier is 1' },
  ]);
});

test('C3: one tool under two tiers is refused where it is looser', () => {
  const two = [
    declared({ tools: [toolContract('file_note', { tier: 3 })], files: [{ file: 'a.ts', text: '' }] }),
    declared({
      contract: workflowContract({ name: 'other' }),
      tools: [toolContract('file_note', { tier: 2 })],
      files: [{ file: 'b.ts', text: '' }],
    }),
  ];
  expect(errors(baseline, two)).toMatchObject([
    { file: 'b.ts', message: 'the tool file_note has tier 2 here and tier 3 in the workflow triage' },
  ]);
});

test('an honest set is combined', () => {
  const policies = [
    { workflow: 'triage', layers: { ...none, data: [{ file: 'd.cedar', text: ruleText('t.no', 'forbid') }] } },
  ];
  expect(combineDeclared(baseline, [declared()], policies).data.at(-1)?.workflow).toBe('triage');
});
