import { describe, expect, test } from 'vitest';
import type { JsonObject } from './canonical.ts';
import { unboundedAt } from './schema-bounds.ts';

const at = (schema: object, pointer = '/x', more: object = {}) =>
  unboundedAt(
    { type: 'object', properties: { x: schema }, additionalProperties: false, ...more } as JsonObject,
    pointer,
  );

describe('F2: what is bounded', () => {
  test.each<[string, object]>([
    ['text with a length', { type: 'string', maxLength: 10 }],
    ['an enum', { enum: ['a', 'b'] }],
    ['a constant', { const: 'a' }],
    ['text by a pattern of limited length', { type: 'string', pattern: '^ev_[a-z0-9_*+-]{1,64}(\\+|x)?$' }],
    ['a date', { type: 'string', format: 'date' }],
    ['a yes or no', { type: 'boolean' }],
    ['a number in a range', { type: 'integer', minimum: 0, maximum: 100 }],
    ['a number in an open range', { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }],
    ['a short list', { type: 'array', maxItems: 3, items: { type: 'string', maxLength: 5 } }],
    ['a closed object', { type: 'object', properties: { a: { type: 'boolean' } }, additionalProperties: false }],
    ['text or nothing', { type: ['string', 'null'], maxLength: 5 }],
    ['one of two', { anyOf: [{ const: 1 }, { type: 'string', maxLength: 2 }] }],
    ['all of two, one of which bounds', { allOf: [{ type: 'string' }, { type: 'string', maxLength: 2 }] }],
  ])('%s', (_, schema) => {
    expect(at(schema)).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['free text', { type: 'string' }, '/x is text without maxLength'],
    ['text with a pattern alone', { type: 'string', pattern: '^a*$' }, '/x is text without maxLength'],
    ...['^a+$', '^a{2,}$', '^a|b$', 'a', '^a', '^(a|b*)$', '^a\\$'].map((pattern): [string, object, string] => [
      `text by ${pattern}`,
      { type: 'string', pattern },
      '/x is text without maxLength',
    ]),
    ['a number', { type: 'number', minimum: 0 }, '/x is a number without minimum and maximum'],
    [
      'any integer, as a library writes it',
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      '/x is a number without minimum and maximum',
    ],
    ['a long list', { type: 'array', items: { const: 1 } }, '/x is a list without maxItems'],
    ['a list of text', { type: 'array', maxItems: 1, items: { type: 'string' } }, '/x/* is text without maxLength'],
    ['a list of anything', { type: 'array', maxItems: 1 }, '/x has items of any kind'],
    ['an open object', { type: 'object' }, '/x takes members that are not declared'],
    ['anything', {}, '/x has no type'],
    ['one of two, one of which is free', { oneOf: [{ const: 1 }, { type: 'string' }] }, '/x is text without maxLength'],
  ])('not %s', (_, schema, message) => {
    expect(at(schema)).toContain(message);
  });

  test('references are followed, and those without end are not bounded', () => {
    const $defs = { id: { type: 'string', maxLength: 5 }, loop: { $ref: '#/$defs/loop' } };
    expect(at({ $ref: '#/$defs/id' }, '/x', { $defs })).toEqual([]);
    expect(at({ $ref: '#/$defs/loop' }, '/x', { $defs })).toEqual(['/x nests without end']);
    expect(at({ $ref: '#/$defs/none' }, '/x', { $defs })).toEqual(['/x has no type']);
  });

  test('a pointer goes into objects, lists and alternatives', () => {
    const inner = { type: 'object', properties: { to: { type: 'string' } }, additionalProperties: false };
    expect(at(inner, '/x/to')).toEqual(['/x/to is text without maxLength']);
    expect(at({ type: 'array', items: inner }, '/x/0/to')).toEqual(['/x/0/to is text without maxLength']);
    expect(at({ anyOf: [inner, { type: 'null' }] }, '/x/to')).toEqual(['/x/to is text without maxLength']);
    expect(at(inner, '/x/other')).toEqual(['nothing is declared at /x/other']);
  });
});
