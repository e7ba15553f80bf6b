export type { SignedCheckpoint } from './checkpoint.ts';
export { columnsOf, PAYLOAD_MAX_BYTES } from './entry.ts';
export type { ExportFile } from './export.ts';
export { type AuditLog, type AuditLogOptions, createAuditLog } from './log.ts';
export { createNoteSigner } from './note.ts';
export type {
  AuditStore,
  Batch,
  Head,
  IndexedRecord,
  Lead,
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
} from './ports.ts';
export type { Receipt } from './receipt.ts';
export { createRedactor } from './redact/redactor.ts';
export { type AuditFilter, type AuditPage, type AuditQuery, auditFilterSchema, auditQuerySchema } from './search.ts';
export type { VerifyKind, VerifyOptions, VerifyReport } from './verify.ts';
