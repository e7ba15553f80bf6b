import { ACCEPTABLE_USE_ANCHORS, workflowContractSchema } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { acceptableUsePage } from './page.ts';
import { exceptionFaults } from './read-sections.ts';

const contract = workflowContractSchema.parse({
  ...{ name: 'notes', version: '1.0', title: 'Notes', purpose: 'Takes notes.', tier: 'high' },
  owners: {
    security: 'sec@corp.test',
    platform: 'ops@corp.test',
    business: 'notes@corp.test',
    escalation: 'duty@corp.test',
  },
  scope: { sources: [], tools: [], prompts: [] },
  approvers: ['leads'],
  input: { type: 'object' },
});
const page = (acceptable_use: string | null, over: Partial<typeof contract> = {}) => {
  const sections = acceptableUsePage({ contract: { ...contract, ...over }, tools: [], sources: [], acceptable_use });
  return (anchor: string) => sections.find((section) => section.anchor === anchor)?.lines.join('\n') ?? '';
};

test('A5: every anchor has a section that says something, written or not', () => {
  for (const text of [null, '', '## Approved\n\n- Notes.\n'])
    expect(
      acceptableUsePage({ contract, tools: [], sources: [], acceptable_use: text }).map(({ anchor, lines }) => [
        anchor,
        lines.length > 0,
      ]),
    ).toEqual(ACCEPTABLE_USE_ANCHORS.map((anchor) => [anchor, true]));
});

test('A5: the owners’ words stand under their headings, and what is declared beside them', () => {
  const of = page(
    '# Title\n\n## Approved\n\n- Notes.\n\n## Prohibited tasks\n- Judging.\n\n## Colours\n- Blue.\n\n## Report\nTo us.\n',
  );
  expect(of('approved')).toBe('Notes.');
  expect(of('prohibited')).toBe('Judging.');
  expect(of('report')).toMatch(/^To us\.\n.*duty@corp\.test/s);
  expect(of('decisions')).toContain('leads');
  expect(ACCEPTABLE_USE_ANCHORS.map(of).join()).not.toContain('Blue');
  expect(page(null)('approved')).toContain('notes@corp.test');
});

test('A6: what becomes of data is told in words', () => {
  const boundaries = {
    ...{ repositories: [], logs: ['app-logs'], production_logs: false, secrets: 'redact' },
    identifiers: { customer: 'never', personal: 'pseudonyms' },
    kept: { models: ['inside'], days: 0 },
  } as const;
  const data = page(null, { boundaries: boundaries as never })('data');
  for (const words of [
    'app-logs, none of production',
    'taken out',
    'never goes',
    'pseudonyms',
    'inside',
    'when the run ends',
  ])
    expect(data).toContain(words);
  expect(page(null)('data')).toContain('not answered');
});

test('A5: an exception ends', () => {
  expect(exceptionFaults(['None.', 'Granted in writing. None is in force.'], '2026-11-21')).toEqual([]);
  expect(exceptionFaults(['Team A until 2026-11-21'], '2026-11-21')).toEqual([]);
  expect(exceptionFaults(['Team A until 2026-11-20', 'Team B for now'], '2026-11-21')).toEqual([
    '“Team A until 2026-11-20” has ended',
    '“Team B for now” has no end date',
  ]);
});
