export { folderAnchor } from './anchor-folder.ts';
export type { SignedCheckpoint } from './checkpoint.ts';
export { createCosigner } from './cosignature.ts';
export { columnsOf, PAYLOAD_MAX_BYTES } from './entry.ts';
export type { ExportFile } from './export.ts';
export { type AuditLog, type AuditLogOptions, createAuditLog } from './log.ts';
export { createNoteSigner } from './note.ts';
export type {
  AnchorStore,
  AuditStore,
  Batch,
  Cosigner,
  Head,
  IndexedRecord,
  Lead,
  NewCosignature,
  NewRecord,
  NodeRange,
  NoteSigner,
  PendingRecord,
  RecordColumns,
  Redactor,
  StagedRecord,
  StoredCheckpoint,
  StoredNode,
  StoredRecord,
  StoreSearch,
  Witness,
} from './ports.ts';
export {
  createPublisher,
  type PlaceState,
  type PlaceStatus,
  type Publisher,
  type PublisherOptions,
} from './publish.ts';
export type { Receipt } from './receipt.ts';
export { createRedactor } from './redact/redactor.ts';
export { type AuditFilter, type AuditPage, type AuditQuery, auditFilterSchema, auditQuerySchema } from './search.ts';
export type { VerifyKind, VerifyOptions, VerifyReport } from './verify.ts';
