export { folderAnchor } from './anchor-folder.ts';
export type { SignedCheckpoint } from './checkpoint.ts';
export { columnsOf } from './columns.ts';
export { createCosigner } from './cosignature.ts';
export { PAYLOAD_MAX_BYTES } from './entry.ts';
export { createErasures, type Erasures, type Retention } from './erase/erasures.ts';
export {
  type ErasedKey,
  type Erasure,
  type ErasureStore,
  HOLD_KINDS,
  type Hold,
  type HoldKind,
} from './erase/ports.ts';
export { createRootRotation, type RootRotation } from './erase/rewrap.ts';
export { ERASURE_STATES, ERASURE_TABLE, type ErasureEvent, type ErasureState } from './erase/state.ts';
export type { ExportFile } from './export.ts';
export { createKeyRing, type KeyRing, type SealingKey } from './keys/key-ring.ts';
export type { KeyStore, StoredKey } from './keys/ports.ts';
export { seal, unseal } from './keys/sealed.ts';
export { type TextSealer, textSealer } from './keys/sealer.ts';
export { HOUSE, type SubjectDirectory, subjectDirectory, subjectName } from './keys/subjects.ts';
export { type WordTokens, wordTokens } from './keys/words.ts';
export { type AuditLog, type AuditLogOptions, createAuditLog, type HeadSigner } from './log.ts';
export { PLACE, parsePlace, placeText } from './log-routes.ts';
export { type AuditLogs, createAuditLogs, type NamedLog } from './logs.ts';
export { type LogsPage, type LogsQuery, logsQuerySchema, type PlacedRecord } from './logs-search.ts';
export { createNoteSigner, openNote } from './note.ts';
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
  SearchValues,
  StagedRecord,
  StoredCheckpoint,
  StoredNode,
  StoredRecord,
  StoreSearch,
  StoreSort,
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
export type { RunReplay } from './replay.ts';
export { findBehind } from './reveal/find-behind.ts';
export type { KeptOfRun, Reveal, RevealStore } from './reveal/ports.ts';
export { createReveals, type Reveals } from './reveal/reveals.ts';
export { REVEAL_STATES, REVEAL_TABLE, type RevealEvent, type RevealState } from './reveal/state.ts';
export {
  type AuditFilter,
  type AuditPage,
  type AuditQuery,
  auditFilterSchema,
  auditQuerySchema,
  SORTS,
} from './search.ts';
export { encodeBatch, STREAM_FORMATS, type StreamFormat } from './stream/formats.ts';
export { type CursorStore, deliverBatch, type Sink, type StreamBatch } from './stream/stream.ts';
export type { VerifyKind, VerifyOptions, VerifyReport } from './verify.ts';
export { type StoredLog, treeOf, verifyStored } from './verify-stored.ts';
