import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Decision, digestOf, type PolicyRequest } from '@portreeve/contract';
import { afterAll, describe, expect, test } from 'vitest';
import { explain } from './explain-request.ts';
import { declaredFacts } from './golden-facts.ts';
import { runGoldenTests } from './golden-file.ts';
import { lintPolicies } from './lint.ts';
import { matrix } from './matrix.ts';
import { REPLAY_LISTED_MAX, type RecordedDecision, replayDecisions } from './replay.ts';
import { baselinePolicies, type PolicyLayers, together } from './sources.ts';
import { actRequest, apiRequest, readRequest } from './testing/index.ts';
import { engineOf, layersOf, layersWith, ruleText } from './testing/policies.ts';
import { toolContract, workflowContract } from './testing/tools.ts';

const baseline = engineOf(baselinePolicies());

describe('C8: lint', () => {
  test('the baseline has nothing to find', () => {
    expect(lintPolicies(baselinePolicies())).toEqual([]);
  });

  test('errors have file, line, rule and a fix; nothing is thrown', () => {
    const findings = lintPolicies(
      layersOf({ data: `${ruleText('x.rule', 'permit', { tail: 'when { principal.age > 3 }' })}\nnonsense` }),
    );
    expect(findings).toMatchObject([
      { file: 'action.cedar', severity: 'warning' },
      { file: 'data.cedar', line: 4, severity: 'error', rule: 'x.rule' },
      { file: 'environment.cedar', severity: 'warning' },
      { file: 'identity.cedar', severity: 'warning' },
    ]);
    const typo = lintPolicies(
      layersWith('data', ruleText('x.rule', 'forbid', { scope: 'principal, action == Action::"actt", resource' })),
    );
    expect(typo).toContainEqual({
      file: 'data.cedar',
      line: 4,
      rule: 'x.rule',
      severity: 'error',
      message: expect.stringContaining('actt'),
      fix: expect.stringContaining('did you mean'),
    });
    expect(() => lintPolicies({} as PolicyLayers)).not.toThrow();
    expect(() => lintPolicies({ data: [{}] } as unknown as PolicyLayers)).not.toThrow();
  });

  test('C2: a narrowing that no tool of the rule declares is told, with those that there are', () => {
    const tools = [toolContract('pay', { profiles: { 'small-sum': [] } }), toolContract('note')];
    const declared = [{ contract: workflowContract(), tools }];
    const lint = (layers: PolicyLayers) =>
      lintPolicies(layers, { tools, declared }).filter(({ rule }) => rule === 'x.less');
    const less = (scope: string, profile: string) =>
      ruleText('x.less', 'forbid', { scope, head: `@remedy("narrow:${profile}")` });
    const told = (scope: string, profile: string) => lint(layersWith('data', less(scope, profile)));
    const every = 'principal, action == Action::"act", resource';
    expect(told(every, 'small-sum')).toEqual([]);
    expect(told('principal, action == Action::"act:pay", resource', 'small-sum')).toEqual([]);
    expect(told(every, 'smal-sum')).toMatchObject([
      {
        severity: 'warning',
        message: expect.stringContaining('smal-sum'),
        fix: expect.stringContaining('(small-sum)'),
      },
    ]);
    expect(told('principal, action == Action::"act:note", resource', 'small-sum')).toMatchObject([
      { fix: expect.stringContaining('there is none') },
    ]);
    // A workflow's rule is about the workflow's tools.
    const own = {
      identity: [],
      data: [],
      environment: [],
      action: [{ file: 'x.cedar', text: less(every, 'small-sum') }],
    };
    expect(lint(together(layersOf(), [{ workflow: 'triage', layers: own }]))).toEqual([]);
    expect(lint(together(layersOf(), [{ workflow: 'other', layers: own }]))).toHaveLength(1);
  });

  test('an empty layer, an open permit, a silent refusal, a repetition and a shadow are told', () => {
    const twice = ruleText('x.one', 'forbid', { tail: 'when { context.environment.incident }' });
    const layers = {
      ...layersWith('data', twice + twice.replace('x.one', 'x.two')),
      action: [],
      environment: [
        {
          file: 'environment.cedar',
          text: ruleText('e.no', 'forbid') + ruleText('e.s', 'permit', { head: '@mode("shadow")' }),
        },
      ],
    };
    const told = lintPolicies(layers).map(
      ({ file, rule, severity, message }) => `${file} ${rule} ${severity} ${message}`,
    );
    expect(told).toEqual([
      'action.cedar null error the layer action has no rule that decides, so it denies everything and nothing starts',
      'data.cedar data.permit-all warning it permits everything, so the layer data holds nothing back but what a forbid names',
      'data.cedar x.one warning whoever it refuses is not told what they can do',
      'data.cedar x.two warning it says the same as x.one at data.cedar:3',
      'data.cedar x.two warning whoever it refuses is not told what they can do',
      'environment.cedar e.no warning it forbids everything, so no rule of the layer environment matters',
      'environment.cedar e.no warning whoever it refuses is not told what they can do',
      'environment.cedar e.s warning it is in shadow mode and decides nothing',
      'environment.cedar e.s warning it permits everything, so the layer environment holds nothing back but what a forbid names',
      'identity.cedar identity.permit-all warning it permits everything, so the layer identity holds nothing back but what a forbid names',
    ]);
  });
});

