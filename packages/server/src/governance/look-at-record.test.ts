import type { LogsQuery, PlacedRecord } from '@portreeve/audit';
import { fixedClock } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { lookAtRecord, RECORDS_MAX } from './look-at-record.ts';

const NEWEST = Date.parse('2026-11-20T00:00:00.000Z');
const span = { from: '2026-01-01T00:00:00.000Z', to: '2026-11-20T00:00:00.001Z' };

/** A log with so many records of each type, one a second; every tenth has no payload any more. */
function look(counts: Readonly<Record<string, number>>, workflows: readonly string[] | null = null) {
  const asked: LogsQuery[] = [];
  const search = async (query: LogsQuery = {}) => {
    asked.push(query);
    const from = query.after === undefined ? 0 : Number(query.after);
    const left = Math.min(query.limit ?? 50, (counts[query.type ?? ''] ?? 0) - from);
    const records = Array.from({ length: left }, (_, i) => {
      const time = new Date(NEWEST - (from + i) * 1000).toISOString();
      const entry = { time, type: query.type, actor: { id: 'prn_1', kind: 'person', act: [] }, outcome: '', refs: {} };
      return { place: String(from + i), entry, payload: (from + i) % 10 === 9 ? null : { data: {} }, erased: null };
    }) as unknown as PlacedRecord[];
    return { records, next: from + left < (counts[query.type ?? ''] ?? 0) ? String(from + left) : null };
  };
  const made = lookAtRecord({
    ...{ audit: { search }, clock: fixedClock('2026-11-20T00:00:00Z'), span, workflows },
    ...{ agents: async () => [], releasesByWorkflow: new Map() },
  });
  return { ...made, asked };
}

test('H8: a type is read once, within the span and the scope of the reader', async () => {
  const { records, asked } = look({ 'api.read': 3 }, ['case-note']);
  expect(await records('api.read')).toHaveLength(3);
  expect(await records('api.read')).toHaveLength(3);
  expect(asked).toEqual([
    expect.objectContaining({ type: 'api.read', since: span.from, until: span.to, workflows: ['case-note'] }),
  ]);
});

test('H8: what was not looked at, and what was erased, is remarked; nothing is where all was seen', async () => {
  const { records, reach, remarks } = look({ 'api.read': RECORDS_MAX + 1, 'api.refused': 2 });
  expect(await remarks()).toEqual([]);
  const seen = await records('api.read');
  expect(seen).toHaveLength(RECORDS_MAX);
  expect(seen.filter(({ data }) => data === null)).toHaveLength(RECORDS_MAX / 10);
  await records('api.refused');
  expect(await remarks()).toEqual([
    `Of api.read only the newest ${RECORDS_MAX} records were looked at.`,
    `${RECORDS_MAX / 10} records of api.read have been erased, and are counted without their content.`,
  ]);
  // Behind the last one that was seen: others of its time may be missing.
  expect(await reach('api.read', 'api.refused')).toBe(new Date(NEWEST - (RECORDS_MAX - 1) * 1000 + 1).toISOString());
  expect(await reach('api.refused')).toBe(span.from);
});
