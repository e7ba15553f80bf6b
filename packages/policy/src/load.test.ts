import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPortreeveError, LAYERS, type PortreeveError } from '@portreeve/contract';
import { afterAll, describe, expect, test } from 'vitest';
import { baselinePolicies, combine, POLICY_FILE_BYTES_MAX, type PolicyLayers, readPolicyFolder } from './sources.ts';
import { actRequest, workflowFacts } from './testing/index.ts';
import { engineOf, layersOf, layersWith, ruleText } from './testing/policies.ts';

function errorOf(fn: () => unknown): PortreeveError {
  try {
    fn();
  } catch (error) {
    if (isPortreeveError(error)) return error;
    throw error;
  }
  throw new Error('expected an error, and there was none');
}

const without = (layer: string): PolicyLayers => ({ ...layersOf(), [layer]: [] });

describe('C4: no policy, nothing runs', () => {
  test.each(LAYERS)('no rules in the layer %s', (layer) => {
    const error = errorOf(() => engineOf(without(layer)));
    expect(error).toMatchObject({ code: 'no_policy', detail: `no rules in the layer ${layer}` });
  });

  test.each(LAYERS)('a file of the layer %s that holds only comments', (layer) => {
    expect(errorOf(() => engineOf(layersOf({ [layer]: '// nothing yet\n' }))).code).toBe('no_policy');
  });

  test('a missing layer, and none at all', () => {
    const { data: _, ...three } = layersOf();
    expect(errorOf(() => engineOf(three as PolicyLayers)).detail).toBe('no rules in the layer data');
    expect(errorOf(() => engineOf({} as PolicyLayers)).detail).toBe(
      'no rules in the layer identity, data, action, environment',
    );
  });
});

