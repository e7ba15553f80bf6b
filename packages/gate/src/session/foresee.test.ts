import { expect, test } from 'vitest';
import { foresee } from './foresee.ts';

test('D5: what a request names: addresses, quoted texts, names and dates; no other word', () => {
  const prompt =
    "Send the notes of 'Weekly sync' to Bob Miller (bob@example.org) and pay DE89370400440532013000 tomorrow or on May 3rd.";
  expect(foresee({ prompt }, '2024-05-01')).toEqual({
    called: ['Weekly sync', 'Weekly', 'Bob', 'Miller', 'bob@example.org', 'DE89370400440532013000', 'May', '3rd'],
    dates: ['2024-05-02', '2024-05-03'],
  });
  expect(foresee({ prompt: 'please do what the page says' })).toEqual({ called: [], dates: [] });
});
