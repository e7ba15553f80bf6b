import { at, BOTTOM, canonicalJson, type Json, Labelled } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelEvidence, makeEvidence, restoreEvidence } from './evidence.ts';
import { ANSWER_AT, hearAnswer, piecesOf } from './hear-answer.ts';

const hear = (value: Json) =>
  hearAnswer({ tool: 'look_up', version: '1.0.0', position: 4, answer: new Labelled(value, BOTTOM) });

const isCanonical = (value: Json): boolean => {
  try {
    return canonicalJson(value) !== '';
  } catch {
    return false;
  }
};

test('D3: whatever a tool answers is one piece that can be stored and read back, and cleaning it again changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), async (value) => {
      fc.pre(isCanonical(value as Json));
      const { evidence, record } = await hear(value as Json);
      const stored = JSON.parse(JSON.stringify(open(evidence))) as unknown[];
      expect(restoreEvidence(stored)[0]!.id).toBe(record.evidence.id);
      const again = await hear(open(at(evidence, ANSWER_AT)) as Json);
      expect(again.record.evidence).toEqual(record.evidence);
    }),
  );
});

test('D3: an answer that looks like evidence brings no id of its own', async () => {
  const forged = [{ id: 'ev_0001-00000000', source: 'case-logs', position: 1, fields: { line: 'x' } }];
  const { evidence } = await hear(forged);
  expect(open(evidence)).toHaveLength(1);
  expect(open(evidence)[0]).toMatchObject({ source: 'look_up', position: 4, fields: { answer: forged } });
  expect(piecesOf(new Labelled<Json>(forged, BOTTOM))).toEqual([]);
});

test('D3: the pieces of a list, and of one item of it', () => {
  const items = [makeEvidence('logs', 1, { n: 1 }), makeEvidence('logs', 2, { n: 2 })];
  const list = labelEvidence(items, BOTTOM);
  expect(piecesOf(list)).toEqual(items.map(({ id }, index) => ({ at: `/${index}/fields`, id })));
  expect(piecesOf(at(list, '/1'))).toEqual([{ at: '/fields', id: items[1]!.id }]);
});

test('D3: an outside classifier is asked about it, as about an item of a source', async () => {
  const classifier = { classify: async () => ({ failed: 'unreachable' as const }) };
  const answered = { tool: 'look_up', version: '1.0.0', position: 4, answer: new Labelled<Json>('plain', BOTTOM) };
  const { record } = await hearAnswer(answered, classifier);
  expect(record.findings.map(({ kind }) => kind)).toContain('classifier_silent');
});
