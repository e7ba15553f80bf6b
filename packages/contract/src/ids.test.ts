import { describe, expect, test } from 'vitest';
import { fixedClock } from './clock.ts';
import { asId, ID_PREFIXES, type IdKind, idSchema, nameSchema, newId, timeOfId } from './ids.ts';

const clock = fixedClock('2026-11-20T12:00:00.000Z');
const kinds = Object.keys(ID_PREFIXES) as IdKind[];

describe('newId', () => {
  test.each(kinds)('makes an id of kind %s that its schema accepts and all others refuse', (kind) => {
    const id = newId(kind, clock);
    for (const other of kinds) expect(idSchema(other).safeParse(id).success).toBe(other === kind);
    expect(asId(kind, id)).toBe(id);
  });

  test('says when it was made, and what is no such id says nothing', () => {
    for (const at of ['2026-11-20T12:00:00.123Z', '1970-01-01T00:00:00.000Z'])
      expect(timeOfId(newId('execution', fixedClock(at))).toISOString()).toBe(at);
    for (const id of ['exec_short', 'prop_01m7wd7tg0epz3qyvk3wtzg539-1', `exec_${'u'.repeat(26)}`])
      expect(() => timeOfId(id as never)).toThrow(TypeError);
  });

  test('has the layout of a ULID: ten characters of time, sixteen of chance', () => {
    expect(newId('run', clock)).toMatch(/^run_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(newId('run', fixedClock(new Date(0))).slice(0, 14)).toBe('run_0000000000');
    expect(newId('run', fixedClock(new Date(32 ** 2 + 1))).slice(0, 14)).toBe('run_0000000101');
  });

  test('sorts by the time it was made', () => {
    const moving = fixedClock('2026-01-01T00:00:00Z');
    const ids = Array.from({ length: 50 }, () => {
      moving.advance(7 * 3_600_000);
      return newId('record', moving);
    });
    expect([...ids].sort()).toEqual(ids);
  });

  test('does not repeat within one millisecond', () => {
    const ids = new Set(Array.from({ length: 5000 }, () => newId('grant', clock)));
    expect(ids.size).toBe(5000);
  });

  test('no prefix begins another, so that an id has one kind', () => {
    const prefixes = Object.values(ID_PREFIXES).map((prefix) => `${prefix}_`);
    for (const prefix of prefixes) expect(prefixes.filter((other) => other.startsWith(prefix))).toEqual([prefix]);
  });
});

describe('idSchema', () => {
  test.each([
    ['', 'run_'],
    ['a path', 'run_../../etc'],
    ['a quote', "run_a'b"],
    ['upper case', 'run_ABC'],
    ['white space', 'run_a b'],
    ['a line break at the end', 'run_abc\n'],
    ['65 characters', `run_${'a'.repeat(65)}`],
    ['another kind', 'grt_abc'],
  ])('refuses %s', (_name, text) => {
    expect(idSchema('run').safeParse(text).success).toBe(false);
  });
});

test('asId refuses another kind and shows at most 80 characters of it', () => {
  expect(() => asId('run', 'grt_abc')).toThrow(TypeError);
  expect(() => asId('run', 'x'.repeat(10_000))).toThrow(/^not an id of kind run: x{80}$/);
});

test('nameSchema accepts lower-case words and nothing else', () => {
  for (const name of ['refund', 'incident-summary', 'publish_case_summary', 'a1-b2_c3'])
    expect(nameSchema.safeParse(name).success).toBe(true);
  for (const name of ['', '-a', 'a-', 'a--b', 'A', '1a', 'a b', 'a/b', 'a.b', '\u0430bc', 'a\n', 'x'.repeat(65)])
    expect(nameSchema.safeParse(name).success).toBe(false);
});
