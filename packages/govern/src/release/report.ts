import type { KeyObject } from 'node:crypto';
import {
  canonicalJson,
  type Digest,
  digestOfText,
  isPortreeveError,
  PortreeveError,
  type ReleaseReport,
  releaseReportSchema,
} from '@portreeve/contract';
import { envelopeOf, type Signer, seal, signersOf } from './envelope.ts';

/** Characters of a sealed report: 20,000 cases with what there is to say of them. */
export const REPORT_CHARS_MAX = 16 * 1024 * 1024;

export interface OpenedReport {
  readonly report: ReleaseReport;
  /** Of its canonical text: what is approved and recorded names it by this. */
  readonly evidence: Digest;
  readonly signed_by: readonly string[];
}

/** A report under a signature, as a text: the same report and key give the same bytes. */
export function sealReport(report: ReleaseReport, signer: Signer): string {
  return `${JSON.stringify(seal('report', canonicalJson(releaseReportSchema.parse(report)), signer))}\n`;
}

/** Reads a sealed report. Throws `bad_request` for what is none. By whom it is signed is for the caller to look at. */
export function openReport(text: string, keys: ReadonlyMap<string, KeyObject>): OpenedReport {
  if (text.length > REPORT_CHARS_MAX)
    throw new PortreeveError('too_large', `A report has at most ${REPORT_CHARS_MAX} characters.`);
  try {
    const envelope = envelopeOf('report').parse(JSON.parse(text));
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8');
    const report = releaseReportSchema.parse(JSON.parse(payload));
    if (canonicalJson(report) !== payload) throw new SyntaxError('it is not in its canonical form');
    return { report, evidence: digestOfText(payload), signed_by: signersOf(envelope, keys) };
  } catch (cause) {
    if (isPortreeveError(cause)) throw cause;
    throw new PortreeveError('bad_request', 'This is no sealed report on a release.', {
      next: 'Write one with `portreeve test --report` or `portreeve redteam --report`, and sign it: `portreeve release attest`.',
      cause,
    });
  }
}
