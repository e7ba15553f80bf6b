import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { citations, citedIds } from './citations.ts';
import { INVARIANTS } from './invariants.ts';
import { ROOT, sourceFiles } from './repository.ts';
import { OPEN_MAX, REQUIREMENTS } from './requirements.ts';

const cited = citations(sourceFiles());
const citedBy = Map.groupBy(cited, (citation) => citation.id);
const rows = [...REQUIREMENTS, ...INVARIANTS];

describe('the table', () => {
  test('has every id once, in order', () => {
    const ids = REQUIREMENTS.map((row) => row.id);
    const sizes = { A: 6, B: 6, C: 9, D: 11, E: 9, F: 13, G: 9, H: 9, I: 8, J: 6 };
    expect(ids).toEqual(
      Object.entries(sizes).flatMap(([letter, size]) => Array.from({ length: size }, (_, i) => `${letter}${i + 1}`)),
    );
    expect(INVARIANTS.map((row) => row.id)).toEqual(Array.from({ length: 10 }, (_, i) => `INV${i + 1}`));
  });

  test('what is still open is printed, and its number only falls', () => {
    const open = REQUIREMENTS.filter((row) => row.status === 'open');
    const thin = REQUIREMENTS.filter((row) => row.status === 'thin');
    console.log(
      [
        `requirements: ${REQUIREMENTS.length - open.length - thin.length} done, ${thin.length} thin, ${open.length} open`,
        ...open.map((row) => `  open  ${row.id.padEnd(4)} ${row.what}`),
        ...INVARIANTS.filter((row) => row.status === 'open').map((row) => `  open  ${row.id} ${row.name}: ${row.what}`),
      ].join('\n'),
    );
    // If you are here because this failed: with fewer open rows, lower OPEN_MAX to their number. With more, a promise
    // was taken back: do not raise OPEN_MAX for that.
    expect(open.length).toBe(OPEN_MAX);
  });
});

describe('citations', () => {
  test.each(rows.filter((row) => row.status !== 'open').map((row) => [row.id, row.what] as const))(
    '%s is cited by a test that runs (%s)',
    (id) => {
      // If you are here because this failed: no test's name begins with this id. Write the test that would fail if the
      // promise broke, and begin its name with the id.
      expect(citedBy.get(id)?.length ?? 0).toBeGreaterThan(0);
    },
  );

  test('name only ids that exist', () => {
    const known = new Set(rows.map((row) => row.id));
    const unknown = cited.filter((citation) => !known.has(citation.id));
    expect(unknown.map((citation) => `${citation.where} cites ${citation.id}`)).toEqual([]);
  });

  test('no SPEC.md gives its invariants the names of requirements', () => {
    // If you are here because this failed: a test that cites such an invariant would be taken for a citation of the
    // requirement. Number them plainly, and cite them as `SPEC 7: …`.
    const looksAlike = globSync('packages/*/SPEC.md', { cwd: ROOT }).filter((path) =>
      /\*\*(?:[A-J]|INV)\d{1,3}\*\*/.test(readFileSync(join(ROOT, path), 'utf8')),
    );
    expect(looksAlike).toEqual([]);
  });

  test('open rows that a test cites already are printed: they may be more than open', () => {
    const ahead = rows.filter((row) => row.status === 'open' && citedBy.has(row.id));
    if (ahead.length > 0) console.log(`open, but cited: ${ahead.map((row) => row.id).join(', ')}`);
    for (const row of ahead) expect(citedBy.get(row.id)?.[0]?.where).toMatch(/:\d+$/);
  });
});

describe('the reader of citations', () => {
  const idsIn = (text: string, path = 'packages/a/src/b.test.ts', more: { path: string; text: string }[] = []) =>
    citations([{ path, text }, ...more]).map((citation) => citation.id);

  test.each<[string, string[]]>([
    ['F9: a spent grant is refused', ['F9']],
    ['F6 F9: two', ['F6', 'F9']],
    ['F6, INV10: two', ['F6', 'INV10']],
    ['INV6: one', ['INV6']],
    ['F99: unknown ids are ids too', ['F99']],
    ['F9 without a colon', []],
    ['F9:', []],
    ['a test of F9: not at the beginning', []],
    ['C2SP: a word that only begins alike', []],
    ['RFC 8785: no id', []],
  ])('reads %j', (name, ids) => {
    expect(citedIds(name)).toEqual(ids);
  });

  test('sees test, it, describe, each with a table, and templates', () => {
    expect(idsIn("test('A1: x', () => {}); it('A2: x', () => {}); describe('A3: x', () => {});")).toEqual([
      'A1',
      'A2',
      'A3',
    ]);
    expect(idsIn("test.each([1, 2])('B1: %s', () => {});")).toEqual(['B1']);
    expect(idsIn("test.each([['B1: x', 1], ['B2: y', 2]])('%s is refused', () => {});")).toEqual(['B1', 'B2']);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a test file
    expect(idsIn("test.for([1])(`B3: ${'x'}`, () => {});")).toEqual(['B3']);
    expect(idsIn("test('B4: long ' + name, () => {});")).toEqual(['B4']);
    expect(idsIn("test.concurrent('B5: x', () => {});")).toEqual(['B5']);
  });

  test('does not count what does not run', () => {
    for (const word of ['skip', 'todo', 'fails'])
      expect(
        idsIn(`test.${word}('A1: x', () => {}); describe.${word}('x', () => { test('A2: y', () => {}); });`),
      ).toEqual([]);
    expect(idsIn("// test('A1: x', () => {});\nconst text = \"test('A2: x')\";")).toEqual([]);
    expect(idsIn("test('A1: x', () => {});", 'packages/a/src/b.ts')).toEqual([]);
  });

  test('counts a contract suite only where a test file calls it', () => {
    const suite = "export function storeContract(name: string) { test('G3: x', () => {}); }";
    expect(idsIn(suite, 'packages/a/src/testing/index.ts')).toEqual([]);
    const caller = { path: 'packages/a/src/store.test.ts', text: "storeContract('memory');" };
    expect(idsIn(suite, 'packages/a/src/testing/index.ts', [caller])).toEqual(['G3']);
  });
});
