export type { SignedCheckpoint } from './checkpoint.ts';
export { columnsOf } from './columns.ts';
export { PAYLOAD_MAX_BYTES } from './entry.ts';
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
  SearchValues,
  StagedRecord,
  StoredCheckpoint,
  StoredNode,
  StoredRecord,
  StoreSearch,
} from './ports.ts';
export type { Receipt } from './receipt.ts';
export { createRedactor } from './redact/redactor.ts';
export type { RunReplay } from './replay.ts';
export { type AuditFilter, type AuditPage, type AuditQuery, auditFilterSchema, auditQuerySchema } from './search.ts';
export { encodeBatch, STREAM_FORMATS, type StreamFormat } from './stream/formats.ts';
export { type CursorStore, deliverBatch, type Sink, type StreamBatch } from './stream/stream.ts';
export type { VerifyKind, VerifyOptions, VerifyReport } from './verify.ts';
