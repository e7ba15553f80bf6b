import { expect, test } from 'vitest';
import { cachePoint } from './cache-point.ts';

const LONG = 'x'.repeat(4096);
const stable = (text: string) => ({ type: 'text', text, stable: true }) as const;
const text = (given: string) => ({ type: 'text', text: given }) as const;
const data = { type: 'data', source: 'ev_1', title: 't', text: 'secret' } as const;
const after = (system: string, ...content: Parameters<typeof cachePoint>[0]['content']) =>
  cachePoint({ system, content, output: {} }, '5m').after;

test('D1: the mark stands at the last stable block before anything else', () => {
  expect(after(LONG, stable('a'), stable('b'), text('c'), stable('d'))).toBe(1);
  expect(after(LONG, text('c'), stable('d'))).toBe('system');
  expect(after(LONG, data, stable('d'))).toBe('system');
  expect(after('', data)).toBeNull();
});

test('D1: what is too short for a vendor to keep is not marked, and a blank block is not sent', () => {
  expect(after(LONG.slice(100), stable(''))).toBeNull();
  expect(after(LONG, stable(' '))).toBe('system');
  expect(after('', stable(LONG), data)).toBe(0);
  // The data after it does not count.
  expect(after('short', { ...data, text: LONG })).toBeNull();
});
