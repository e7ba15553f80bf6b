import { type ActionTier, BOTTOM, CATEGORIES, type Label, RISK_TIERS, type RiskTier, ROLES } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { baselinePolicies } from './sources.ts';
import { actRequest, admitRequest, askRequest, environmentFacts, person, readRequest } from './testing/index.ts';
import { engineOf } from './testing/policies.ts';
import type { RequestOf } from './testing/requests.ts';

const engine = engineOf(baselinePolicies());

/**
 * Workflow tier, tool tier, then one cell for each effect; `!` is irreversible.
 * permit: goes on. notify: goes on, approvers are told. refuse: people only.
 * 1>permit: one approval is asked, then it goes on. 2>notify: two approvals, then it goes on and they are told.
 */
const TABLE = `
workflow  tool  read      read!     write     write!    external  external!
low       1     permit    permit    permit    1>permit  permit    1>permit
low       2     notify    notify    notify    1>notify  notify    1>notify
low       3     1>permit  1>permit  1>permit  1>permit  1>permit  1>permit
low       4     refuse    refuse    refuse    refuse    refuse    refuse
medium    1     permit    permit    notify    1>notify  notify    1>notify
medium    2     notify    notify    notify    1>notify  notify    1>notify
medium    3     1>permit  1>permit  1>notify  1>notify  1>notify  1>notify
medium    4     refuse    refuse    refuse    refuse    refuse    refuse
high      1     permit    permit    1>notify  1>notify  1>notify  1>notify
high      2     notify    notify    1>notify  1>notify  1>notify  1>notify
high      3     1>permit  1>permit  1>notify  1>notify  1>notify  1>notify
high      4     refuse    refuse    refuse    refuse    refuse    refuse
critical  1     permit    permit    2>notify  2>notify  2>notify  2>notify
critical  2     notify    notify    2>notify  2>notify  2>notify  2>notify
critical  3     2>permit  2>permit  2>notify  2>notify  2>notify  2>notify
critical  4     refuse    refuse    refuse    refuse    refuse    refuse
`;

const [head, ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.split(/\s+/));
const cells = rows.flatMap(([workflow, tool, ...expected]) =>
  expected.map((cell, column) => ({
    workflow: workflow as RiskTier,
    tool: Number(tool),
    kind: head![column + 2]!,
    cell,
  })),
);

test('the table is complete: every workflow tier with every tool tier', () => {
  expect(rows.map(([workflow, tool]) => `${workflow} ${tool}`)).toEqual(
    RISK_TIERS.flatMap((tier) => [1, 2, 3, 4].map((tool) => `${tier} ${tool}`)),
  );
});

test.each(cells)('A1, C3: workflow $workflow, tool tier $tool, $kind: $cell', ({ workflow, tool, kind, cell }) => {
  const decide = (count: number) =>
    engine.decide(
      actRequest({
        workflow: { tier: workflow },
        tool: {
          tier: tool as ActionTier,
          effect: kind.replace('!', '') as 'read' | 'write' | 'external',
          reversible: !kind.endsWith('!'),
        },
        approval: count === 0 ? null : { approvers: ['prn_bob', 'prn_eve'].slice(0, count), groups: ['leads'] },
      }),
    );
  const [needed, after] = cell.includes('>') ? cell.split('>') : ['0', cell];
  for (const count of [0, 1, 2]) {
    const decision = decide(count);
    const waits = count < Number(needed);
    expect(decision.outcome, `${count} approvals`).toBe(waits ? 'approve' : after);
    if (waits) expect(decision.remedies).toEqual([{ kind: 'approval', groups: ['leads'], quorum: Number(needed) }]);
    if (decision.outcome === 'notify') expect(decision.notify).toEqual(['leads']);
    if (decision.outcome === 'refuse') expect(decision.reasons.map((reason) => reason.code)).toContain('people_only');
  }
});