describe('C8: golden decisions in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-golden-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const base = JSON.stringify(actRequest());

  test('what holds is ok, what does not says how', () => {
    const file = write(
      'golden.yaml',
      `base: ${base}
cases:
  - {name: as it is, request: {}, outcome: permit}
  - {name: tier 3, request: {tool: {tier: 3}}, outcome: approve, rules: [action.tier-3-approval]}
  - {name: wrong outcome, request: {tool: {tier: 4}}, outcome: permit}
  - {name: wrong rules, request: {tool: {tier: 4}}, outcome: refuse, rules: [x.none]}
  - {name: bad request, request: {tool: {tier: 9}}, outcome: permit}
`,
    );
    const results = runGoldenTests(baseline, file);
    expect(results.map(({ name, ok }) => [name, ok])).toEqual([
      ['as it is', true],
      ['tier 3', true],
      ['wrong outcome', false],
      ['wrong rules', false],
      ['bad request', false],
    ]);
    expect(results[2]?.differences[0]).toContain('the outcome is refuse and not permit: Tier 4');
    expect(results[3]?.differences[0]).toBe('the rules are action.tier-4-people-only and not x.none');
  });

  test('JSON is read too; what cannot be read is policy_broken with the file', () => {
    const json = write(
      'golden.json',
      JSON.stringify({ cases: [{ name: 'a', request: actRequest(), outcome: 'permit' }] }),
    );
    expect(runGoldenTests(baseline, json)).toEqual([{ name: 'a', ok: true, differences: [] }]);
    for (const text of ['cases: []', 'cases: {', 'cases: [{name: a, request: {}, outcome: yes}]', 'x: 1'])
      expect(() => runGoldenTests(baseline, write('bad.yaml', text))).toThrow(/bad\.yaml/);
    expect(() => runGoldenTests(baseline, join(folder, 'nowhere'))).toThrow(
      expect.objectContaining({ code: 'policy_broken' }),
    );
  });
});

