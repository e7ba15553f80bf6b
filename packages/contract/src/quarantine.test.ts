import { describe, expect, test } from 'vitest';
import { at, Labelled } from './labelled.ts';
import { BOTTOM } from './labels.ts';
import { handleOf, handleText, namedHandle } from './quarantine.ts';

const answer = new Labelled({ queue: 'billing', list: [1] }, BOTTOM);
const answers = [{ id: 'q1', answer, schema: {} }];

describe('D5: handles', () => {
  test('an answer and its parts have one; a value of other making has none, whatever it holds', () => {
    expect(handleOf(answer, answers)).toBe('«handle:q1»');
    expect(handleOf(at(at(answer, '/list'), '/0'), answers)).toBe('«handle:q1/list/0»');
    expect(handleOf(new Labelled({ queue: 'billing', list: [1] }, BOTTOM), answers)).toBeNull();
  });

  test.each<[string, string, string[], unknown]>([
    ['what was shown', '«handle:q1»', ['«handle:q1»'], { id: 'q1', pointer: '' }],
    ['a part of what was shown', '«handle:q1/a/b»', ['«handle:q1/a»'], { id: 'q1', pointer: '/a/b' }],
    ['a neighbour with the same beginning', '«handle:q1/ab»', ['«handle:q1/a»'], 'unknown'],
    ['another number with the same beginning', '«handle:q12»', ['«handle:q1»'], 'unknown'],
    ['the whole of a part', '«handle:q1»', ['«handle:q1/a»'], 'unknown'],
    ['one in other words', 'use «handle:q1»', ['«handle:q1»'], 'unknown'],
    ['two', '«handle:q1»«handle:q1»', ['«handle:q1»'], 'unknown'],
    ['an unfinished one', '«handle:q1', ['«handle:q1»'], 'unknown'],
    ['a text', 'a handle: q1', ['«handle:q1»'], null],
  ])('a text names %s', (_, text, shown, named) => {
    expect(namedHandle(text, shown)).toEqual(named);
  });

  test('a pointer cannot close a handle', () => {
    expect(() => handleText('q1', '/a»')).toThrow(TypeError);
    expect(() => handleText('q1', `/${'a'.repeat(256)}`)).toThrow(TypeError);
  });
});
