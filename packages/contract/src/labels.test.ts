import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from './canonical.ts';
import {
  BOTTOM,
  CATEGORIES,
  type Clearance,
  CONFIDENTIALITY,
  covers,
  flowsTo,
  INTEGRITY,
  join,
  type Label,
  labelSchema,
} from './labels.ts';

const anyLabel: fc.Arbitrary<Label> = fc
  .record({
    integrity: fc.constantFrom(...INTEGRITY),
    confidentiality: fc.constantFrom(...CONFIDENTIALITY),
    categories: fc.subarray([...CATEGORIES]),
    // A small alphabet, so that two labels often share origins.
    origins: fc.subarray(['request', 'logs', 'ev_a', 'ev_b', 'é', '\u{1F600}']),
  })
  .map((label) => labelSchema.parse(label));

const anyClearance: fc.Arbitrary<Clearance> = fc.record({
  confidentiality: fc.constantFrom(...CONFIDENTIALITY),
  categories: fc.subarray([...CATEGORIES]),
});

const forAll = (holds: (a: Label, b: Label, c: Label) => void) =>
  fc.assert(
    fc.property(anyLabel, anyLabel, anyLabel, (a, b, c) => {
      holds(a, b, c);
    }),
    { numRuns: 300 },
  );

describe('join', () => {
  test('D5 INV7: is associative', () => forAll((a, b, c) => expect(join(join(a, b), c)).toEqual(join(a, join(b, c)))));
  test('D5 INV7: is commutative', () => forAll((a, b) => expect(join(a, b)).toEqual(join(b, a))));
  test('D5 INV7: is idempotent', () => forAll((a) => expect(join(a, a)).toEqual(a)));
  test('D5 INV7: has BOTTOM as its neutral element', () => {
    forAll((a) => expect(join(a, BOTTOM)).toEqual(a));
    expect(join()).toEqual(BOTTOM);
  });
  test('D5 INV7: of many is the join of pairs', () =>
    forAll((a, b, c) => expect(join(a, b, c)).toEqual(join(join(a, b), c))));
  test('D5 INV7: never lowers: both sides flow to it', () =>
    forAll((a, b) => expect([flowsTo(a, join(a, b)), flowsTo(b, join(a, b))]).toEqual([true, true])));
  test('D5 INV7: is the least upper bound', () =>
    forAll((a, b, c) => {
      const isAbove = (bound: Label) => flowsTo(a, bound) && flowsTo(b, bound);
      expect(flowsTo(join(a, b), c)).toBe(isAbove(c));
      const above = join(a, b, c);
      expect([isAbove(above), flowsTo(join(a, b), above)]).toEqual([true, true]);
    }));
  test('gives equal labels equal bytes, whatever the order of their parts', () =>
    forAll((a, b) => expect(canonicalJson(join(a, b))).toBe(canonicalJson(join(b, a)))));
});

describe('flowsTo', () => {
  test('D5: is reflexive', () => forAll((a) => expect(flowsTo(a, a)).toBe(true)));
  test('D5: is antisymmetric', () =>
    forAll((a, b) => {
      if (flowsTo(a, b) && flowsTo(b, a)) expect(a).toEqual(b);
      const risen = join(a, b);
      if (flowsTo(risen, a)) expect(risen).toEqual(a);
    }));
  test('D5: is transitive', () =>
    forAll((a, b, c) => {
      if (flowsTo(a, b) && flowsTo(b, c)) expect(flowsTo(a, c)).toBe(true);
      expect(flowsTo(a, join(join(a, b), c))).toBe(true);
    }));
  test('D5: agrees with join: a flows to b exactly where their join is b', () =>
    forAll((a, b) => expect(flowsTo(a, b)).toBe(canonicalJson(join(a, b)) === canonicalJson(b))));
  test('D5: untrusted does not flow to trusted, nor confidential to public', () => {
    expect(flowsTo({ ...BOTTOM, integrity: 'untrusted' }, BOTTOM)).toBe(false);
    expect(flowsTo({ ...BOTTOM, confidentiality: 'confidential' }, BOTTOM)).toBe(false);
    expect(flowsTo({ ...BOTTOM, categories: ['health'] }, BOTTOM)).toBe(false);
    expect(flowsTo(BOTTOM, { ...BOTTOM, integrity: 'untrusted', confidentiality: 'restricted' })).toBe(true);
  });
});

describe('covers', () => {
  test('A2: a clearance covers a level and its categories, or refuses', () => {
    const clearance: Clearance = { confidentiality: 'confidential', categories: ['customer'] };
    expect(covers(clearance, { confidentiality: 'internal', categories: [] })).toBe(true);
    expect(covers(clearance, { confidentiality: 'confidential', categories: ['customer'] })).toBe(true);
    expect(covers(clearance, { confidentiality: 'restricted', categories: ['customer'] })).toBe(false);
    expect(covers(clearance, { confidentiality: 'public', categories: ['health'] })).toBe(false);
  });
  test('A2 INV7: what it refuses stays refused when the label rises', () =>
    fc.assert(
      fc.property(anyClearance, anyLabel, anyLabel, (clearance, low, more) => {
        if (covers(clearance, join(low, more))) expect(covers(clearance, low)).toBe(true);
      }),
      { numRuns: 300 },
    ));
});

describe('labelSchema', () => {
  test('sorts and removes repeats', () => {
    const label = labelSchema.parse({ ...BOTTOM, categories: ['personal', 'health', 'personal'], origins: ['b', 'a'] });
    expect(label).toEqual({ ...BOTTOM, categories: ['health', 'personal'], origins: ['a', 'b'] });
  });
  test('refuses words outside the lattice and members it does not know', () => {
    expect(labelSchema.safeParse({ ...BOTTOM, integrity: 'verified' }).success).toBe(false);
    expect(labelSchema.safeParse({ ...BOTTOM, confidentiality: 'secret' }).success).toBe(false);
    expect(labelSchema.safeParse({ ...BOTTOM, categories: ['other'] }).success).toBe(false);
    expect(labelSchema.safeParse({ ...BOTTOM, note: '' }).success).toBe(false);
  });
});