test('C3: tier 4 says that a person does it, and nothing lifts it', () => {
  const decision = engine.decide(
    actRequest({ tool: { tier: 4 }, approval: { approvers: ['prn_bob', 'prn_eve', 'prn_max'], groups: ['leads'] } }),
  );
  expect(decision).toMatchObject({ outcome: 'refuse', remedies: [] });
  expect(decision.next).toContain('Hand it to a person');
});

test('A3: an undeclared tool is refused and the missing declaration named', () => {
  const decision = engine.decide(actRequest({ workflow: { tools: ['other_tool'] } }));
  expect(decision).toMatchObject({ outcome: 'refuse', remedies: [] });
  expect(decision.reasons).toEqual([
    {
      layer: 'action',
      rule: 'action.tool-undeclared',
      code: 'out_of_scope',
      text: 'A workflow uses only the tools that it declares. The tool "file_note" is missing from scope.tools of the workflow "triage".',
    },
  ]);
  expect(decision.next).toBe(
    'Declare the tool "file_note" in scope.tools of the workflow "triage" and release it anew, or use a declared one.',
  );
});

test('A3: an undeclared source is refused and the missing declaration named', () => {
  const source = { ...readRequest().source, name: 'payroll' };
  const decision = engine.decide(readRequest({ source }));
  expect(decision.outcome).toBe('refuse');
  expect(decision.reasons[0]).toMatchObject({ layer: 'data', code: 'out_of_scope' });
  expect(decision.reasons[0]?.text).toContain('The source "payroll" is missing from scope.sources');
  expect(decision.next).toContain('Declare the source "payroll" in scope.sources of the workflow "triage"');
});

test('A3: an undeclared tool cannot be approved into scope', () => {
  const decision = engine.decide(actRequest({ workflow: { tools: [], tier: 'high' }, tool: { tier: 3 } }));
  expect(decision).toMatchObject({ outcome: 'refuse', remedies: [] });
});

const secret: Label = { ...BOTTOM, confidentiality: 'confidential', categories: ['customer'] };
test.each([
  { has: { confidentiality: 'internal' as const, categories: [] }, outcome: 'refuse' },
  { has: { confidentiality: 'restricted' as const, categories: [] }, outcome: 'refuse', asked: 'narrow' },
  { has: { confidentiality: 'internal' as const, categories: ['customer' as const] }, outcome: 'refuse' },
  {
    ...{ has: { confidentiality: 'confidential' as const, categories: ['health' as const] }, outcome: 'refuse' },
    asked: 'narrow',
  },
  { has: { confidentiality: 'confidential' as const, categories: ['customer' as const] }, outcome: 'permit' },
  { has: { confidentiality: 'restricted' as const, categories: ['customer' as const] }, outcome: 'permit' },
])('A2: confidential customer data to a clearance of $has: $outcome', ({ has, outcome, asked = outcome }) => {
  const influence = { ...secret, categories: [...secret.categories], origins: [] };
  const act = engine.decide(actRequest({ influence, tool: { clearance: has } }));
  const ask = engine.decide(askRequest({ influence, endpoint: { ...askRequest().endpoint, clearance: has } }));
  expect([act.outcome, ask.outcome]).toEqual([outcome, asked]);
  if (outcome === 'refuse') expect(act.reasons[0]?.code).toBe('not_cleared');
  if (asked === 'narrow') {
    expect(ask.reasons.map(({ code }) => code)).toEqual(['needs_deidentification']);
    expect(ask.remedies).toEqual([{ kind: 'deidentify' }]);
  }
  if (asked === 'refuse') expect(ask.reasons.map(({ code }) => code)).toContain('not_cleared');
});

