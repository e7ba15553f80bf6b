export type { ProvedVerdict } from './content.ts';
export { type EvidenceResult, verifyEvidence } from './evidence.ts';
export { type ExportInput, type ExportProblem, type ExportResult, verifyExport } from './export.ts';
export {
  BadVerifierKey,
  type Checkpoint,
  type NoteFault,
  type OpenedNote,
  openNote,
  parseCheckpoint,
  parseVkey,
} from './note.ts';
export { type PasskeyAssertion, type PasskeyHome, verifyAssertion } from './passkey.ts';
export { BadPolicy, type Policy, parsePolicy, type Trust } from './policy.ts';
export { type ReceiptProblem, type ReceiptResult, verifyReceipt } from './receipt.ts';
export { newRegistrations, type Registrations } from './registrations.ts';
export { type ReadResource, verifyTiles } from './tiles.ts';
export { leafHash, verifyConsistency, verifyInclusion } from './tree.ts';
export { UNSEEN } from './unseen.ts';
export { type SignedVerdict, type VerdictStatement, verifyVerdict } from './verdict.ts';
