import {
  createCosigner,
  createNoteSigner,
  createPublisher,
  createRedactor,
  treeOf,
  verifyStored,
} from '@portreeve/audit';
import { createAuditWriter } from '@portreeve/audit/writer';
import {
  type Clock,
  draft,
  PortreeveError,
  type ProjectConfig,
  type RecordDraft,
  SYSTEM_ACTOR,
  type Tx,
} from '@portreeve/contract';
import type pg from 'pg';
import { logsOf } from '../config/audit-logs.ts';
import { loadKeys } from '../config/keys.ts';
import { openRootKeys } from '../keys/root-keys.ts';
import { type LogPlace, publishEach, type Seen } from '../publish-each.ts';
import { auditStore } from '../store/audit.ts';
import { type Database, databaseOn } from '../store/database.ts';
import { environmentStore } from '../store/environment.ts';
import { insertRestore } from '../store/restores.ts';
import { erasePseudonymsOf } from '../store/subject-keys.ts';
import { eraseValuesOf } from '../store/values.ts';
import { placesOf } from '../wire-audit.ts';
import { wireKeys } from '../wire-keys.ts';
import { type Manifest, unusable } from './manifest.ts';

/** What a restore needs to know to look at what it has loaded. */
export interface RestoredParts {
  readonly config: ProjectConfig;
  readonly projectFolder: string;
  readonly stateFolder: string;
  readonly manifest: Manifest;
  /** That of the archive of keys. */
  readonly keysManifest: Manifest;
  readonly clock: Clock;
  readonly acceptRollback: boolean;
  readonly erased_keys: number;
}

/**
 * Looks at what was loaded, inside the transaction that loaded it: each tree against the manifest, every record, and what
 * the world has seen. Then records the restore and freezes everything. Gives who has seen more; throws `log_broken`.
 */
export async function settleRestored(client: pg.Client, parts: RestoredParts): Promise<readonly Seen[]> {
  const { config, projectFolder, stateFolder, manifest, clock } = parts;
  const database = databaseOn(client);
  // The one that is open.
  const tx = {} as Tx;
  const { main, others } = logsOf(config);
  const keys = await loadKeys(stateFolder);
  const wrapper = openRootKeys({ config: config.root_keys, projectFolder, stateFolder, clock });
  try {
    const sealing = wireKeys({ database, key: keys.redaction, wrapper, clock });
    const store = auditStore(database);
    const logs = [main, ...others].map(({ name, origin }): RestoredLog => {
      const note = createNoteSigner({ name: origin, privateKey: keys.log });
      const cosigner = createCosigner({ name: origin, privateKey: keys.log_ml_dsa });
      return { name, origin, store, vkeys: [note.vkey, cosigner.vkey], keys: sealing };
    });
    await eraseAgain(database, tx);
    for (const log of logs) await assertWhole(log, parts);
    const ahead = await seenBeyond(parts, logs);
    const uow = { transaction: async <T>(work: (tx: Tx) => Promise<T>) => work(tx) };
    const redactor = createRedactor({ key: keys.redaction });
    const writerOf = ({ origin }: Pick<RestoredLog, 'origin'>) =>
      createAuditWriter({
        store,
        uow,
        redactor,
        keys: sealing,
        routes: { main: origin, originByWorkflow: new Map() },
        clock,
      });
    for (const log of logs) await writerOf(log).append(tx, [restoredRecord(log, parts, ahead)]);
    await writerOf(main).append(tx, [await freezeAll(database, tx, parts)]);
    await insertRestore(database, { backup: manifest.backup, at: clock.now(), ahead });
    return ahead;
  } finally {
    await wrapper.close();
  }
}

/** One of the logs that was loaded, with what its checkpoints are checked by. */
interface RestoredLog extends Readonly<Parameters<typeof verifyStored>[0]> {
  readonly name: string;
}

/** What an erasure that is on record has taken away besides keys. */
async function eraseAgain(database: Database, tx: Tx): Promise<void> {
  const erased = await database.read.selectFrom('erasures').select('subject').where('state', '=', 'erased').execute();
  for (const { subject } of erased) {
    await erasePseudonymsOf(database, tx, subject);
    await eraseValuesOf(database, tx, subject);
  }
}

