import { z } from 'zod';
import { digestSchema } from './canonical.ts';
import { nameSchema } from './ids.ts';

/** What is run against a release before it may go on: its own tests, and its red team. */
export const REPORT_KINDS = ['tests', 'red-team'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/**
 * What one run of tests or of the red team found out about exactly one release (requirements H1, H3, H4). It is evidence by
 * its digest: who attaches it to a release signs it or has the server run it, and nobody types its figures.
 */
export const releaseReportSchema = z.strictObject({
  kind: z.enum(REPORT_KINDS),
  workflow: nameSchema,
  release: digestSchema,
  /** The version of Portreeve that ran it. */
  portreeve: z.string().min(1).max(40),
  started: z.iso.datetime(),
  ended: z.iso.datetime(),
  /** Whether every case came out as it should. */
  ok: z.boolean(),
  /** Whole numbers by name: counts, or shares in thousandths where the name ends in `_per_mille`. */
  figures: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), z.int()),
  cases: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(300),
        /** The file of the test, or the pack of the attack. */
        group: z.string().min(1).max(300),
        ok: z.boolean(),
        /** Why it did not come out as it should, or what was seen; null where there is nothing to say. */
        detail: z.string().max(2000).nullable(),
      }),
    )
    .max(20_000),
});
export type ReleaseReport = z.infer<typeof releaseReportSchema>;