describe('D10: what an endpoint is not cleared for', () => {
  const to = (categories: Label['categories'], over: Partial<RequestOf<'ask'>> = {}) =>
    engine.decide(askRequest({ influence: { ...BOTTOM, categories: [...categories], origins: [] }, ...over }));

  test.each([
    { categories: ['personal'], outcome: 'narrow' },
    { categories: ['customer'], outcome: 'narrow' },
    { categories: ['customer', 'personal'], outcome: 'narrow' },
    { categories: ['health'], outcome: 'refuse' },
    { categories: ['payment'], outcome: 'refuse' },
    { categories: ['credential'], outcome: 'refuse' },
    { categories: ['personal', 'health'], outcome: 'refuse' },
  ] as const)('$categories: $outcome', ({ categories, outcome }) => {
    expect(to(categories).outcome).toBe(outcome);
  });

  test('de-identified data is decided by its new label, and what is still personal then is refused', () => {
    expect(to([], { deidentified: true }).outcome).toBe('permit');
    for (const category of CATEGORIES) expect(to([category], { deidentified: true }).outcome).toBe('refuse');
  });

  test('a level is not lowered by it', () => {
    const influence = { ...BOTTOM, confidentiality: 'confidential' as const, categories: [], origins: [] };
    for (const deidentified of [false, true])
      expect(engine.decide(askRequest({ influence, deidentified })).outcome).toBe('refuse');
  });
});

test('D4: what looks like orders leaves for outside only with a person, and a low score opens nothing', () => {
  const external = (injection: number, influence: Label = BOTTOM) =>
    engine.decide(
      actRequest({
        injection,
        influence: { ...influence, categories: [...influence.categories], origins: [] },
        tool: { effect: 'external' },
      }),
    );
  expect(external(799).outcome).toBe('permit');
  expect(external(800)).toMatchObject({ outcome: 'approve', reasons: [{ code: 'injection_noticed' }] });
  expect(external(800).reasons[0]?.text).toContain('no guarantee rests on it');
  expect(external(0, { ...BOTTOM, integrity: 'untrusted' }).outcome).toBe('approve');
  expect(engine.decide(actRequest({ injection: 1000, tool: { effect: 'write' } })).outcome).toBe('permit');
});

const untrusted = { ...BOTTOM, integrity: 'untrusted' as const, categories: [], origins: ['case_log'] };
test.each([
  { effect: 'external', sinks: [], outcome: 'approve', code: 'untrusted_influence' },
  { effect: 'write', sinks: [], outcome: 'permit', code: 'cleared' },
  { effect: 'read', sinks: [], outcome: 'permit', code: 'cleared' },
  { effect: 'write', sinks: ['recipient'], outcome: 'approve', code: 'untrusted_sink' },
  { effect: 'write', sinks: ['target'], outcome: 'approve', code: 'untrusted_sink' },
  { effect: 'write', sinks: ['amount'], outcome: 'approve', code: 'untrusted_sink' },
  { effect: 'write', sinks: ['payload'], outcome: 'permit', code: 'cleared' },
  { effect: 'read', sinks: ['recipient'], outcome: 'permit', code: 'cleared' },
] as const)('untrusted text, effect $effect, untrusted sinks $sinks: $outcome', ({ effect, sinks, outcome, code }) => {
  const request = actRequest({ influence: untrusted, tool: { effect }, untrusted_sinks: [...sinks] });
  const decision = engine.decide(request);
  expect(decision.outcome).toBe(outcome);
  expect(decision.reasons.filter((reason) => reason.layer === 'data').map((reason) => reason.code)).toContain(code);
  const approved = engine.decide({ ...request, approval: { approvers: ['prn_bob'], groups: ['leads'] } });
  expect(approved.outcome).toBe('permit');
});

type Flow = NonNullable<Parameters<typeof actRequest>[0]>['flow'];
const flow = (over: Partial<NonNullable<Flow>>): NonNullable<Flow> => ({
  author: 'model',
  foreseen: true,
  tainted: true,
  destructive: false,
  egress: false,
  amount: false,
  chosen_sinks: [],
  holder: 'recipient',
  payload: 'passage',
  capacity_bits: 0,
  unreviewed: false,
  ...over,
});

