import type { ApprovalFacts } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { mergeRemedies } from './remedy.ts';
import { actRequest } from './testing/index.ts';
import { engineOf, layersWith, ruleText } from './testing/policies.ts';

const rule = (asked: string, tail: string) =>
  ruleText('x.signed', 'forbid', {
    scope: 'principal, action == Action::"act", resource',
    head: `@remedy("approval:$workflow:${asked}")`,
    tail: `when { ${tail} }`,
  });
const engine = engineOf(layersWith('action', rule('2:device_bound', 'context.approval.device_bound < 2')));
const people = ['prn_bob', 'prn_eve'];
const decide = (approval: ApprovalFacts | null) => engine.decide(actRequest({ approval }));

describe('F5: policy asks how an approval is signed', () => {
  test('two keys that cannot leave their devices, and nothing less, lift the rule', () => {
    const asked = decide(null);
    expect(asked).toMatchObject({
      outcome: 'approve',
      remedies: [{ kind: 'approval', groups: ['leads'], quorum: 2, signature: 'device_bound' }],
    });
    expect(asked.next).toContain(
      '2 different people from "leads" must approve it with a passkey that cannot leave its device',
    );
    const groups = ['leads'];
    for (const approval of [
      { approvers: people, groups },
      { approvers: people, groups, by_passkey: people },
      { approvers: people, groups, by_passkey: people, by_device: ['prn_bob'] },
      // Who signed counts only among those who approved, and each once.
      { approvers: ['prn_bob'], groups, by_passkey: people, by_device: people },
      { approvers: people, groups, by_device: ['prn_bob', 'prn_bob'] },
      { approvers: people, groups, by_device: ['prn_bob', 'prn_mallory'] },
    ])
      expect(decide(approval).outcome).toBe('approve');
    expect(decide({ approvers: people, groups, by_passkey: people, by_device: people }).outcome).toBe('permit');
  });

  test('who asked never counts as having signed', () => {
    const me = actRequest().principal.id;
    const both = [me, 'prn_bob'];
    expect(decide({ approvers: both, groups: ['leads'], by_passkey: both, by_device: both }).outcome).toBe('approve');
  });

  test('a remedy that its rule does not look at is a fault', () => {
    const broken = (text: string) => () => engineOf(layersWith('action', text));
    expect(broken(rule('1:passkey', 'context.approval.count < 1'))).toThrow(/must test context.approval.passkeys/);
    expect(broken(rule('1:device_bound', 'context.approval.passkeys < 1'))).toThrow(/context.approval.device_bound/);
    expect(broken(rule('1:passkey', 'context.approval.device_bound < 1'))).not.toThrow();
  });

  test('merged, the strongest signature holds', () => {
    const base = { kind: 'approval' as const, groups: ['a'], quorum: 1 };
    expect(mergeRemedies([{ ...base, signature: 'passkey' }, base])).toEqual([{ ...base, signature: 'passkey' }]);
    expect(
      mergeRemedies([
        { ...base, signature: 'device_bound' },
        { ...base, quorum: 2, signature: 'passkey' },
      ]),
    ).toEqual([{ ...base, quorum: 2, signature: 'device_bound' }]);
  });
});
