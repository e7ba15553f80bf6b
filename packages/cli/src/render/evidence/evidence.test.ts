import { type EvidenceReport, evidenceReportSchema } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { controlToken, oscalOf } from './oscal.ts';
import { evidencePage } from './page.ts';
import { findChromium, printPdf } from './pdf.ts';

const HOSTILE = '<img src=x onerror=alert(1)> "\u202e& \'';

const report: EvidenceReport = evidenceReportSchema.parse({
  format: 'portreeve-evidence@v1',
  framework: 'nist-800-53',
  title: 'NIST SP 800-53 Rev. 5',
  made_at: '2026-11-20T12:00:00.000Z',
  span: { from: '2026-08-22T12:00:00.000Z', to: '2026-11-20T12:00:00.000Z' },
  portreeve: '0.1.0',
  environment: 'test',
  scope: null,
  remarks: [HOSTILE],
  controls: [
    {
      ...{ id: 'AC-3(2)', title: HOSTILE, edition: HOSTILE, source: HOSTILE, state: 'partly', beyond: HOSTILE },
      answers: [
        { fact: 'two-people', state: 'shown', text: HOSTILE, figures: { records: 1 }, records: ['7'] },
        { fact: 'quorums-met', state: 'gap', text: 'No approval is on record.', figures: {}, records: [] },
      ],
    },
    { id: 'SC-8', title: 'Transmission', edition: 'e5', source: 's', state: 'gap', beyond: 'Yours.', answers: [] },
    {
      ...{ id: 'AU-9', title: 'Protection', edition: 'e5', source: 's', state: 'shown', beyond: null },
      answers: [{ fact: 'log-verified', state: 'shown', text: 'It was.', figures: {}, records: ['7'] }],
    },
  ],
  logs: [{ name: 'main', origin: HOSTILE, vkey: HOSTILE, size: 8, checkpoint: HOSTILE }],
  proofs: [
    {
      place: '7',
      proof: 'c2sp.org/tlog-proof@v1',
      entry: JSON.stringify({
        id: 'rec_1',
        time: '2026-11-20T11:00:00.000Z',
        type: 'audit.verified',
        outcome: HOSTILE,
      }),
    },
  ],
});

test('H8: the page shows all of a report as text, runs nothing and asks nobody', () => {
  const page = evidencePage(report);
  expect(page).not.toContain('<img');
  expect(page).not.toContain('\u202e');
  expect(page).not.toMatch(/<script|https?:\/\/(?!.*xmlns)|url\(/);
  expect(page).toContain("default-src 'none'");
  expect(page.match(/&lt;img src=x onerror=alert\(1\)&gt; &quot;/g)!.length).toBeGreaterThanOrEqual(7);
  expect(page).toContain('<a href="#record-7">record 7</a>');
  expect(page).toContain('id="record-7"');
  for (const word of ['Shown', 'Partly shown', 'Gap', 'No approval is on record.', 'two-people'])
    expect(page).toContain(word);
});

const uuid = z
  .string()
  .regex(/^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$/);
const token = z.string().regex(/^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$/u);
const line = z.string().regex(/^\S(.*\S)?$/);
const props = z.array(z.strictObject({ name: token, ns: z.url(), value: line })).min(1);

/** The members of assessment-results of OSCAL 1.1 that we write, as its schema bounds them. */
const oscalSchema = z.strictObject({
  'assessment-results': z.strictObject({
    uuid,
    metadata: z.strictObject({
      ...{ title: z.string().min(1), 'last-modified': z.iso.datetime({ offset: true }), version: line },
      ...{ 'oscal-version': z.string().regex(/^1\.1\.\d+$/), props },
    }),
    'import-ap': z.strictObject({ href: z.string().regex(/^#/) }),
    results: z
      .array(
        z.strictObject({
          ...{ uuid, title: z.string().min(1), description: z.string().min(1) },
          ...{ start: z.iso.datetime({ offset: true }), end: z.iso.datetime({ offset: true }) },
          'reviewed-controls': z.strictObject({
            'control-selections': z
              .array(z.strictObject({ 'include-controls': z.array(z.strictObject({ 'control-id': token })).min(1) }))
              .min(1),
          }),
          observations: z
            .array(
              z.strictObject({
                ...{ uuid, title: z.string(), description: z.string().min(1), props },
                methods: z.array(z.enum(['EXAMINE', 'INTERVIEW', 'TEST', 'UNKNOWN'])).min(1),
                'relevant-evidence': z
                  .array(z.strictObject({ description: z.string().min(1), props }))
                  .min(1)
                  .optional(),
                collected: z.iso.datetime({ offset: true }),
              }),
            )
            .min(1),
          findings: z
            .array(
              z.strictObject({
                ...{ uuid, title: z.string(), description: z.string().min(1), props },
                target: z.strictObject({
                  type: z.enum(['statement-id', 'objective-id']),
                  'target-id': token,
                  status: z.strictObject({ state: z.enum(['satisfied', 'not-satisfied']), reason: token }),
                  remarks: z.string(),
                }),
                'related-observations': z
                  .array(z.strictObject({ 'observation-uuid': uuid }))
                  .min(1)
                  .optional(),
              }),
            )
            .min(1),
          remarks: z.string().optional(),
        }),
      )
      .min(1),
    'back-matter': z.strictObject({
      resources: z.array(z.strictObject({ uuid, title: z.string(), description: z.string() })),
    }),
  }),
});

test('H8: as OSCAL it has the members of assessment-results, a finding for each control, and satisfied only where all is shown', () => {
  const { 'assessment-results': results } = oscalSchema.parse(oscalOf(report));
  const [result] = results.results;
  expect(result!.findings.map(({ target }) => [target['target-id'], target.status.state])).toEqual([
    ['ac-3.2', 'not-satisfied'],
    ['sc-8', 'not-satisfied'],
    ['au-9', 'satisfied'],
  ]);
  const observed = new Set(result!.observations.map((each) => each.uuid));
  expect(observed.size).toBe(3);
  for (const { 'related-observations': related = [] } of result!.findings)
    for (const each of related) expect(observed).toContain(each['observation-uuid']);
  expect(results['import-ap'].href).toBe(`#${results['back-matter'].resources[0]!.uuid}`);
  expect(oscalOf(report)).toEqual(oscalOf(report));
  expect(oscalOf({ ...report, remarks: [] })).not.toEqual(oscalOf(report));
});

test('H8: ids of controls become tokens, those of SP 800-53 as its catalogue has them', () => {
  expect(['AC-3(2)', 'LLM01:2026', 'GOVERN 1.4', 'Art. 14(4)(e)', 'A.6.2.8', 'CC6.1', 'L1'].map(controlToken)).toEqual([
    ...['ac-3.2', 'llm01-2026', 'govern-1.4', 'art-14.4.e', 'a.6.2.8', 'cc6.1', 'l1'],
  ]);
});

test('H8: without Chromium the PDF is refused with what to do', async () => {
  await expect(findChromium({ CHROMIUM: '/no/such/chromium' })).rejects.toMatchObject({
    code: 'unavailable',
    next: expect.stringMatching(/CHROMIUM=PATH.*--format html/),
  });
});

const present = await findChromium().then(
  () => true,
  () => false,
);
if (!present) process.stderr.write('skipped: no Chromium (Debian: apt-get install chromium)\n');

test.skipIf(!present)(
  'H8: Chromium prints the page as PDF',
  async () => {
    const pdf = await printPdf(evidencePage(report));
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.length).toBeGreaterThan(5000);
  },
  60_000,
);