describe('D5 D6: what a model wishes that has read untrusted text', () => {
  test.each<[string, Partial<NonNullable<Flow>>, string | null]>([
    ['prose to whom the request names', {}, null],
    ['short words to whom the request names', { payload: 'words' }, null],
    ['a link to whom the request names', { payload: 'steering' }, 'steered_payload'],
    ['prose to somebody else', { holder: 'other' }, 'steered_payload'],
    ['prose into an object that the request names', { holder: 'object' }, null],
    ['a date into it', { holder: 'object', payload: 'bounded' }, 'steered_payload'],
    ['words that only the requester sees', { holder: 'private', payload: 'words' }, null],
    ['nothing but trusted values', { holder: 'other', payload: 'trusted' }, null],
    ['what was not declared', { foreseen: false }, 'not_foreseen'],
    ['what destroys', { destructive: true }, 'destructive'],
    ['an object that somebody chose', { chosen_sinks: ['target'], payload: 'none' }, 'chosen_sink'],
    ['a recipient that somebody chose', { chosen_sinks: ['recipient'], payload: 'trusted' }, null],
    [
      'money to a recipient that somebody chose',
      { chosen_sinks: ['recipient'], payload: 'trusted', amount: true },
      'chosen_sink',
    ],
    ['a little that was read in quarantine', { tainted: false, capacity_bits: 16 }, null],
    ['much that was read in quarantine', { tainted: false, capacity_bits: 17 }, 'quarantine_capacity'],
  ])('D5 D6: %s', (_, over, code) => {
    for (const effect of ['write', 'external'] as const) {
      const request = actRequest({ influence: untrusted, tool: { effect }, flow: flow(over) });
      const decision = engine.decide(request);
      expect([effect, decision.outcome]).toEqual([effect, code === null ? 'permit' : 'approve']);
      if (code !== null) expect(decision.reasons.map((reason) => reason.code)).toContain(code);
      const people = { approvers: ['prn_bob'], groups: ['leads'] };
      expect(engine.decide({ ...request, approval: people }).outcome).toBe('permit');
    }
  });

  test.each([
    [16, 'permit'],
    [17, 'approve'],
  ])('D5 D6: a workflow’s run whose action may rest on %i bits of quarantine: %s', (capacity_bits, outcome) => {
    const request = actRequest({
      influence: untrusted,
      tool: { effect: 'write' },
      flow: flow({ author: 'code', capacity_bits }),
    });
    const decision = engine.decide(request);
    expect(decision.outcome).toBe(outcome);
    if (outcome === 'approve') expect(decision.reasons.map((reason) => reason.code)).toEqual(['quarantine_capacity']);
    expect(engine.decide({ ...request, approval: { approvers: ['prn_bob'], groups: ['leads'] } }).outcome).toBe(
      'permit',
    );
    expect(engine.decide({ ...request, tool: { ...request.tool, effect: 'read' } }).outcome).toBe('permit');
  });

  test('D5: a read that sends data out is judged as an effect, another is not', () => {
    const ask = (egress: boolean) =>
      engine.decide(
        actRequest({
          influence: untrusted,
          tool: { effect: 'read' },
          untrusted_sinks: ['recipient'],
          flow: flow({ egress }),
        }),
      ).outcome;
    expect([ask(true), ask(false)]).toEqual(['approve', 'permit']);
  });
});

const WORK = { act: actRequest(), admit: admitRequest(), read: readRequest(), ask: askRequest() };
test.each([
  { freeze: 'all', stops: ['act', 'admit', 'read', 'ask'] },
  { freeze: 'workflow:triage', stops: ['act', 'admit', 'read', 'ask'] },
  { freeze: 'principal:prn_ada', stops: ['act', 'admit', 'read', 'ask'] },
  { freeze: 'tool:file_note', stops: ['act'] },
  { freeze: 'tool:another', stops: [] },
  { freeze: 'workflow:another', stops: [] },
  { freeze: 'principal:prn_eve', stops: [] },
  { freeze: 'everything please', stops: ['act', 'admit', 'read', 'ask'] },
  { freeze: 'tool:', stops: ['act', 'admit', 'read', 'ask'] },
])('C5: the freeze $freeze stops $stops', ({ freeze, stops }) => {
  for (const [kind, request] of Object.entries(WORK)) {
    const decision = engine.decide({ ...request, environment: environmentFacts({ freezes: [freeze] }) });
    expect(decision.outcome, kind).toBe(stops.includes(kind) ? 'refuse' : 'permit');
    if (stops.includes(kind)) expect(decision.reasons.map((reason) => reason.code)).toEqual(['frozen']);
  }
});