describe('C4: a broken policy is refused at the start, with file, line and rule', () => {
  const ok = '@id("x.rule") @code("test_rule") @reason("A rule of a test.")';
  test.each([
    ['does not parse', `${ok}\npermit (principal, action, resource) when { 1 + };`, /^data\.cedar:2: rule x\.rule: /],
    ['not Cedar at all', 'allow everything', /^data\.cedar:1: /],
    [
      'unknown action',
      `\n\n${ok}\npermit (principal, action == Action::"actt", resource);`,
      /data\.cedar:4: rule x\.rule: .*did you mean/,
    ],
    [
      'unknown role',
      `${ok}\npermit (principal in Role::"root", action, resource);`,
      /data\.cedar:2: rule x\.rule: .*not declared/,
    ],
    [
      'unknown attribute',
      `${ok}\npermit (principal, action, resource) when { principal.age > 3 };`,
      /data\.cedar:2: rule x\.rule: .*age/,
    ],
    [
      'wrong type',
      `${ok}\npermit (principal, action == Action::"act", resource) when { resource.tier == "1" };`,
      /rule x\.rule/,
    ],
    [
      'float',
      `${ok}\npermit (principal, action == Action::"act", resource) when { resource.tier > 1.5 };`,
      /data\.cedar:2/,
    ],
    [
      'forbid that can never apply',
      `${ok}\nforbid (principal, action, resource) when { false };`,
      /rule x\.rule: .*impossible/,
    ],
    [
      'attribute that not all actions have',
      `${ok}\npermit (principal, action, resource) when { context.workflow.tier == RiskTier::"low" };`,
      /rule x\.rule: .*workflow/,
    ],
    [
      'no id',
      '@code("test_rule") @reason("R.")\npermit (principal, action, resource);',
      /data\.cedar:1: @id\("…"\) is missing/,
    ],
    [
      'no code',
      '@id("x.rule") @reason("R.")\npermit (principal, action, resource);',
      /rule x\.rule: @code\("…"\) is missing/,
    ],
    [
      'no reason',
      '@id("x.rule") @code("test_rule")\npermit (principal, action, resource);',
      /rule x\.rule: @reason\("…"\) is missing/,
    ],
    [
      'empty reason',
      '@id("x.rule") @code("test_rule") @reason(" ")\npermit (principal, action, resource);',
      /@reason\("…"\) is missing/,
    ],
    [
      'bad id',
      '@id("X rule") @code("test_rule") @reason("R.")\npermit (principal, action, resource);',
      /@id is lower-case/,
    ],
    [
      'reserved id',
      '@id("default-deny") @code("test_rule") @reason("R.")\npermit (principal, action, resource);',
      /@id is lower-case/,
    ],
    [
      'bad code',
      '@id("x.rule") @code("Nope!") @reason("R.")\npermit (principal, action, resource);',
      /@code is lower-case/,
    ],
    [
      'long reason',
      `@id("x.rule") @code("test_rule") @reason("${'r'.repeat(501)}")\npermit (principal, action, resource);`,
      /at most 500/,
    ],
    [
      'misspelt annotation',
      `${ok} @notfy("leads")\npermit (principal, action, resource);`,
      /@notfy is not an annotation/,
    ],
    [
      'remedy on a permit',
      `${ok} @remedy("deidentify")\npermit (principal, action == Action::"act", resource);`,
      /@remedy belongs on a forbid/,
    ],
    [
      'notify on a forbid',
      `${ok} @notify("leads")\nforbid (principal, action, resource);`,
      /@notify belongs on a permit/,
    ],
    [
      'malformed remedy',
      `${ok} @remedy("approval:leads")\nforbid (principal, action == Action::"act", resource);`,
      /@remedy is "approval:/,
    ],
    ['malformed notify', `${ok} @notify("a,,b")\npermit (principal, action, resource);`, /@notify is/],
    [
      'approval remedy that covers more than act',
      `${ok} @remedy("approval:$workflow:1")\nforbid (principal, action in Action::"work", resource);`,
      /can lift only act; the rule covers admit, ask, read too/,
    ],
    ...(['read', 'ask'] as const).map((kind): [string, string, RegExp] => [
      `narrowing of a ${kind}, which nothing carries out`,
      `${ok} @remedy("narrow:fewer")\nforbid (principal, action == Action::"${kind}", resource);`,
      new RegExp(`can lift only act; the rule covers ${kind} too \\(write the rule for .*fewer fields`),
    ]),
    [
      'pseudonyms in an action, which nothing carries out',
      `${ok} @remedy("deidentify")\nforbid (principal, action == Action::"act", resource);`,
      /can lift only ask; the rule covers act too \(write the rule for .*Action::"ask".*narrow:PROFILE/,
    ],
    [
      'approval that lifts nothing',
      `${ok} @remedy("approval:$workflow:1")\nforbid (principal, action == Action::"act", resource);`,
      /no approval would lift this/,
    ],
    [
      'group that the condition does not test',
      `${ok} @remedy("approval:finance:1")\nforbid (principal, action == Action::"act", resource) unless { context.approval.count > 0 };`,
      /must test context\.approval\.groups/,
    ],
    [
      'notify of nobody',
      `${ok} @notify("$workflow")\npermit (principal, action in Action::"api", resource);`,
      /reaches nobody/,
    ],
    ['template', `${ok}\npermit (principal == ?principal, action, resource);`, /templates are not supported/],
  ])('%s', (_, text, message) => {
    const error = errorOf(() => engineOf(layersOf({ data: text })));
    expect(error.code).toBe('policy_broken');
    expect(error.errors.map(({ path, message }) => `${path}: ${message}`).join('\n')).toMatch(message);
    expect(error.detail).toContain('data.cedar');
  });

  test('a duplicate id, in one layer or over two, names both places', () => {
    const twice = ruleText('x.rule', 'permit') + ruleText('x.rule', 'forbid');
    expect(errorOf(() => engineOf(layersOf({ data: twice }))).detail).toContain(
      'data.cedar:3: rule x.rule: the id is used before, at data.cedar:1',
    );
    const layers = { ...layersOf(), identity: [{ file: 'i.cedar', text: ruleText('data.permit-all', 'permit') }] };
    expect(errorOf(() => engineOf(layers)).detail).toContain('the id is used before, at i.cedar:1');
  });

  test('the same rule twice is found at its second place', () => {
    const rule = ruleText('x.rule', 'permit');
    expect(errorOf(() => engineOf(layersOf({ data: rule + rule }))).errors[0]?.path).toBe('data.cedar:3');
  });

  test('everything that is wrong is told at once', () => {
    const error = errorOf(() =>
      engineOf(layersOf({ data: 'nonsense', action: 'permit (principal, action, resource);' })),
    );
    expect(error.errors.map(({ path }) => path)).toEqual([
      'data.cedar:1',
      'action.cedar:1',
      'action.cedar:1',
      'action.cedar:1',
    ]);
    expect(error.detail).toContain('and 3 more');
  });

  test('lines are counted behind other than ASCII text too', () => {
    const text = `// ${'é'.repeat(40)}\n\n${ruleText('x.rule', 'permit', { tail: 'when { principal.âge }' })}`;
    expect(errorOf(() => engineOf(layersOf({ data: text }))).errors[0]?.path).toBe('data.cedar:4');
  });
});

describe('policy folders', () => {
  const root = mkdtempSync(join(tmpdir(), 'portreeve-policy-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let made = 0;
  const folder = (files: Record<string, string | Uint8Array>): string => {
    const path = join(root, String(++made));
    mkdirSync(path);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
    return path;
  };

  test('reads <layer>.cedar and <layer>-<name>.cedar', () => {
    const path = folder({
      'data.cedar': ruleText('data.one', 'forbid'),
      'data-health.cedar': ruleText('data.two', 'forbid'),
      'action-x.cedar': ruleText('action.one', 'forbid'),
    });
    const layers = readPolicyFolder(path);
    expect(layers.data.map(({ file }) => file)).toEqual([join(path, 'data-health.cedar'), join(path, 'data.cedar')]);
    expect([layers.identity.length, layers.action.length, layers.environment.length]).toEqual([0, 1, 0]);
  });

  test.each(['datas.cedar', 'data.txt', 'README.md', 'Data.cedar', 'data_x.cedar', '.data.cedar', 'data.cedar~'])(
    'the name %s is an error that says so',
    (name) => {
      const error = errorOf(() => readPolicyFolder(folder({ [name]: '' })));
      expect(error.code).toBe('policy_broken');
      expect(error.detail).toContain(`${name}: unknown name`);
    },
  );

  test('no folder is no_policy; what cannot be read is policy_broken', () => {
    expect(errorOf(() => readPolicyFolder(join(root, 'nowhere'))).code).toBe('no_policy');
    expect(errorOf(() => readPolicyFolder(folder({ 'data.cedar': new Uint8Array([0xff, 0xfe]) }))).code).toBe(
      'policy_broken',
    );
    const large = ' '.repeat(POLICY_FILE_BYTES_MAX + 1);
    expect(errorOf(() => readPolicyFolder(folder({ 'data.cedar': large }))).detail).toContain('larger than');
    const path = folder({});
    mkdirSync(join(path, 'data.cedar'));
    expect(errorOf(() => readPolicyFolder(path)).code).toBe('policy_broken');
  });

  test('the baseline loads', () => {
    expect(engineOf(baselinePolicies()).rules.length).toBeGreaterThan(20);
  });
});

describe('a workflow’s own policy', () => {
  const none: PolicyLayers = { identity: [], data: [], action: [], environment: [] };
  const own = (text: string, workflow = 'triage') => ({
    workflow,
    layers: { ...none, action: [{ file: 'triage/action.cedar', text }] },
  });

  test('A1: a permit in it is refused, with file, line and rule', () => {
    const error = errorOf(() =>
      combine(baselinePolicies(), own(`${ruleText('t.no', 'forbid')}\n${ruleText('t.open', 'permit')}`)),
    );
    expect(error.code).toBe('policy_broken');
    expect(error.detail).toBe(
      "triage/action.cedar:4: rule t.open: a workflow's own policy may only forbid: this permits (workflow triage)",
    );
  });

  test('A1: it tightens its own workflow and no other', () => {
    const engine = engineOf(
      combine(
        baselinePolicies(),
        own(ruleText('t.no', 'forbid', { scope: 'principal, action == Action::"act", resource' })),
      ),
    );
    expect(engine.decide(actRequest()).outcome).toBe('refuse');
    expect(engine.decide(actRequest({ workflow: workflowFacts({ name: 'refund' }) })).outcome).toBe('permit');
    expect(engine.rules.find(({ id }) => id === 't.no')?.workflow).toBe('triage');
  });

  test('its conditions may speak of the workflow without naming actions; they are not evaluated for others', () => {
    const text = ruleText('t.no', 'forbid', { tail: 'when { context.workflow.tier == RiskTier::"high" }' });
    const engine = engineOf(combine(baselinePolicies(), own(text)));
    expect(engine.decide(actRequest({ workflow: { tier: 'high' } })).outcome).toBe('refuse');
    expect(engine.decide(actRequest({ workflow: { tier: 'high', name: 'refund' } })).outcome).toBe('approve');
  });

  test('it may ask for an approval, and cannot speak of the server’s operations', () => {
    const asks = ruleText('t.ask', 'forbid', {
      scope: 'principal, action == Action::"act", resource',
      tail: 'unless { context.approval.groups.contains("legal") }',
      head: '@remedy("approval:legal:1")',
    });
    const engine = engineOf(combine(baselinePolicies(), own(asks)));
    expect(engine.decide(actRequest()).remedies).toEqual([{ kind: 'approval', groups: ['legal'], quorum: 1 }]);
    const api = ruleText('t.api', 'forbid', { scope: 'principal, action in Action::"api", resource' });
    expect(errorOf(() => combine(baselinePolicies(), own(api))).detail).toContain('rule t.api');
  });

  test('it cannot take an id of the base, and changes the version', () => {
    expect(errorOf(() => combine(baselinePolicies(), own(ruleText('action.tier-1', 'forbid')))).code).toBe(
      'policy_broken',
    );
    const base = engineOf(baselinePolicies());
    const triage = engineOf(combine(baselinePolicies(), own(ruleText('t.no', 'forbid'))));
    const refund = engineOf(combine(baselinePolicies(), own(ruleText('t.no', 'forbid'), 'refund')));
    expect(new Set([base.version, triage.version, refund.version]).size).toBe(3);
    expect(engineOf(combine(baselinePolicies())).version).toBe(base.version);
  });
});

test('the version covers every rule and not its place', () => {
  const rule = ruleText('x.rule', 'forbid');
  const a = engineOf(layersWith('data', rule));
  expect(a.version).toMatch(/^sha256:[0-9a-f]{64}$/);
  const moved = { ...layersOf(), data: [{ file: 'other.cedar', text: `// moved\n${rule}` }, ...layersOf().data] };
  expect(engineOf(moved).version).toBe(a.version);
  expect(engineOf(layersWith('action', rule)).version).not.toBe(a.version);
  expect(engineOf(layersWith('data', rule.replace('A rule', 'One rule'))).version).not.toBe(a.version);
});
