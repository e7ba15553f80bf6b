import type { IncomingHttpHeaders } from 'node:http';
import { PROOF_HEADER } from '@portreeve/contract';

/** What the proof of a received request claims, unverified. Throws where there is none. */
export function proofClaims(headers: IncomingHttpHeaders): Record<string, unknown> {
  const [, payload = ''] = String(headers[PROOF_HEADER.toLowerCase()]).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}
