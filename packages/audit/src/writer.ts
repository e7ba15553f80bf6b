/**
 * The log for a process that only adds to it: it holds no signing key and cannot sign a head. It is apart from `index.ts`, so
 * that such a process has nothing loaded that signs (requirement F7).
 */
import type { AuditWriter } from '@portreeve/contract';
import { type AppendParts, appendRecords } from './append.ts';

export type { AuditStore } from './ports.ts';
export { createRedactor } from './redact/redactor.ts';

/** Adds records at the end of the log. Checkpoints that cover them are signed by the gatekeeper. */
export function createAuditWriter(parts: AppendParts): AuditWriter {
  return { append: (tx, drafts) => appendRecords(parts, tx, drafts) };
}
