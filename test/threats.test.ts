import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { citations } from './citations.ts';
import { isTestFile, ROOT, sourceFiles } from './repository.ts';
import { ARROWS } from './threats/arrows.ts';
import { threatDocument } from './threats/document.ts';
import { STRIDE } from './threats/model.ts';
import { THREATS } from './threats/threats.ts';

const files = sourceFiles();
const testsByPath = new Map(files.filter(({ path }) => isTestFile(path)).map((file) => [file.path, file.text]));
const citedIds = new Set(citations(files).map(({ id }) => id));

/** What is wrong with a name of what shows a control; null where there is such a test. */
function fault(name: string): string | null {
  if (/^(?:[A-J]|INV)\d{1,2}$/.test(name)) return citedIds.has(name) ? null : `no test cites ${name}`;
  const [path, beginning] = name.split(' # ');
  const text = testsByPath.get(path!);
  if (text === undefined) return `${path} is no file of tests`;
  if (!/\b(?:test|it)(?:\.\w+(?:\([^\n]*?\))?)*\(/.test(text)) return `${path} has no test`;
  return beginning === undefined || text.includes(`('${beginning}`) ? null : `no test of ${path} begins “${beginning}”`;
}

describe('the threat model', () => {
  test('has every threat once, by its number, and each on some arrow', () => {
    expect(THREATS.map(({ id }) => id)).toEqual(THREATS.map((_, index) => `T${index + 1}`));
    const onArrows = new Set(ARROWS.flatMap(({ threats }) => STRIDE.flatMap((kind) => threats[kind])));
    expect(THREATS.filter(({ id }) => !onArrows.has(id)).map(({ id }) => id)).toEqual([]);
  });

  test.each(ARROWS)('$id has threats of all six kinds, and knows each', ({ threats }) => {
    const known = new Set(THREATS.map(({ id }) => id));
    expect(Object.keys(threats).sort()).toEqual([...STRIDE].sort());
    for (const kind of STRIDE) {
      expect(threats[kind].length, kind).toBeGreaterThan(0);
      expect(threats[kind].filter((id) => !known.has(id))).toEqual([]);
    }
  });

  test.each(THREATS)(
    '$id is shown by tests that run, or accepted with a reason',
    ({ shown_by, accepted, control, owasp }) => {
      // If you are here because this failed: a test was renamed or taken out, and the control that it showed is now a
      // promise. Name the test that shows it, or say under `accepted` why it is borne.
      expect(shown_by.map(fault).filter((found) => found !== null)).toEqual([]);
      if (shown_by.length === 0) expect(accepted).toMatch(/\w{3}/);
      expect(control).toMatch(/\w{3}/);
      for (const id of owasp) expect(id).toMatch(/^(?:ASI|LLM)(?:0[1-9]|10)$/);
    },
  );

  test('a name that no test has is found', () => {
    expect(fault('Z9')).toContain('is no file');
    expect(fault('J99')).toContain('no test cites');
    expect(fault('test/no-such.test.ts')).toContain('is no file');
    expect(fault('test/threats.test.ts # no such beginning of a test')).toContain('no test of');
    expect(fault('test/threats.test.ts # has every threat once')).toBeNull();
  });

  test('every agentic threat of OWASP is answered', () => {
    const answered = new Set(THREATS.flatMap(({ owasp }) => owasp));
    const asi = Array.from({ length: 10 }, (_, n) => `ASI${String(n + 1).padStart(2, '0')}`);
    expect(asi.filter((id) => !answered.has(id))).toEqual([]);
  });

  test('J6: docs/threat-model.md is what the data says', () => {
    const file = join(ROOT, 'docs/threat-model.md');
    if (process.env.UPDATE_THREATS === '1') writeFileSync(file, threatDocument());
    expect(readFileSync(file, 'utf8')).toBe(threatDocument());
  });
});
