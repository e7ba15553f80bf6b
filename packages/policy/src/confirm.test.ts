import type { ApprovalFacts } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { mergeRemedies, parseRemedy } from './remedy.ts';
import { actRequest } from './testing/index.ts';
import { engineOf, layersWith, ruleText } from './testing/policies.ts';

const rule = (id: string, remedy: string, tail: string) =>
  ruleText(id, 'forbid', {
    scope: 'principal, action == Action::"act", resource',
    head: `@remedy("${remedy}")`,
    tail: `when { ${tail} }`,
  });
const confirm = rule('x.confirm', 'confirm', '!context.approval.confirmed');
const approve = rule('x.approve', 'approval:$workflow:1', 'context.approval.count < 1');
const alone = engineOf(layersWith('action', confirm));
const both = engineOf(layersWith('action', `${confirm}\n${approve}`));
const facts = (over: Partial<ApprovalFacts>): ApprovalFacts => ({ approvers: [], groups: [], ...over });

describe('F4: policy asks the person for whom the agent acts', () => {
  test('alone: nothing but that confirmation lifts it', () => {
    const asked = alone.decide(actRequest({ approval: null }));
    expect(asked).toMatchObject({ outcome: 'approve', remedies: [{ kind: 'confirm' }] });
    expect(asked.next).toContain('no agent can');
    const others = facts({ approvers: ['prn_bob', 'prn_eve'], groups: ['leads'] });
    expect(alone.decide(actRequest({ approval: others })).outcome).toBe('approve');
    expect(alone.decide(actRequest({ approval: facts({ confirmed: true }) })).outcome).toBe('permit');
  });

  test('with others: neither stands for the other', () => {
    expect(both.decide(actRequest({ approval: null })).remedies).toEqual([
      { kind: 'approval', groups: ['leads'], quorum: 1 },
      { kind: 'confirm' },
    ]);
    const one = facts({ approvers: ['prn_bob'], groups: ['leads'] });
    expect(both.decide(actRequest({ approval: one })).remedies).toEqual([{ kind: 'confirm' }]);
    expect(both.decide(actRequest({ approval: facts({ confirmed: true }) })).remedies).toMatchObject([
      { kind: 'approval' },
    ]);
    expect(both.decide(actRequest({ approval: { ...one, confirmed: true } })).outcome).toBe('permit');
  });

  test.each(['service', 'agent'] as const)('a %s that acts for nobody has nobody who could: refused', (kind) => {
    const { principal } = actRequest();
    expect(alone.decide(actRequest({ principal: { ...principal, kind }, approval: null })).outcome).toBe('refuse');
  });

  test('a rule that no confirmation lifts is a fault, and so is the remedy where nothing is done', () => {
    expect(() => engineOf(layersWith('action', rule('x.c', 'confirm', 'context.approval.count < 1')))).toThrow(
      /context.approval.confirmed/,
    );
    expect(parseRemedy('confirm')).toEqual({ kind: 'confirm' });
    expect([parseRemedy('confirm:1'), parseRemedy('confirm '), parseRemedy('Confirm')]).toEqual([null, null, null]);
    expect(mergeRemedies([{ kind: 'confirm' }, { kind: 'confirm' }])).toEqual([{ kind: 'confirm' }]);
  });
});
