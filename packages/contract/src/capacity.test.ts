import { expect, test } from 'vitest';
import type { Json } from './canonical.ts';
import { capacityBits } from './capacity.ts';

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
