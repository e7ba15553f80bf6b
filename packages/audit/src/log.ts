import {
  type AuditRecord,
  type AuditWriter,
  type Clock,
  draft,
  type JsonObject,
  PortreeveError,
  type RecordDraft,
  type RunId,
  SYSTEM_ACTOR,
  subjectSchema,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { checkpointer, readCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { type ExportFile, exportFiles } from './export.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { KeyStore } from './keys/ports.ts';
import { type OpenedRecord, payloadSealer } from './keys/sealer.ts';
import type { SubjectDirectory } from './keys/subjects.ts';
import type { WordTokens } from './keys/words.ts';
import type { AuditStore, Cosigner, NoteSigner, Redactor, StoredRecord } from './ports.ts';
import { openRecords } from './reader.ts';
import { consistencyProof, inclusionProof, makeReceipt, type Receipt } from './receipt.ts';
import { type RunReplay, replayRun } from './replay.ts';
import { type AuditFilter, type AuditPage, type AuditQuery, searchRecords, toRecords } from './search.ts';
import { Sequencer } from './sequencer.ts';
import { stageDrafts, stageIn } from './stage-drafts.ts';
import { hasTile, parseTilePath, readTile } from './tiles.ts';
import { type VerifyOptions, type VerifyReport, verifyLog } from './verify.ts';

/** Records that are made searchable in one step. */
const INDEX_BATCH = 500;
/** Records for which there is room ahead: many more than the sequencer can write between two looks. */
const ROOM = 2 ** 20;

export interface AuditLog extends AuditWriter {
  /** The log's name; the first line of its checkpoints. */
  readonly origin: string;
  /** The public key that checks its checkpoints. */
  readonly vkey: string;
  /** The public key of its second signature (C2SP tlog-cosignature, ML-DSA-44); `null` where it has none. */
  readonly cosigner_vkey: string | null;
  /** Resolves when all that was appended before has its place in the log, and can be read and searched. */
  settle(): Promise<void>;
  /** Gives the lead of the log back, should this process hold it. Nothing is lost: another one takes over. */
  close(): Promise<void>;
  /** Makes room for the records of some time to come. To be called at the start and on a schedule. */
  prepare(): Promise<void>;
  /**
   * Takes whole parts of the log out of the database whose records are all from before that time, and records that it
   * does. Gives the index below which there are no records any more; `null` where no part is old enough.
   */
  detach(before: Date): Promise<number | null>;
  /** Records from an index on, opened, for a stream. */
  read(from: number, limit: number): Promise<readonly OpenedRecord[]>;
  /** How many records there are. */
  size(): Promise<number>;
  /** `null` where there is no such record. */
  get(index: number): Promise<AuditRecord | null>;
  search(query?: AuditQuery): Promise<AuditPage>;
  /** Signs the head, also where nothing was added. Opens a transaction. Throws `log_broken` rather than sign a fork. */
  checkpoint(): Promise<SignedCheckpoint>;
  newestCheckpoint(): Promise<SignedCheckpoint | null>;
  /** The bytes of a C2SP tlog-tiles resource (its path behind `tile/`); `null` where the newest checkpoint has none such. */
  tile(path: string): Promise<Buffer | null>;
  /** RFC 6962 section 2.1.1. Throws `bad_request` where the log never had that size or index. */
  inclusionProof(index: number, size: number): Promise<Uint8Array[]>;
  /** RFC 6962 section 2.1.2. */
  consistencyProof(first: number, second: number): Promise<Uint8Array[]>;
  /** May sign a new checkpoint, so it opens a transaction. Throws `not_found`. */
  receipt(index: number): Promise<Receipt>;
  /** Receipts for several records under one checkpoint, in their order. Throws `not_found`. */
  receipts(
    indexes: readonly number[],
  ): Promise<{ readonly checkpoint: SignedCheckpoint; readonly receipts: readonly Receipt[] }>;
  /** All that the log says of a run, with proofs under one checkpoint. Signs one where records are newer. */
  replay(run: RunId, options?: { readonly workflows?: readonly string[] | null }): Promise<RunReplay>;
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /** The files of an export; read the content of each before the next. Signs a checkpoint where records are newer. */
  exportLog(filter?: AuditFilter & { readonly workflows?: readonly string[] }): AsyncIterable<ExportFile>;
}

/** Signs heads of a log in another process. */
export interface HeadSigner {
  readonly name: string;
  /** The keys that check what it signs. */
  readonly vkey: string;
  readonly cosigner_vkey: string | null;
  /** Resolves once a head is signed and stored that covers all that had its place before the call. */
  signHead(): Promise<void>;
}

export interface AuditLogOptions {
  readonly store: AuditStore;
  readonly uow: UnitOfWork;
  /** Signs the heads; in a process that holds no key of the log and never leads it: who signs in its place. */
  readonly signer: NoteSigner | HeadSigner;
  readonly redactor: Redactor;
  /** What payloads are sealed with, and for whom. */
  readonly keys: {
    readonly store: Pick<KeyStore, 'marks' | 'declare'>;
    readonly ring: KeyRing;
    readonly subjects: SubjectDirectory;
    readonly words: WordTokens;
    /** Whom a task is about besides who asks: what its workflow declares. */
    declared?(workflow: string, input: JsonObject): readonly string[];
  };
  /** A schema-less URL such as `acme.example/audit/main`; the same as the signer's name. */
  readonly origin: string;
  readonly clock: Clock;
  /** Cosigns every checkpoint beside the signer. */
  readonly cosigner?: Cosigner;
  /** Receipts and exports prefer a checkpoint that so many witnesses have cosigned. */
  readonly quorum?: number;
  /** Whether a record is taken also while others wait too long for their place: what is durable need not be placed. */
  readonly mayWait?: (draft: RecordDraft) => boolean;
  /** See `Sequencer`. */
  readonly elapsed?: () => number;
  /** Public keys that signed earlier checkpoints of this log. */
  readonly earlierKeys?: readonly string[];
}

/**
 * The record: an RFC 6962 Merkle log over canonical entries, in a database that only inserts. See SPEC.md for what it
 * promises.
 */
export function createAuditLog(options: AuditLogOptions): AuditLog {
  const { store, origin, signer, keys } = options;
  if (signer.name !== origin) throw new TypeError('the name of the signing key must be the origin of the log');
  const sequencer = new Sequencer({ ...options, leads: !('signHead' in signer) });
  const cosigner_vkey = 'signHead' in signer ? signer.cosigner_vkey : (options.cosigner?.vkey ?? null);
  const vkeys = [signer.vkey, ...(cosigner_vkey ? [cosigner_vkey] : []), ...(options.earlierKeys ?? [])];
  const sealer = payloadSealer(keys.ring, keys.subjects);
  const reader = openRecords(store, sealer);

  const newest = async (cosignatures = 0) => {
    const stored = await store.newestCheckpoint(null, origin, cosignatures);
    return stored && readCheckpoint(stored, origin, vkeys);
  };
  const signedElsewhere = async ({ signHead }: HeadSigner) => {
    await signHead();
    const signed = await newest();
    if (!signed) throw new PortreeveError('unavailable', 'The head of the log was signed, and is not there.');
    return signed;
  };
  const sign =
    'signHead' in signer
      ? () => signedElsewhere(signer)
      : checkpointer({ ...options, signer, cosigner: options.cosigner ?? null, vkeys });
  const covering = async (size: number) => {
    for (const cosignatures of new Set([options.quorum ?? 0, 0])) {
      const checkpoint = await newest(cosignatures);
      if (checkpoint && checkpoint.size >= size) return checkpoint;
    }
    return sign();
  };
  const existing = async (index: number): Promise<OpenedRecord> => {
    const record = Number.isSafeInteger(index) && index >= 0 ? await reader.record(origin, index) : null;
    if (!record) throw new PortreeveError('not_found', `The log has no record ${index}.`);
    return record;
  };

  /** INVARIANT: whatever reads sees what was appended before it asked, also while it waits for its place. */
  const settle = () => sequencer.settle();
  const searchable = async () => {
    await settle();
    while ((await store.index(origin, INDEX_BATCH, words)) === INDEX_BATCH);
  };
  const words = async (records: readonly StoredRecord[]) =>
    (await sealer.open(records)).map(({ payload }) => (payload === null ? '' : keys.words.ofPayload(payload)));
  /** INVARIANT: whom a run is about is known before anything of it is sealed. */
  const declare = async (tx: Tx, { type, actor, refs, data }: RecordDraft) => {
    if (type !== 'run.submitted' || !refs?.run) return;
    const { workflow, input } = data as RecordDraft<'run.submitted'>['data'];
    const others = keys.declared?.(workflow, input as JsonObject) ?? [];
    const about = [actor.id, ...others].filter((id) => subjectSchema.safeParse(id).success);
    if (about.length === 0) return;
    await keys.store.declare(tx, refs.run, workflow, about);
    keys.subjects.declared(refs.run, about);
  };
  const mayWait = (drafts: readonly RecordDraft[]) => drafts.every((each) => options.mayWait?.(each) ?? false);
  const stage = (drafts: readonly RecordDraft[]) => stageDrafts(drafts, sealer, { ...options, log: origin });

  const log: AuditLog = {
    origin,
    vkey: signer.vkey,
    cosigner_vkey,
    async append(tx, drafts) {
      if (drafts.length === 0) return;
      for (const draft of drafts) await declare(tx, draft);
      const staged = await stage(drafts);
      sequencer.staged(mayWait(drafts));
      await stageIn(tx, store, origin, staged);
    },
    async record(drafts, place = 'next') {
      const staged = await stage(drafts);
      const wait = mayWait(drafts);
      if (
        staged.every(({ key }) => key === null) &&
        (await sequencer.append(staged, { mayWait: wait, behind: place === 'behind' }))
      )
        return;
      sequencer.staged(wait);
      await options.uow.transaction((tx) => stageIn(tx, store, origin, staged));
    },
    settle: searchable,
    close: () => sequencer.close(),
    async prepare() {
      const { size } = await store.head(null, origin);
      await store.prepare(origin, size, ROOM);
    },
    async detach(before) {
      await searchable();
      const below = await store.detachable(origin, before);
      if (below === null) return null;
      const data = { below, before: before.toISOString() };
      await log.record([draft({ type: 'audit.detached', actor: SYSTEM_ACTOR, outcome: 'detached', data })]);
      // Signed before anything is gone: what is missing then was declared under a signature.
      await log.checkpoint();
      await store.detach(origin, below);
      return below;
    },
    read: (from, limit) => reader.records(origin, from, limit),
    async size() {
      await settle();
      return (await store.head(null, origin)).size;
    },
    async get(index) {
      await settle();
      const record = Number.isSafeInteger(index) && index >= 0 ? await reader.record(origin, index) : null;
      return record && (await toRecords([record], keys.store))[0]!;
    },
    async search(query = {}) {
      await searchable();
      return searchRecords(reader, keys.store, origin, query, keys.words);
    },
    async checkpoint() {
      await settle();
      return sign();
    },
    newestCheckpoint: () => newest(),
    async tile(path) {
      const tile = parseTilePath(path);
      const { size } = (tile && (await newest())) ?? { size: 0 };
      return tile && hasTile(size, tile) ? readTile(store, origin, tile) : null;
    },
    inclusionProof: (index, size) => inclusionProof(store, origin, index, size),
    consistencyProof: (first, second) => consistencyProof(store, origin, first, second),
    async receipt(index) {
      await settle();
      const record = await existing(index);
      return makeReceipt(store, origin, record, await covering(index + 1));
    },
    async receipts(indexes) {
      await settle();
      const records: OpenedRecord[] = [];
      for (const index of indexes) records.push(await existing(index));
      const checkpoint = await covering(Math.max(-1, ...indexes) + 1);
      const receipts: Receipt[] = [];
      for (const record of records) receipts.push(await makeReceipt(store, origin, record, checkpoint));
      return { checkpoint, receipts };
    },
    async replay(run, { workflows = null } = {}) {
      await searchable();
      const { size } = await store.head(null, origin);
      return replayRun(reader, run, { checkpoint: await covering(size), vkey: signer.vkey, workflows });
    },
    async verify(settings = {}) {
      await settle();
      // Records are looked at whether they can be filed for searches or not.
      await searchable().catch(() => undefined);
      return verifyLog(reader, origin, vkeys, settings);
    },
    async *exportLog(filter = {}) {
      await searchable();
      const { size } = await store.head(null, origin);
      yield* exportFiles(reader, await covering(size), signer.vkey, filter, keys.words);
    },
  };
  return log;
}
