import { describe, expect, test } from 'vitest';
import type { Json } from './canonical.ts';
import { isOffPattern, OFF_PATTERN } from './off-pattern.ts';

describe('E7: an answer that says it is none', () => {
  test.each<[string, Json, boolean]>([
    ['as its first text', { rating: 'low', why: `${OFF_PATTERN} there are no logs`, cites: [] }, true],
    ['with a blank before it, in other letters', { why: ` \n${OFF_PATTERN.toUpperCase()} none` }, true],
    ['deep inside', { events: [{ at: 1, text: OFF_PATTERN }] }, true],
    ['as the whole answer', OFF_PATTERN, true],
    ['the words within a sentence', { why: `The analyst wrote "${OFF_PATTERN}" and left.` }, false],
    ['the words as a name', { [OFF_PATTERN]: 'yes' }, false],
    ['other words', { why: 'The evidence does not support it.' }, false],
    ['no text at all', [1, null, true, {}, []], false],
  ])('%s', (_, answer, off) => {
    expect(isOffPattern(answer)).toBe(off);
  });
});