test('C5: a freeze stops an action that has its approvals', () => {
  const request = actRequest({ tool: { tier: 3 }, approval: { approvers: ['prn_bob'], groups: ['leads'] } });
  expect(engine.decide(request).outcome).toBe('permit');
  const frozen = engine.decide({ ...request, environment: environmentFacts({ freezes: ['tool:file_note'] }) });
  expect(frozen).toMatchObject({ outcome: 'refuse', remedies: [] });
});

test('C5: freezing an agent stops what it does for anybody', () => {
  const principal = person(['requester'], { act: [{ id: 'agent:triage', kind: 'agent' }] });
  const environment = environmentFacts({ freezes: ['principal:agent:triage'] });
  expect(engine.decide(actRequest({ principal, environment })).outcome).toBe('refuse');
  expect(engine.decide(actRequest({ environment })).outcome).toBe('permit');
});

test('C5: a frozen identity may look and sign out, and change nothing; nobody is locked out by the freeze of all', () => {
  const ask = (operation: string, freezes: string[]) =>
    engine.decide({
      kind: 'api',
      principal: person(['admin', 'requester']),
      operation,
      environment: environmentFacts({ freezes }),
    }).outcome;
  expect(ask('runs.read', ['principal:prn_ada'])).toBe('permit');
  expect(ask('session.end', ['principal:prn_ada'])).toBe('permit');
  expect(ask('runs.submit', ['principal:prn_ada'])).toBe('refuse');
  expect(ask('tokens.create', ['principal:prn_ada'])).toBe('refuse');
  expect(ask('tokens.create', ['all'])).toBe('permit');
});

test('C5: in an incident an external effect needs a person; the rest goes on', () => {
  const environment = environmentFacts({ incident: true });
  const external = actRequest({ tool: { effect: 'external' }, environment });
  expect(engine.decide(external).outcome).toBe('approve');
  expect(engine.decide({ ...external, approval: { approvers: ['prn_bob'], groups: ['leads'] } }).outcome).toBe(
    'permit',
  );
  expect(engine.decide(actRequest({ environment })).outcome).toBe('permit');
});

test('only a requester starts runs, reads, asks and acts', () => {
  for (const [kind, request] of Object.entries(WORK))
    for (const role of ROLES) {
      const decision = engine.decide({ ...request, principal: person([role]) });
      expect(decision.outcome, `${role} ${kind}`).toBe(role === 'requester' ? 'permit' : 'refuse');
      if (role !== 'requester') expect(decision.next).toContain('Needs the role requester');
    }
});

test('F4: who asked, or acts for who asked, never counts as an approver; the same person counts once', () => {
  const principal = person(['requester'], { act: [{ id: 'agent:triage', kind: 'agent' }] });
  const outcome = (approvers: string[], tier: RiskTier) =>
    engine.decide(actRequest({ principal, workflow: { tier }, approval: { approvers, groups: ['leads'] } })).outcome;
  expect(outcome(['prn_ada'], 'high')).toBe('approve');
  expect(outcome(['agent:triage'], 'high')).toBe('approve');
  expect(outcome(['prn_bob'], 'high')).toBe('notify');
  expect(outcome(['prn_bob', 'prn_bob'], 'critical')).toBe('approve');
  expect(outcome(['prn_bob', 'prn_ada'], 'critical')).toBe('approve');
  expect(outcome(['prn_bob', 'prn_eve'], 'critical')).toBe('notify');
});

test('a workflow without approvers cannot be helped by an approval: refused, and said', () => {
  const decision = engine.decide(actRequest({ workflow: { approvers: [] }, tool: { tier: 3 } }));
  expect(decision).toMatchObject({ outcome: 'refuse', remedies: [] });
  const told = engine.decide(actRequest({ workflow: { approvers: [] }, tool: { tier: 2 } }));
  expect(told.outcome).toBe('refuse');
  expect(told.reasons[0]?.text).toContain('nobody to notify');
});
