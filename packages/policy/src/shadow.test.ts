import { decisionSchema, digestOf, fixedClock } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { Unsupported } from './compile/index.ts';
import { buildEngine, createPolicyEngine } from './engine.ts';
import { actRequest } from './testing/index.ts';
import { layersOf, layersWith, ruleText } from './testing/policies.ts';

const clock = fixedClock('2026-11-20T10:00:00Z');
const ACT = 'principal, action == Action::"act", resource';
const shadow = (id: string, effect: 'permit' | 'forbid', over: Parameters<typeof ruleText>[2] = {}) =>
  ruleText(id, effect, { scope: ACT, ...over, head: `@mode("shadow") ${over.head ?? ''}` });

describe.each(['compiled', 'official'] as const)('C7: shadow mode on the %s path', (path) => {
  const engineOf = (layers: Parameters<typeof createPolicyEngine>[0]['layers']) => {
    const unable = () => {
      throw new Unsupported('in this test');
    };
    const engine = buildEngine({ layers, clock }, path === 'official' ? { compile: unable } : {});
    expect(engine.path().path).toBe(path);
    return engine;
  };

  test('a forbid in shadow mode decides nothing and says what it would do', () => {
    const decision = engineOf(layersWith('data', shadow('x.no', 'forbid'))).decide(actRequest());
    expect(decision.outcome).toBe('permit');
    expect(decision.layers[1]?.rules).toEqual(['data.permit-all']);
    expect(decision.shadow).toEqual([{ rule: 'x.no', layer: 'data', would: 'refuse' }]);
    expect(decisionSchema.parse(decision)).toEqual(decision);
  });

  test('with a remedy it would ask; where it does not apply or changes nothing, it says nothing', () => {
    const asks = shadow('x.ask', 'forbid', {
      head: '@remedy("approval:$workflow:1")',
      tail: 'when { resource.tier > 1 && context.approval.count < 1 }',
    });
    const engine = engineOf(layersWith('action', asks));
    expect(engine.decide(actRequest({ tool: { tier: 2 } })).shadow).toEqual([
      { rule: 'x.ask', layer: 'action', would: 'approve' },
    ]);
    expect(engine.decide(actRequest({ tool: { tier: 1 } }))).not.toHaveProperty('shadow');
    const refused = engineOf({
      ...layersWith('action', asks),
      data: layersWith('data', ruleText('x.no', 'forbid')).data,
    });
    expect(refused.decide(actRequest({ tool: { tier: 2 } }))).not.toHaveProperty('shadow');
  });

  test('a permit in shadow mode opens nothing and says what it would open', () => {
    const other = ruleText('d.api', 'permit', { scope: 'principal, action in Action::"api", resource' });
    const decision = engineOf(
      layersOf({ data: other + shadow('x.open', 'permit', { head: '@notify("soc")' }) }),
    ).decide(actRequest());
    expect(decision.outcome).toBe('refuse');
    expect(decision.layers[1]?.effect).toBe('default-deny');
    expect(decision.shadow).toEqual([{ rule: 'x.open', layer: 'data', would: 'notify' }]);
  });

  test('a rule in shadow mode that fails would refuse, and refuses nothing', () => {
    const fails = shadow('x.fails', 'forbid', { tail: 'when { context.approval.count + 9223372036854775807 > 0 }' });
    const approval = { approvers: ['prn_bob'], groups: ['leads'] };
    const decision = engineOf(layersWith('data', fails)).decide(actRequest({ approval }));
    expect(decision.outcome).toBe('permit');
    expect(decision.shadow).toEqual([{ rule: 'x.fails', layer: 'data', would: 'refuse' }]);
  });
});

test('C4: a layer of rules in shadow mode alone is a layer without rules', () => {
  expect(() => createPolicyEngine({ layers: layersOf({ data: shadow('x.open', 'permit') }), clock })).toThrow(
    expect.objectContaining({ code: 'no_policy' }),
  );
});

test('another mode is a fault', () => {
  expect(() =>
    createPolicyEngine({ layers: layersWith('data', ruleText('x.no', 'forbid', { head: '@mode("off")' })), clock }),
  ).toThrow(/@mode is/);
});

test('without shadows a decision has the digest that it had', () => {
  const { id: _, ...decision } = createPolicyEngine({ layers: layersOf(), clock }).decide(actRequest());
  const { shadow: absent, ...before } = decision as typeof decision & { shadow?: unknown };
  expect(absent).toBeUndefined();
  expect(digestOf(decisionSchema.omit({ id: true }).parse(decision))).toBe(digestOf(before));
});
