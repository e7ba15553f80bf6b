import { canonicalJson, newId } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { TEST_ACTOR } from './testing/fixtures.ts';
import { readEntry } from './verify-record.ts';

const entry = {
  ...{ v: 1, id: newId('record', { now: () => new Date(0) }), log: 'test.example', index: 4, outcome: 'permit' },
  ...{ time: '2026-11-20T08:00:00.000Z', type: 'handoff.closed', refs: { workflow: 'note' } },
  actor: { act: TEST_ACTOR.act, id: 'Zo\u00eb "\\ud800" \u2028 \ud83d\ude00 \\', kind: TEST_ACTOR.kind },
  keys: [newId('key', { now: () => new Date(0) })],
  payload_digest: `sha256:${'a'.repeat(64)}`,
};
const text = canonicalJson(entry);

test('an entry is read from its RFC 8785 text and from no other text of the same value', () => {
  expect(readEntry(text)).toEqual(entry);
  const { actor, ...rest } = entry;
  const { kind, ...others } = actor;
  for (const other of [
    ` ${text}`,
    JSON.stringify(entry),
    JSON.stringify({ ...rest, actor }),
    canonicalJson(entry).replace(canonicalJson(actor), JSON.stringify({ kind, ...others })),
    text.replace('\u00eb', '\\u00eb'),
    text.replace('"index":4', '"index":4.0'),
    text.replace('"index":4', '"index":4,"index":4'),
    text.replace('Zo', '\\ud800'),
    text.replace('"v":1', '"v":1,"w":1'),
    'null',
    '',
  ])
    expect([other, readEntry(other)]).toEqual([other, null]);
});
