import { at, BOTTOM, type Evidence, Labelled } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { describe, expect, test } from 'vitest';
import { asEvidence, evidenceDigest, labelEvidence, makeEvidence, restoreEvidence } from './evidence.ts';

describe('evidence', () => {
  test('the id is a function of source, position and fields', () => {
    const evidence = makeEvidence('case-logs', 7, { EventID: 10, Image: 'a.exe' });
    expect(evidence.id).toBe('ev_0007-fe9e4509');
    expect(makeEvidence('case-logs', 7, { Image: 'a.exe', EventID: 10 }).id).toBe(evidence.id);
    expect(evidenceDigest(evidence).startsWith('sha256:fe9e4509')).toBe(true);
    for (const other of [
      makeEvidence('other-logs', 7, { EventID: 10, Image: 'a.exe' }),
      makeEvidence('case-logs', 8, { EventID: 10, Image: 'a.exe' }),
      makeEvidence('case-logs', 7, { EventID: 11, Image: 'a.exe' }),
    ]) {
      expect(other.id).not.toBe(evidence.id);
    }
  });

  test('a part of a labelled list is still evidence', () => {
    const list = labelEvidence([makeEvidence('logs', 1, { n: 1 }), makeEvidence('logs', 2, { n: 2 })], BOTTOM);
    expect(asEvidence(open(list))).toHaveLength(2);
    expect(asEvidence(open(at(list, '/1')))?.[0]?.position).toBe(2);
    expect(asEvidence(open(labelEvidence([], BOTTOM)))).toEqual([]);
  });

  test('D3: what only looks like evidence is none', () => {
    const forged = { id: 'ev_0001-fe9e4509', source: 'case-logs', position: 1, fields: {} } as unknown as Evidence;
    expect(asEvidence(forged)).toBeNull();
    expect(asEvidence([forged])).toBeNull();
    expect(asEvidence([makeEvidence('logs', 1, {}), forged])).toBeNull();
    expect(asEvidence([])).toBeNull();
    expect(asEvidence(open(new Labelled('text', BOTTOM)))).toBeNull();
    expect(() => labelEvidence([forged], BOTTOM)).toThrow(TypeError);
  });

  test('evidence that was altered in the store is refused', () => {
    const stored = JSON.parse(JSON.stringify([makeEvidence('logs', 1, { n: 'as read' })])) as unknown[];
    expect(restoreEvidence(stored)).toHaveLength(1);
    const altered = JSON.parse(JSON.stringify(stored).replace('as read', 'changed'));
    expect(() => restoreEvidence(altered)).toThrow('does not fit its content');
  });
});
