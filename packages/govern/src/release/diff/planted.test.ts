import type { PlantedCase } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { toldTo, withoutPlanted } from './planted.ts';
import { fileChanges } from './texts.ts';

const CASE: PlantedCase = {
  ...{ id: 'says-more', input: {}, tool: 'publish_note', wrong: 'No event says that anybody agreed.' },
  args: { note: ['The head office agreed to it.'] },
};
const DECLARED = `[
      {
        id: 'says-more', // a [bracket
        wrong: 'No event says \\'that\\' anybody ]agreed.',
        args: { note: ['The head office agreed ' + 'to it.'] },
      },
    ]`;
const file = (planted: string, rest = '') =>
  `export default {\n  tier: 'low',\n  planted: ${planted},\n  run: 1,\n};\n${rest}`;

describe('H7: the text of a file without its planted cases', () => {
  test.each([
    ['a declaration, by its brackets', file(DECLARED)],
    ['no declaration', 'export default {\n  tier: 2,\n};\n'],
  ])('%s', (_name, text) => {
    const told = withoutPlanted(text, [CASE]);
    expect(told).toContain('export default {\n');
    expect(told).toContain('};\n');
    expect(told).not.toMatch(/says-more|anybody|head office/);
  });

  test.each([
    ['cases under another name', `const CASES = ${DECLARED};\n${file('CASES')}`],
    ['the id elsewhere', file(DECLARED, 'const skip = "says-more";')],
    ['the words of one in a comment', file(DECLARED, '// No event says that\n// anybody agreed.')],
    ['an argument that was put together', file('CASES', "const note = 'The head office' +\n  ' agreed to it.';")],
    ['a list that does not end', file(`[ { id: 'says-more' }`)],
    ['a text that does not end', file(`[ { pattern: /'/, id: 'says-more' } ]`)],
  ])('is withheld as a whole: %s', (_name, text) => {
    expect(withoutPlanted(text, [CASE])).toBeNull();
  });

  test('a difference is told twice: in full to who oversees, and to others without the cases', () => {
    const at = (text: string) => ({ files: [{ path: 'workflow.ts', bytes: Buffer.from(text) }] });
    const change = (before: string, after: string, oversees: boolean) =>
      toldTo(fileChanges(at(before), at(after), [CASE]), oversees).map(({ lines }) => lines);
    const next = file(DECLARED.replace('to it', 'to that')).replace("'low'", "'high'");
    expect(change(file(DECLARED), next, false)).toEqual([["-   tier: 'low',", "+   tier: 'high',"]]);
    expect(change(file(DECLARED), next, true)[0]).toHaveLength(4);
    const hidden = [['(lines that show planted cases: auditors and administrators are told them)']];
    expect(change(file(DECLARED), file(DECLARED.replace('to it', 'to that')), false)).toEqual(hidden);
    expect(change(file('CASES'), file('CASES', `const CASES = ${DECLARED};`), false)).toEqual(hidden);
    expect(change('', file(DECLARED), false)[0]?.join()).toMatch(/tier: 'low'.*planted cases.*run: 1/);
    expect(change(file('[]'), file('[]', 'more'), false)).toEqual(change(file('[]'), file('[]', 'more'), true));
  });
});
