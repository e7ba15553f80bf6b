import { decisionSchema, digestOf, LAYERS, type RecordData } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { baselinePolicies } from './sources.ts';
import {
  actRequest,
  admitRequest,
  apiRequest,
  askRequest,
  environmentFacts,
  policyDeciderContract,
  readRequest,
} from './testing/index.ts';
import { engineOf, layerOf, layersOf, layersWith, ruleText } from './testing/policies.ts';

const ACT = 'principal, action == Action::"act", resource';
const approve = (id: string, groups: string, quorum: number) =>
  ruleText(id, 'forbid', {
    scope: ACT,
    head: `@remedy("approval:${groups}:${quorum}")`,
    tail: `unless { context.approval.count >= ${quorum} && context.approval.groups.containsAny(["security", "finance", "leads"]) }`,
  });
const approved = (approvers: string[], groups: string[]) => actRequest({ approval: { approvers, groups } });

policyDeciderContract('Cedar engine, open', () => engineOf(layersOf()));
policyDeciderContract('Cedar engine, baseline', () => engineOf(baselinePolicies()));

describe('C1: four layers, each default-deny, all needed', () => {
  test.each(LAYERS)('a layer %s that permits something else denies, however open the others are', (layer) => {
    const other = ruleText(`${layer}.other`, 'permit', {
      scope: 'principal, action == Action::"session.end", resource',
    });
    const engine = engineOf(layersOf({ [layer]: other }));
    const decision = engine.decide(actRequest());
    expect(decision.outcome).toBe('refuse');
    expect(decision.layers.map(({ effect }) => effect)).toEqual(
      LAYERS.map((name) => (name === layer ? 'default-deny' : 'permit')),
    );
    expect(decision.reasons).toEqual([expect.objectContaining({ layer, rule: 'default-deny', code: 'default_deny' })]);
  });

  test.each(LAYERS)('a forbid in the layer %s is not undone by permits of the others', (layer) => {
    const decision = engineOf(layersWith(layer, ruleText('x.no', 'forbid'))).decide(actRequest());
    expect(decision.outcome).toBe('refuse');
    expect(layerOf(decision, layer)).toEqual({ layer, effect: 'forbid', rules: ['x.no'], errors: [] });
  });

  test.each(LAYERS)('a layer %s of forbids alone denies', (layer) => {
    const never = ruleText('x.no', 'forbid', { tail: 'when { context.environment.incident }' });
    expect(layerOf(engineOf(layersOf({ [layer]: never })).decide(actRequest()), layer).effect).toBe('default-deny');
  });
});