async function assertWhole(log: RestoredLog, { manifest, keysManifest }: RestoredParts): Promise<void> {
  const { trees, backup } = manifest;
  const loaded = await treeOf(log.store, log.origin);
  // One that the configuration has got since: nothing may be there.
  const { size, root, checkpoint } = trees.find((tree) => tree.log === log.origin) ?? {
    ...loaded,
    size: 0,
    checkpoint: '',
  };
  if (loaded.size !== size || loaded.root !== root)
    throw unusable(
      `The backup holds a tree of ${loaded.size} records of ${log.origin}, and its manifest says ${size}, or another root.`,
    );
  const report = await verifyStored(log, { anchors: checkpoint === '' ? [] : [checkpoint] });
  const other =
    keysManifest.backup === backup
      ? ''
      : `; the archive of keys is of another backup (${keysManifest.backup} of ${keysManifest.made_at})`;
  if (!report.ok) throw unusable(`The log ${log.origin} in the backup does not verify: ${report.problem}${other}.`);
}

async function seenBeyond(
  { config, projectFolder, clock, acceptRollback }: RestoredParts,
  logs: readonly RestoredLog[],
): Promise<readonly Seen[]> {
  const outside = placesOf(config.audit, { projectFolder, clock });
  try {
    const onChange = async () => undefined;
    const publisher = publishEach(
      logs.map(({ name, ...log }) => {
        const published = createPublisher({ ...log, clock, ...outside.placesOf(name), onChange });
        return { name, origin: log.origin, publisher: published };
      }),
    );
    const refusal = await publisher.assertNotBehind().then(
      () => null,
      (error: unknown) => ({ error }),
    );
    const ahead = publisher.status().filter(({ state }) => state === 'ahead');
    if (refusal && ahead.length === 0) throw refusal.error;
    if (ahead.length > 0 && !acceptRollback) throw rolledBack(ahead);
    const originOf = new Map(logs.map(({ name, origin }) => [name, origin]));
    return ahead.map(({ kind, name, size, log }) => ({ kind, name, size, log: originOf.get(log)! }));
  } finally {
    await outside.close();
  }
}

/**
 * Nothing acts by itself after a restore: a run may be about to do what was done after the backup already. A person
 * compares with the systems downstream, and thaws.
 */
async function freezeAll(database: Database, tx: Tx, { manifest, clock }: RestoredParts): Promise<RecordDraft> {
  const { backup, made_at } = manifest;
  const change = {
    subject: 'freeze:all',
    state: 'everything' as const,
    from: null,
    until: null,
    reason: `Put back to ${backup} of ${made_at}: what was done since may be done again. Compare with the systems, then thaw.`,
  };
  const at = clock.now().toISOString();
  await environmentStore(database).append(tx, { ...change, by: SYSTEM_ACTOR.id, at });
  return draft({ type: 'environment.changed', actor: SYSTEM_ACTOR, outcome: change.state, data: change });
}

/** What a log says of itself: from where on it is another one than the world may have seen. */
function restoredRecord(
  { origin }: RestoredLog,
  { manifest, erased_keys }: RestoredParts,
  seen: readonly Seen[],
): RecordDraft {
  const { backup, made_at, trees } = manifest;
  const { size, root } = trees.find(({ log }) => log === origin) ?? { size: 0, root: '' };
  const ahead = seen.filter(({ log }) => log === origin).map(({ log: _, ...rest }) => rest);
  return draft({
    type: 'audit.restored',
    actor: SYSTEM_ACTOR,
    outcome: ahead.length > 0 ? 'rolled_back' : 'restored',
    data: { backup, made_at, size, root, ahead, erased_keys },
  });
}

/** Refuses a backup that is older than what the world has seen of the log. */
function rolledBack(ahead: readonly LogPlace[]): PortreeveError {
  const seen = ahead.map(({ kind, name, detail }) => `${kind} ${name}: ${detail}`).join('; ');
  return new PortreeveError('log_broken', `The backup is older than the log that was seen outside (${seen}).`, {
    next:
      'Nothing was restored. Take a newer backup. If what came after it is lost for good, restore with --accept-rollback: ' +
      'the log says so, and those who saw more go on showing it.',
  });
}
