import { UNSEEN as OURS } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { printable } from '../describe.ts';
import { UNSEEN } from './unseen.ts';

test('F3: what nobody sees is the same here, in the console, as on the pages and in the terminal', () => {
  expect([UNSEEN.source, UNSEEN.flags]).toEqual([OURS.source, OURS.flags]);
});

test('F3: none of it reaches a terminal by way of an export', () => {
  const hidden = ['\u001b', '\u202e', '\u200b', '\u2028', '\ufe0f', '\u034f', '\u00a0', '\u3000', '\u{e0041}'];
  for (const each of hidden) expect(printable(`a${each}b`), each).toBe('a\ufffdb');
});
