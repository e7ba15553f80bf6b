import { expect, test } from 'vitest';
import type { Json, JsonObject } from './canonical.ts';
import { boundAt, boundedBits, capacityBits, openPlace } from './capacity.ts';
import { compileSchema } from './json-schema.ts';

const closed = (properties: Json, required: Json = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

test.each<[string, Json, number | null]>([
  ['a constant', { const: 'x' }, 0],
  ['a boolean', { type: 'boolean' }, 1],
  ['eight choices', { enum: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] }, 3],
  ['five choices, rounded up', { type: 'string', enum: [1, 2, 3, 4, 5] }, 3],
  ['a number of 0 to 255', { type: 'integer', minimum: 0, maximum: 255 }, 8],
  ['steps of a half', { type: 'number', minimum: 0, maximum: 1, multipleOf: 0.5 }, 2],
  ['a number without steps', { type: 'number', minimum: 0, maximum: 1 }, null],
  ['a number without an end', { type: 'integer', minimum: 0 }, null],
  ['a date', { type: 'string', format: 'date' }, 22],
  ['free text', { type: 'string' }, null],
  ['text of a length is still text', { type: 'string', maxLength: 3 }, null],
  ['a choice or nothing', { anyOf: [{ enum: ['a', 'b', 'c'] }, { type: 'null' }] }, 2],
  ['types as a list', { type: ['boolean', 'null'] }, 2],
  ['a closed object', closed({ a: { type: 'boolean' }, b: { enum: [1, 2, 3, 4] } }, ['a', 'b']), 3],
  ['a member that may be missing', closed({ a: { enum: [1, 2, 3] } }), 2],
  ['an open object', { type: 'object', properties: { a: { type: 'boolean' } } }, null],
  ['a closed object with text', closed({ a: { type: 'string' } }), null],
  ['a list with an end', { type: 'array', maxItems: 3, items: { type: 'boolean' } }, 5],
  ['a list without one', { type: 'array', items: { type: 'boolean' } }, null],
  ['a reference', { $defs: { k: { enum: ['r', 'rw'] } }, $ref: '#/$defs/k' }, 1],
  ['a reference that leads nowhere', { $ref: '#/$defs/k' }, null],
  ['a circle', { $defs: { k: { $ref: '#/$defs/k' } }, $ref: '#/$defs/k' }, null],
  ['no value at all', false, 0],
  ['anything', {}, null],
  ['anything, as true', true, null],
])('D6: the capacity of %s', (_, schema, bits) => {
  expect(capacityBits(schema)).toBe(bits);
});

const LISTED = closed(
  {
    kind: { enum: ['a', 'b', 'c', 'd'] },
    count: { $ref: '#/$defs/count' },
    text: { type: 'string' },
    list: {
      type: 'array',
      maxItems: 3,
      items: closed({ flag: { type: 'boolean' }, why: { type: 'string' } }, ['flag', 'why']),
    },
    endless: { type: 'array', items: { type: 'boolean' } },
    either: { anyOf: [closed({ flag: { type: 'boolean' } }), { type: 'string' }] },
    'a/b': { type: 'boolean' },
  },
  ['kind', 'count', 'text', 'list', 'endless', 'either', 'a/b'],
);
const SCHEMA = { ...LISTED, $defs: { count: { type: 'integer', minimum: 0, maximum: 7 } } };

test.each<[string, string, number | null, boolean]>([
  ['a choice', '/kind', 2, true],
  ['a number, by reference', '/count', 3, false],
  ['text', '/text', null, false],
  ['a member of an item', '/list/2/flag', 1, true],
  ['text of an item', '/list/0/why', null, false],
  ['a list with text in it', '/list', null, false],
  ['an item that no list has', '/list/x/flag', null, false],
  ['an item of a list without an end', '/endless/0', null, false],
  ['what one of several shapes has', '/either/flag', null, false],
  ['a name with a slash', '/a~1b', 1, true],
  ['what is not declared', '/constructor', null, false],
  ['the whole', '', null, false],
])('D6: what bounds a part: %s', (_, pointer, bits, choice) => {
  const bound = boundAt(SCHEMA, pointer);
  expect(bound?.bits ?? null).toBe(bits);
  if (bound) expect(bound.choice).toBe(choice);
  if (bound) expect(compileSchema(bound.schema)('no value of it')).not.toEqual([]);
});

test('D6: the bounded parts together: each member, each item that a list may have, and how many there are', () => {
  // 2 + 3 + (3 flags and one of four lengths) + 1; text, what has no end and what has several shapes is never bounded.
  expect(boundedBits(SCHEMA)).toBe(2 + 3 + 5 + 1);
  expect(boundedBits(closed({ kind: { enum: ['a', 'b'] }, text: { type: 'string' } }))).toBe(3);
  expect(boundedBits({ type: 'string' })).toBe(0);
});

test.each<[string, JsonObject, string | null]>([
  ['a closed object', SCHEMA, null],
  ['an open object', { type: 'object', properties: {} }, ''],
  ['an open object in a list', closed({ all: { type: 'array', items: { type: 'object' } } }), '/properties/all/items'],
  ['a list of anything', closed({ all: { type: 'array' } }), '/properties/all/items'],
  ['members by pattern', { ...closed({}), patternProperties: { '^x': { type: 'string' } } }, ''],
  ['anything', closed({ any: true }), '/properties/any'],
  ['no type', closed({ any: { maxLength: 3 } }), '/properties/any'],
  [
    'one of several shapes',
    closed({ any: { anyOf: [{ type: 'null' }, { type: 'object' }] } }),
    '/properties/any/anyOf/1',
  ],
  ['several types', closed({ any: { type: ['null', 'object'] } }), '/properties/any'],
  ['what stands elsewhere', closed({ any: { $ref: 'https://schemas.test/x' } }), '/properties/any'],
  ['an open definition', { ...closed({}), $defs: { x: { type: 'object' } } }, '/$defs/x'],
])('D6: where a schema is open: %s', (_, schema, place) => {
  expect(openPlace(schema)).toBe(place);
});
