import { decisionSchema, LAYERS, type PolicyDecider, type PolicyRequest } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { actRequest, apiRequest, person } from './requests.ts';

const trap = (): never => {
  throw new Error('trap');
};

const HOSTILE: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a text', 'act'],
  ['an array', []],
  ['no kind', { principal: person() }],
  ['an unknown kind', { ...actRequest(), kind: 'own' }],
  ['a member too many', { ...actRequest(), sudo: true }],
  ['a missing member', { ...actRequest(), influence: undefined }],
  ['an unknown role', { ...actRequest(), principal: { ...person(), roles: ['root'] } }],
  ['a tier that does not exist', actRequest({ tool: { tier: 0 as 1 } })],
  ['a fraction as tier', actRequest({ tool: { tier: 1.5 as 1 } })],
  ['NaN in the arguments', actRequest({ args: { x: Number.NaN } })],
  ['an integer beyond 2^53', actRequest({ args: { x: 2 ** 60 } })],
  ['a lone surrogate', { ...actRequest(), principal: person(['requester'], { groups: ['\ud800'] }) }],
  ['an operation of another form', { ...apiRequest('runs.read'), operation: 'runs.read"; --' }],
  ['a getter that throws', Object.defineProperty({}, 'kind', { enumerable: true, get: trap })],
  ['a proxy that throws', new Proxy({}, { get: trap, ownKeys: trap })],
  ['deep arguments', actRequest({ args: JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`) })],
];

/** What every {@link PolicyDecider} promises. Registers vitest tests. */
export function policyDeciderContract(name: string, make: () => PolicyDecider): void {
  describe(`C4: the contract of a policy decider: ${name}`, () => {
    const decider = make();

    test('its version is a digest and stays the same', () => {
      expect(decider.version).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(make().version).toBe(decider.version);
    });

    test.each(HOSTILE)('a bad request is refused and never thrown at: %s', (_, request) => {
      const decision = decider.decide(request as PolicyRequest);
      expect(decisionSchema.parse(decision)).toEqual(decision);
      expect(decision).toMatchObject({ outcome: 'refuse', remedies: [], notify: [], policy_version: decider.version });
      expect(decision.layers.map(({ layer, effect }) => [layer, effect])).toEqual(
        LAYERS.map((layer) => [layer, 'error']),
      );
      expect(decision.reasons).toMatchObject([{ rule: 'error', code: 'bad_request' }]);
    });

    test('a decision has the form of the contract and looks at each layer, in order', () => {
      const decision = decider.decide(actRequest());
      expect(decisionSchema.parse(decision)).toEqual(decision);
      expect(decision.layers.map(({ layer }) => layer)).toEqual([...LAYERS]);
    });
  });
}
