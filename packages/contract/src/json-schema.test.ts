import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from './canonical.ts';
import { BadSchema, compileSchema, SCHEMA_LIMITS, select } from './json-schema.ts';

const paths = (schema: JsonObject, value: unknown) => compileSchema(schema)(value).map((error) => error.path);

describe('compileSchema', () => {
  test('E3: validates JSON Schema 2020-12 and says where a value is wrong', () => {
    const check = compileSchema({
      type: 'object',
      required: ['items'],
      additionalProperties: false,
      properties: {
        items: { type: 'array', items: { type: 'integer', minimum: 1 } },
        level: { enum: ['low', 'high'] },
        when: { type: 'string', format: 'date-time' },
      },
    });
    expect(check({ items: [1, 7], level: 'low', when: '2026-11-20T00:00:00Z' })).toEqual([]);
    expect(check({})).toEqual([{ path: '/', message: "must have required property 'items'" }]);
    expect(check({ items: ['head'] })[0]?.path).toBe('/items/0');
    expect(check({ items: [1, 0] })).toEqual([{ path: '/items/1', message: 'must be >= 1' }]);
    expect(check({ items: [], extra: 1 })[0]?.message).toContain('"extra"');
    expect(check({ items: [], level: 'mid' })[0]?.message).toContain('["low","high"]');
    expect(check({ items: [], when: 'yesterday' })[0]?.path).toBe('/when');
  });

  test('changes nothing in the value: no default is filled in, no type coerced, no member removed', () => {
    const value = { count: '1', extra: true };
    const schema = { type: 'object', properties: { count: { type: 'integer', default: 3 }, other: { default: 1 } } };
    expect(paths(schema, value)).toEqual(['/count']);
    expect(value).toEqual({ count: '1', extra: true });
  });

  test('E3: a pattern that hangs a backtracking engine ends at once', () => {
    const check = compileSchema({ type: 'string', pattern: '^(([a-z])+.)+[A-Z]([a-z])+$|^(a+)+$' });
    const start = performance.now();
    expect(check(`${'a'.repeat(20_000)}!`)).toHaveLength(1);
    // A backtracking engine needs longer than the universe has lasted; this bound is for slow machines.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('E3: each pattern is its own: ajv\u2019s cache does not confuse them', () => {
    const check = compileSchema({
      type: 'object',
      properties: { a: { type: 'string', pattern: '^a$' }, b: { type: 'string', pattern: '^b$' } },
      patternProperties: { '^x_': { type: 'integer' }, '^y_': { type: 'string', pattern: '^y$' } },
      additionalProperties: false,
    });
    expect(check({ a: 'a', b: 'b', x_1: 1, y_1: 'y' })).toEqual([]);
    expect(check({ a: 'b', b: 'b' })[0]?.path).toBe('/a');
    expect(check({ a: 'a', b: 'a' })[0]?.path).toBe('/b');
    expect(check({ x_1: 'y' })[0]?.path).toBe('/x_1');
    expect(check({ y_1: 'x' })[0]?.path).toBe('/y_1');
    expect(check({ z_1: 'x' })).toHaveLength(1);
  });

  test('E3: two schemas with one $id do not meet', () => {
    const id = 'https://example.com/schema';
    const text = compileSchema({ $id: id, type: 'string' });
    const number = compileSchema({ $id: id, type: 'number' });
    expect([text('x'), number(1)]).toEqual([[], []]);
    expect([text(1), number('x')].map((errors) => errors.length)).toEqual([1, 1]);
  });

  test('a local $ref and a recursive one are followed', () => {
    const tree = { $defs: { node: { type: 'array', items: { $ref: '#/$defs/node' } } }, $ref: '#/$defs/node' };
    expect(paths(tree, [[], [[]]])).toEqual([]);
    expect(paths(tree, [[], [[1]]])).toEqual(['/1/0/0']);
  });

  test.each<[string, JsonObject]>([
    ['a remote $ref', { $ref: 'https://example.com/schema.json' }],
    ['a remote $dynamicRef', { $dynamicRef: 'https://example.com/schema.json#node' }],
    ['a file $ref', { $ref: 'file:///etc/passwd' }],
    ['an unresolved local $ref', { $ref: '#/$defs/missing' }],
    ['an older dialect', { $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' }],
    ['look-ahead', { type: 'string', pattern: '(?=a)b' }],
    ['look-behind', { type: 'string', pattern: '(?<!a)b' }],
    ['a back reference', { type: 'string', pattern: '(a)\\1' }],
    ['a repeat beyond RE2\u2019s bound', { type: 'string', pattern: 'a{5000}' }],
    ['look-around in a member name pattern', { type: 'object', patternProperties: { '(?!x)': {} } }],
    ['a broken pattern', { type: 'string', pattern: '(' }],
    ['an unknown keyword', { type: 'string', isAdmin: true }],
    ['an unknown format', { type: 'string', format: 'colour' }],
    ['an unknown type', { type: 'text' }],
    ['a keyword of the wrong form', { type: 'object', required: 'name' }],
  ])('E3: refuses %s', (_name, schema) => {
    expect(() => compileSchema(schema)).toThrow(BadSchema);
  });

  test('refuses a schema beyond the stated size', () => {
    expect(() => compileSchema({ description: 'x'.repeat(SCHEMA_LIMITS.chars) })).toThrow(BadSchema);
  });

  // `$async: true` makes ajv return a promise, which counts as valid: a schema from outside could switch off its own
  // check. A known failure: remove `.fails` when `compileSchema` refuses it.
  test('E3: refuses $async', () => {
    expect(() => compileSchema({ $async: true, type: 'string' })).toThrow(BadSchema);
    // Half a character: it has no JSON text, so nothing could be compared with it.
    expect(() => compileSchema({ description: '\ud800' })).toThrow(BadSchema);
  });
});

describe('select', () => {
  const value: Json = {
    statements: [
      { text: 'a', evidence: ['ev_1', 'ev_2'] },
      { text: 'b', evidence: [] },
      { text: 'c', evidence: ['ev_3'] },
    ],
    'a/b': { 'm~n': 1 },
    text: 'x',
  };

  test('E3: gives every value that a pattern reaches, with its concrete pointer', () => {
    expect(select(value, '/statements/*/evidence/*')).toEqual([
      { pointer: '/statements/0/evidence/0', value: 'ev_1' },
      { pointer: '/statements/0/evidence/1', value: 'ev_2' },
      { pointer: '/statements/2/evidence/0', value: 'ev_3' },
    ]);
    expect(select(value, '')).toEqual([{ pointer: '', value }]);
    expect(select(value, '/text')).toEqual([{ pointer: '/text', value: 'x' }]);
  });

  // A known failure: remove `.fails` when a pattern that is no JSON pointer is refused or selects nothing.
  test('selects nothing by a pattern that does not begin with /', () => {
    expect(select(value, 'text')).toEqual([]);
  });

  test('escapes and unescapes ~ and /', () => {
    expect(select(value, '/a~1b/m~0n')).toEqual([{ pointer: '/a~1b/m~0n', value: 1 }]);
    expect(select(value, '/*/m~0n')).toEqual([{ pointer: '/a~1b/m~0n', value: 1 }]);
  });

  test.each(['/nowhere', '/text/0', '/text/*', '/statements/9/text', '/__proto__', '/statements/length', '/toString'])(
    'gives nothing for %s',
    (pointer) => {
      const found = select(value, pointer);
      expect(found.filter(({ value: item }) => typeof item === 'function')).toEqual([]);
      if (pointer !== '/statements/length') expect(found).toEqual([]);
    },
  );

  test('every pointer that it gives leads back to the value that it gave', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (json) => {
        for (const depth of ['/*', '/*/*'])
          for (const { pointer, value: item } of select(json as Json, depth)) {
            // A member that is named `*` would be read as the wildcard.
            if (pointer.split('/').includes('*')) continue;
            expect(select(json as Json, pointer)).toEqual([{ pointer, value: item }]);
          }
      }),
    );
  });
});