describe('C4: fail closed', () => {
  // The sum overflows, which Cedar reports as an error of the rule and then skips the rule.
  const overflow = 'when { context.approval.count + 9223372036854775807 > 0 }';
  const one = { approvers: ['prn_bob'], groups: ['leads'] };

  test.each(LAYERS)('a forbid of the layer %s that fails while it is evaluated refuses', (layer) => {
    const engine = engineOf(layersWith(layer, ruleText('x.fails', 'forbid', { scope: ACT, tail: overflow })));
    const decision = engine.decide(actRequest({ approval: one }));
    expect(decision.outcome).toBe('refuse');
    expect(layerOf(decision, layer).effect).toBe('error');
    expect(layerOf(decision, layer).errors[0]).toMatch(/^rule x\.fails: .*overflow/);
    expect(decision.reasons[0]).toMatchObject({ layer, rule: 'error', code: 'policy_error' });
    expect(decision.next).toContain('fault');
  });

  test('a permit that fails refuses too, even where another permits', () => {
    const engine = engineOf(layersWith('data', ruleText('x.fails', 'permit', { scope: ACT, tail: overflow })));
    expect(layerOf(engine.decide(actRequest({ approval: one })), 'data').effect).toBe('error');
  });

  test('an error in one layer is not healed by a remedy in another', () => {
    const layers = {
      ...layersWith('data', ruleText('x.fails', 'forbid', { scope: ACT, tail: overflow })),
      action: layersWith('action', approve('x.ask', 'leads', 2)).action,
    };
    expect(engineOf(layers).decide(actRequest({ approval: one }))).toMatchObject({ outcome: 'refuse', remedies: [] });
  });

  test('what a bad request says comes back without control characters', () => {
    const decision = engineOf(layersOf()).decide({ ...actRequest(), '\u001b[2J\u202Eevil': 1 } as never);
    expect(decision.reasons[0]?.text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('floats and anything else in the arguments do not reach Cedar', () => {
    const args = { amount: 0.1, list: [null, 1e-300], nested: { x: 'y' } };
    expect(engineOf(baselinePolicies()).decide(actRequest({ args })).outcome).toBe('permit');
  });
});

describe('C2: outcomes, reasons and the next step', () => {
  test('every decision has the form of the contract, a digest of its request and the version', () => {
    const engine = engineOf(baselinePolicies());
    const requests = [actRequest(), actRequest({ tool: { tier: 3 } }), admitRequest(), readRequest(), askRequest()];
    for (const request of [...requests, apiRequest('runs.read', ['auditor']), apiRequest('no.such')]) {
      const decision = engine.decide(request);
      expect(decisionSchema.parse(decision)).toEqual(decision);
      expect(decision).toMatchObject({ policy_version: engine.version, request_digest: digestOf(request) });
      expect(decision.next).not.toBe('');
      expect(decision.reasons.length).toBeGreaterThan(0);
      const record: RecordData<'run.refused'> = { decision, request };
      expect(JSON.parse(JSON.stringify(record))).toEqual(record);
    }
  });

  test('the same request is judged the same each time, but for the id', () => {
    const engine = engineOf(baselinePolicies());
    const { id: first, ...a } = engine.decide(actRequest({ tool: { tier: 3 } }));
    const { id: second, ...b } = engine.decide(actRequest({ tool: { tier: 3 } }));
    expect(a).toEqual(b);
    expect(first).not.toBe(second);
  });

  test('remedies of several layers are asked for together, each of its own groups', () => {
    const layers = {
      ...layersWith('data', approve('x.data', 'finance', 1)),
      action: layersWith('action', approve('x.action', '$workflow,security', 2)).action,
    };
    const engine = engineOf(layers);
    const decision = engine.decide(actRequest());
    expect(decision.outcome).toBe('approve');
    expect(decision.remedies).toEqual([
      { kind: 'approval', groups: ['finance'], quorum: 1 },
      { kind: 'approval', groups: ['leads', 'security'], quorum: 2 },
    ]);
    expect(decision.reasons.map(({ rule, remedy }) => [rule, remedy?.kind])).toEqual([
      ['x.data', 'approval'],
      ['x.action', 'approval'],
    ]);
    expect(decision.next).toBe(
      'One person from "finance" must approve it; whoever asked may not. 2 different people from "leads", "security" must approve it; whoever asked may not.',
    );
    expect(engine.decide(approved(['prn_bob'], ['finance'])).outcome).toBe('approve');
    expect(engine.decide(approved(['prn_bob', 'prn_eve'], ['finance'])).outcome).toBe('permit');
  });

  test('a rule that means one group is not lifted by an approval of another', () => {
    const rule = ruleText('x.finance', 'forbid', {
      scope: ACT,
      head: '@remedy("approval:finance:1")',
      tail: 'unless { context.approval.groups.contains("finance") }',
    });
    const engine = engineOf(layersWith('action', rule + approve('x.leads', '$workflow', 1)));
    expect(engine.decide(approved(['prn_bob'], ['leads'])).outcome).toBe('approve');
    expect(engine.decide(approved(['prn_bob'], ['finance'])).outcome).toBe('permit');
  });

  test('one forbid without a remedy beside those with one refuses', () => {
    const engine = engineOf(layersWith('action', approve('x.ask', '$workflow', 1) + ruleText('x.no', 'forbid')));
    expect(engine.decide(actRequest())).toMatchObject({ outcome: 'refuse', remedies: [] });
  });

  test('nobody is asked to approve what no rule permits', () => {
    const layers = layersOf({ action: approve('x.ask', '$workflow', 1) });
    const decision = engineOf(layers).decide(actRequest());
    expect(decision).toMatchObject({ outcome: 'refuse', remedies: [] });
    expect(layerOf(decision, 'action')).toMatchObject({ effect: 'default-deny', rules: ['x.ask'] });
    expect(decision.reasons.map(({ rule }) => rule)).toEqual(['x.ask', 'default-deny']);
  });

  test('a remedy in one layer does not help a default-deny in another', () => {
    const layers = {
      ...layersWith('action', approve('x.ask', '$workflow', 1)),
      data: layersOf({ data: ruleText('d.api', 'permit', { scope: 'principal, action in Action::"api", resource' }) })
        .data,
    };
    expect(engineOf(layers).decide(actRequest())).toMatchObject({ outcome: 'refuse', remedies: [] });
  });

  test('narrowing comes before an approval', () => {
    const narrow = ruleText('x.narrow', 'forbid', { scope: ACT, head: '@remedy("narrow:read-only") @next("Fewer.")' });
    const decision = engineOf(layersWith('data', narrow + approve('x.ask', '$workflow', 1))).decide(actRequest());
    expect(decision.outcome).toBe('narrow');
    expect(decision.remedies.map(({ kind }) => kind)).toEqual(['narrow', 'approval']);
    expect(decision.next).toBe(
      'Fewer. Ask again, narrowed to the profile "read-only". One person from "leads" must approve it; whoever asked may not.',
    );
  });

  test('notify tells the groups of every deciding permit', () => {
    const tells = ruleText('x.tell', 'permit', { scope: ACT, head: '@notify("$workflow,soc")' });
    const layers = {
      ...layersWith('action', tells),
      environment: layersWith('environment', ruleText('x.duty', 'permit', { head: '@notify("duty")' })).environment,
    };
    const decision = engineOf(layers).decide(actRequest());
    expect(decision).toMatchObject({ outcome: 'notify', notify: ['duty', 'leads', 'soc'], remedies: [] });
  });

  test('@next of the deciding rule is what the caller is told', () => {
    const rule = ruleText('x.no', 'forbid', { head: '@next("Call the bank.") @owner("payments")' });
    expect(engineOf(layersWith('data', rule)).decide(actRequest()).next).toBe('Call the bank.');
    expect(engineOf(layersWith('data', ruleText('x.no', 'forbid'))).decide(actRequest()).next).toContain(
      'hand the work',
    );
  });

  test('the roles that would help are named', () => {
    const engine = engineOf(baselinePolicies());
    expect(engine.decide(apiRequest('queue.finish', ['auditor'])).next).toContain('role operator or admin');
    expect(engine.decide(apiRequest('no.such', ['auditor'])).next).toContain('No role may do this');
  });

  test('hostile names stay in quotes', () => {
    const source = { ...readRequest().source, name: `"; drop\u001b[31m ${'x'.repeat(500)}` };
    const { text } = engineOf(baselinePolicies()).decide(readRequest({ source })).reasons[0]!;
    expect(text).toContain('The source "\\"; drop?[31m xxx');
    expect(text.length).toBeLessThan(300);
  });
});

test('an unfrozen environment of every name permits', () => {
  for (const name of ['development', 'test', 'staging', 'production'] as const)
    expect(engineOf(baselinePolicies()).decide(actRequest({ environment: environmentFacts({ name }) })).outcome).toBe(
      'permit',
    );
});