describe('C2: explain', () => {
  const changesOf = (request: PolicyRequest) =>
    explain(baseline, request).changes.map(({ attribute, to, outcome }) => `${attribute} = ${to}: ${outcome}`);

  test('the deciding rules with their text, and which single attribute would change the outcome', () => {
    const explained = explain(baseline, actRequest({ tool: { tier: 3 } }));
    expect(explained.decision.outcome).toBe('approve');
    expect(explained.layers[2]).toMatchObject({ layer: 'action', effect: 'forbid' });
    expect(explained.layers[2]?.rules).toEqual([
      expect.objectContaining({
        id: 'action.tier-3-approval',
        effect: 'forbid',
        text: expect.stringContaining('resource.tier == 3'),
      }),
    ]);
    expect(changesOf(actRequest({ tool: { tier: 3 } }))).toEqual(
      expect.arrayContaining([
        'resource.tier = 1: permit',
        'resource.tier = 2: notify',
        'resource.tier = 4: refuse',
        expect.stringMatching(/^context\.approval = .*: permit$/),
      ]),
    );
  });

  test('a missing declaration, a missing role and a freeze are found', () => {
    expect(changesOf(actRequest({ workflow: { tools: [] } }))).toContain(
      'context.workflow.tools = ["file_note"]: permit',
    );
    expect(changesOf(apiRequest('audit.read', ['requester']))).toContain('principal in Role = ["auditor"]: permit');
    const frozen = { ...readRequest().environment, freezes: ['all'] };
    expect(changesOf(readRequest({ environment: frozen }))).toContain('context.environment.frozen = []: permit');
  });

  test('a request that cannot be judged is explained as it is', () => {
    const explained = explain(baseline, { kind: 'act' } as PolicyRequest);
    expect(explained.changes).toEqual([]);
    expect(explained.layers.every(({ effect }) => effect === 'error')).toBe(true);
  });
});

test('C8: the matrix of tools: each cell is a decision of the engine, equal ones stand together, in a stable order', () => {
  const tools = [toolContract('send_mail', { tier: 3, effect: 'external' }), toolContract('delete_all', { tier: 4 })];
  const contract = workflowContract({ scope: { tools: ['send_mail', 'delete_all'], sources: [], prompts: [] } });
  const over = { roles: ['requester', 'admin', 'auditor'], tiers: ['low', 'critical'] } as const;
  const text = matrix(baseline, [{ contract, tools }], over);
  expect(text.split('\n').slice(3)).toEqual([
    '',
    'triage / delete_all 1.0.0: action tier 4, write, reversible',
    '  workflow tier  environment  role           outcome  decided by',
    '  low *          all          requester      refuse   action/people_only',
    '  low *          all          admin auditor  refuse   identity/default_deny action/people_only',
    '  critical       all          requester      refuse   action/risk_needs_two_approvals action/people_only',
    '  critical       all          admin auditor  refuse   identity/default_deny action/risk_needs_two_approvals action/people_only',
    '',
    'triage / send_mail 1.0.0: action tier 3, external, reversible',
    '  workflow tier  environment  role           outcome    decided by',
    '  low *          all          requester      approve:1  action/tier_needs_approval',
    '  low *          all          admin auditor  refuse     identity/default_deny action/tier_needs_approval',
    '  critical       all          requester      approve:2  action/risk_needs_two_approvals action/tier_needs_approval',
    '  critical       all          admin auditor  refuse     identity/default_deny action/risk_needs_two_approvals action/tier_needs_approval',
    '',
  ]);
  const other = { contract: workflowContract({ name: 'another' }), tools: [] };
  expect(matrix(baseline, [other, { contract, tools: tools.toReversed() }], over)).toBe(text);

  const inProduction = engineOf({
    ...baselinePolicies(),
    environment: [
      ...baselinePolicies().environment,
      {
        file: 'x.cedar',
        text: ruleText('x.no', 'forbid', {
          scope: 'principal, action == Action::"act", resource',
          tail: 'when { context.environment.name == Environment::"production" }',
        }),
      },
    ],
  });
  const lines = matrix(inProduction, [{ contract, tools: [tools[0]!] }], { roles: ['requester'], tiers: ['low'] });
  expect(lines).toContain(
    '  low *          development test staging  requester  approve:1  action/tier_needs_approval\n',
  );
  expect(lines).toMatch(/low \* +production +requester +refuse +action\/tier_needs_approval environment\/test_rule/);
});

