import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from './canonical.ts';
import { type Change, jsonDiff } from './json-diff.ts';

type Open = null | boolean | number | string | Open[] | { [key: string]: Open };

/** An independent reading of what a change means: the value before with all of them made. */
function applied(before: Json, changes: readonly Change[]): Json {
  if (changes.length === 1 && changes[0]!.path === '') return changes[0]!.kind === 'removed' ? null : changes[0]!.after;
  const root = { it: structuredClone(before) as Open };
  const steps = (pointer: string) => [
    'it',
    ...pointer
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
  ];
  const parentOf = (pointer: string): [{ [key: string]: Open }, string] => {
    const names = steps(pointer);
    const last = names.pop()!;
    return [names.reduce<Open>((node, name) => (node as { [key: string]: Open })[name]!, root) as never, last];
  };
  // Old places are read from the old value, the last first; new ones are filled in order.
  const changed = changes.filter((change) => change.kind === 'changed');
  for (const change of changed) {
    const [parent, name] = parentOf(change.was_at ?? change.path);
    expect(canonicalJson(parent[name])).toBe(canonicalJson(change.before));
    parent[name] = structuredClone(change.after) as Open;
  }
  for (const change of changes.filter(({ kind }) => kind === 'removed').reverse()) {
    const [parent, name] = parentOf(change.path);
    expect(canonicalJson(parent[name])).toBe(canonicalJson((change as { before: Json }).before));
    if (Array.isArray(parent)) parent.splice(Number(name), 1);
    else delete parent[name];
  }
  for (const change of changes) {
    if (change.kind !== 'added') continue;
    const [parent, name] = parentOf(change.path);
    const value = structuredClone(change.after) as Open;
    if (Array.isArray(parent)) parent.splice(Number(name), 0, value);
    else Object.defineProperty(parent, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return root.it as Json;
}

describe('F3: the difference of two values', () => {
  test.each<[string, Json, Json, Change[]]>([
    ['the same in another order is none', { a: 1, b: [2] }, { b: [2], a: 1 }, []],
    [
      'members',
      { a: 1, b: 2 },
      { b: 3, c: null },
      [
        { kind: 'removed', path: '/a', before: 1 },
        { kind: 'changed', path: '/b', before: 2, after: 3 },
        { kind: 'added', path: '/c', after: null },
      ],
    ],
    [
      'one taken out of a list is one change',
      ['x', 'y', 'z'],
      ['y', 'z'],
      [{ kind: 'removed', path: '/0', before: 'x' }],
    ],
    [
      'one put into a list is one change',
      { g: ['x', 'z'] },
      { g: ['x', 'y', 'z'] },
      [{ kind: 'added', path: '/g/1', after: 'y' }],
    ],
    [
      'a member of a list that moved and changed says where it was',
      [0, 1, { n: 1 }, 9],
      [1, { n: 2 }, 9],
      [
        { kind: 'removed', path: '/0', before: 0 },
        { kind: 'changed', path: '/1/n', was_at: '/2/n', before: 1, after: 2 },
      ],
    ],
    ['nothing before', null, { a: 1 }, [{ kind: 'added', path: '', after: { a: 1 } }]],
    ['nothing afterwards', [1], null, [{ kind: 'removed', path: '', before: [1] }]],
    ['another type', { a: { b: 1 } }, { a: [1] }, [{ kind: 'changed', path: '/a', before: { b: 1 }, after: [1] }]],
    [
      'names with the signs of pointers',
      { 'a/b~': 1 },
      { 'a/b~': '1' },
      [{ kind: 'changed', path: '/a~1b~0', before: 1, after: '1' }],
    ],
    [
      'a member called __proto__ is a member',
      JSON.parse('{"__proto__":1}'),
      {},
      [{ kind: 'removed', path: '/__proto__', before: 1 }],
    ],
    ['an empty list is not nothing', { a: [] }, {}, [{ kind: 'removed', path: '/a', before: [] }]],
  ])('%s', (_name, before, after, changes) => {
    expect(jsonDiff(before, after)).toEqual(changes);
  });

  test('lists too long for the table are still told whole', () => {
    const before = Array.from({ length: 2000 }, (_, n) => `a${n}`);
    const after = Array.from({ length: 1999 }, (_, n) => `b${n}`);
    expect(jsonDiff(['same', ...before, 'end'], ['same', ...after, 'end'])).toHaveLength(3999);
  });

  test('property: nothing but equality gives no change, and the changes make the one of the other', () => {
    const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('a', 'b', null, true));
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c/d', '~'), tie('value'), { maxKeys: 4 }),
      ) as fc.Arbitrary<Json>,
    }));
    fc.assert(
      fc.property(value, value, (before, after) => {
        const changes = jsonDiff(before, after);
        expect(changes.length === 0).toBe(canonicalJson(before) === canonicalJson(after));
        for (const change of changes)
          if (change.kind === 'changed') expect(canonicalJson(change.before)).not.toBe(canonicalJson(change.after));
        // Whole members and lists without shifts can be put back together by hand.
        if (changes.every((change) => change.kind !== 'changed' || change.was_at === undefined))
          expect(canonicalJson(applied(before, changes))).toBe(canonicalJson(after));
      }),
      { numRuns: 2000 },
    );
  });
});
