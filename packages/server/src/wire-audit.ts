import { resolve } from 'node:path';
import {
  type AnchorStore,
  type AuditLogOptions,
  type AuditStore,
  createAuditLog,
  createAuditLogs,
  createCosigner,
  createNoteSigner,
  createPublisher,
  folderAnchor,
  type HeadSigner,
  type PlaceStatus,
  type Redactor,
  type Witness,
} from '@portreeve/audit';
import {
  type AuditConfig,
  type Clock,
  draft,
  MAIN_LOG,
  PortreeveError,
  type ProjectConfig,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { type DeclaredLog, folderOf, logsOf } from './config/audit-logs.ts';
import type { Keys } from './config/keys.ts';
import { openS3 } from './config/open-s3.ts';
import { wayOut } from './config/way-out.ts';
import { publishEach } from './publish-each.ts';
import type { Database } from './store/database.ts';

/** Bytes of a witness's answer, at the most: a few signature lines. */
const ANSWER_BYTES_MAX = 64 * 1024;
const WITNESS_TIMEOUT_MS = 10_000;

export interface WireAuditOptions {
  readonly database: Database;
  readonly config: ProjectConfig;
  readonly projectFolder: string;
  readonly store: AuditStore;
  readonly redactor: Redactor;
  readonly sealing: AuditLogOptions['keys'];
  readonly mayWait: NonNullable<AuditLogOptions['mayWait']>;
  readonly clock: Clock;
}

/** The record for a process that stages and reads, while a gatekeeper in another one places and signs. */
export function wireAuditElsewhere(options: WireAuditOptions & { readonly heads: ReadonlyMap<string, HeadSigner> }) {
  const { database, store, config, clock, redactor, sealing, mayWait, heads } = options;
  const open = ({ name, origin, workflows }: DeclaredLog) => {
    const signer = heads.get(origin);
    if (!signer)
      throw new PortreeveError('misconfigured', `The gatekeeper knows no log ${origin}.`, {
        next: 'Give both the same portreeve.config.ts.',
      });
    const log = createAuditLog({
      ...{ store, origin, clock, signer, redactor, mayWait, uow: database, keys: sealing, quorum: config.audit.quorum },
    });
    return { name, workflows, log };
  };
  const { main, others } = logsOf(config);
  return createAuditLogs({
    ...{ main: open(main).log, others: others.map(open), store, uow: database, keys: sealing },
  });
}

/** The record with its keys, and the places outside that are shown its checkpoints. */
export function wireAudit(options: WireAuditOptions & { readonly keys: Keys }) {
  const { database, store, config, keys, clock, redactor, sealing, mayWait } = options;
  const outside = placesOf(config.audit, options);
  // The keys are the house's; the name that they sign by is the log's own.
  const open = ({ name, origin, workflows }: DeclaredLog) => {
    const cosigner = createCosigner({ name: origin, privateKey: keys.log_ml_dsa });
    const log = createAuditLog({
      ...{ store, origin, clock, cosigner, uow: database, quorum: config.audit.quorum },
      signer: createNoteSigner({ name: origin, privateKey: keys.log }),
      ...{ redactor, keys: sealing, mayWait },
    });
    const publisher = createPublisher({
      ...{ store, origin, clock, vkeys: [log.vkey, cosigner.vkey] },
      ...outside.placesOf(name),
      onChange: async (place) => log.record([draft({ type: 'audit.place', actor: SYSTEM_ACTOR, ...told(place) })]),
    });
    return { named: { name, workflows, log }, published: { name, origin, publisher } };
  };
  const { main, others } = logsOf(config);
  const own = open(main);
  const rest = others.map(open);
  const named = { main: own.named.log, others: rest.map(({ named }) => named) };
  const audit = createAuditLogs({ ...named, store, uow: database, keys: sealing });
  const publisher = publishEach([own, ...rest].map(({ published }) => published));
  return { audit, publisher, closeEgress: outside.close };
}

function told({ kind, name, state, size, detail }: PlaceStatus) {
  return { outcome: state, data: { kind, name, state, size, detail } };
}

/**
 * Each place has a way out of its own: what reaches a witness reaches nothing else. A place is the same for every log;
 * where tiles lie, each log but the main one has a folder of its own.
 */
export function placesOf(config: AuditConfig, { projectFolder, clock }: { projectFolder: string; clock: Clock }) {
  const closing: (() => Promise<void>)[] = [];
  const through = (urls: readonly URL[], allowed: boolean) => {
    const egress = wayOut(urls, allowed);
    closing.push(() => egress.close());
    return egress.fetch;
  };
  const anchors = config.anchors.map((anchor): AnchorStore => {
    if (anchor.store === 'folder')
      return folderAnchor({ name: anchor.name, folder: resolve(projectFolder, anchor.folder) });
    const bucket = openS3(anchor.name, anchor, { folder: projectFolder, clock });
    closing.push(bucket.close);
    return bucket.objects;
  });
  const witnesses = config.witnesses.map((witness): Witness => {
    const url = new URL(`${witness.url.replace(/\/+$/, '')}/add-checkpoint`);
    const fetch = through([url], witness.private);
    return { name: witness.name, vkeys: witness.vkeys, add: (body) => post(fetch, url, body) };
  });
  return {
    placesOf: (log: string) => ({
      anchors: log === MAIN_LOG ? anchors : anchors.map((anchor) => within(anchor, folderOf(log))),
      witnesses,
    }),
    close: () => Promise.all(closing.map((close) => close())),
  };
}

function within(anchor: AnchorStore, folder: string): AnchorStore {
  return {
    name: anchor.name,
    read: (path) => anchor.read(`${folder}/${path}`),
    write: (path, bytes) => anchor.write(`${folder}/${path}`, bytes),
  };
}

async function post(fetch: typeof globalThis.fetch, url: URL, body: string): Promise<{ status: number; text: string }> {
  const init = { method: 'POST', body, signal: AbortSignal.timeout(WITNESS_TIMEOUT_MS) };
  const response = await fetch(url, init).catch((error: unknown) => {
    const late = error instanceof Error && error.name === 'TimeoutError';
    throw new Error(late ? `no answer within ${WITNESS_TIMEOUT_MS} ms` : 'it cannot be reached');
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return { status: response.status, text: Buffer.concat(chunks).toString('utf8') };
}