test('C8: a golden case is completed by the declarations that are in force', () => {
  const tools = [toolContract('send_mail', { tier: 3, effect: 'external' })];
  const contract = workflowContract({ scope: { tools: ['send_mail'], sources: ['inbox'], prompts: [] } });
  const facts = declaredFacts([{ contract, tools }], 'triage');
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-golden-'));
  const file = join(folder, 'declared.yaml');
  writeFileSync(
    file,
    `cases:
  - { name: its only tool, request: {}, outcome: approve }
  - { name: approved, request: { approval: { approvers: [prn_x], groups: [leads] } }, outcome: permit }
  - { name: another tier, request: { tool: { tier: 1 } }, outcome: permit }
  - { name: a tool out of scope, request: { tool: { name: drop, version: '1', tier: 1, effect: read, reversible: true, clearance: { confidentiality: public, categories: [] } } }, outcome: refuse }
  - { name: a run, request: { kind: admit }, outcome: permit }
  - { name: an auditor, request: { kind: admit, principal: { roles: [auditor] } }, outcome: refuse }
  - { name: a source in scope, request: { kind: read, source: { name: inbox, integrity: trusted, confidentiality: public, categories: [] } }, outcome: permit }
  - { name: an operation, request: { kind: api, operation: runs.submit }, outcome: permit }
`,
  );
  const results = runGoldenTests(baseline, file, facts);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(results).toHaveLength(8);
  expect(declaredFacts([], 'triage')({})).toEqual({});
  rmSync(folder, { recursive: true });
});

describe('C7: replay', () => {
  const record = (request: PolicyRequest): RecordedDecision => ({ request, decision: baseline.decide(request) });
  async function* stream(records: Iterable<RecordedDecision>) {
    yield* records;
  }
  const stricter = engineOf({
    ...baselinePolicies(),
    data: [
      ...baselinePolicies().data,
      { file: 'x.cedar', text: ruleText('x.no', 'forbid', { scope: 'principal, action == Action::"act", resource' }) },
    ],
  });

  test('what is the same, what would change, and what cannot be judged with the missing fact', async () => {
    const { influence: _, ...lacking } = actRequest();
    const whole = record(actRequest());
    const replay = await replayDecisions(
      stream([
        whole,
        record(readRequest()),
        record(actRequest({ tool: { tier: 4 } })),
        { ...whole, request: lacking },
        { ...whole, request: actRequest({ args: { redacted: true } }) },
        { ...whole, request: undefined },
        { request: null, decision: null },
      ]),
      stricter,
    );
    expect(replay).toMatchObject({ total: 7, same: 2, changed_total: 1, changes: { 'permit>refuse': 1 } });
    expect(replay.changed).toEqual([
      {
        request_digest: digestOf(actRequest()),
        decision: whole.decision?.id,
        record: null,
        asked: 'act file_note',
        from: 'permit',
        to: 'refuse',
        rules: ['x.no'],
        remedies: [],
      },
    ]);
    expect(replay.cannot_judge.map(({ why, count }) => [why.slice(0, 49), count])).toEqual([
      ['the recorded request lacks a fact: influence: Inv', 1],
      ['the recorded request is not the one that was judg', 1],
      ['its record holds no request', 1],
      ['its record was erased', 1],
    ]);
  });

  test('memory is bounded: the list is cut, the counts are not, and progress is told', async () => {
    const decisions = Array.from({ length: 40 }, (_, index) => record(actRequest({ args: { index } })));
    function* many(): Generator<RecordedDecision> {
      for (let index = 0; index < 12_000; index++) yield decisions[index % decisions.length]!;
    }
    const told: number[] = [];
    const replay = await replayDecisions(stream(many()), stricter, ({ total }) => told.push(total));
    expect(replay).toMatchObject({ total: 12_000, same: 0, changed_total: 12_000 });
    expect(replay.changed).toHaveLength(REPLAY_LISTED_MAX);
    expect(told).toEqual([5000, 10_000, 12_000]);
  });

  test('a candidate that fails where the record did not cannot judge', async () => {
    const fails = engineOf(
      layersWith(
        'data',
        ruleText('x.fails', 'forbid', {
          scope: 'principal, action == Action::"act", resource',
          tail: 'when { resource.tier + 9223372036854775807 > 0 }',
        }),
      ),
    );
    const decision: Decision = baseline.decide(actRequest());
    const replay = await replayDecisions(stream([{ request: actRequest(), decision }]), fails);
    expect(replay.cannot_judge[0]?.why).toMatch(/^the candidate cannot judge it: rule x\.fails/);
  });
});
