import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { draft, fixedClock, type RecordActor, type RecordDraft, type UnitOfWork } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import type { KeyStore } from '../keys/ports.ts';
import { type AuditLog, type AuditLogOptions, createAuditLog, type HeadSigner } from '../log.ts';
import { type AuditLogs, createAuditLogs } from '../logs.ts';
import { createNoteSigner } from '../note.ts';
import type { AuditStore } from '../ports.ts';
import { createRedactor } from '../redact/redactor.ts';
import { memoryKeys, type testKeys } from './memory-keys.ts';
import { memoryAuditStore } from './memory-store.ts';

export const TEST_ORIGIN = 'test.example/audit/main';
export const TEST_START = '2026-11-20T08:00:00.000Z';
export const TEST_ACTOR: RecordActor = {
  id: 'prn_analyst',
  kind: 'person',
  name: 'analyst',
  act: [{ id: 'agent:incident-summary', kind: 'agent' }],
};

type TestKeys = ReturnType<typeof testKeys<KeyStore>>;

export interface TestLogOptions
  extends Partial<
    Pick<AuditLogOptions, 'store' | 'uow' | 'clock' | 'elapsed' | 'origin' | 'cosigner' | 'quorum' | 'earlierKeys'>
  > {
  readonly privateKey?: KeyObject;
  /** Who signs in its place, where it holds no key. */
  readonly signer?: HeadSigner;
  readonly keys?: TestKeys;
}

/** A log for tests, on a given store or in memory. */
export function testAuditLog(options: TestLogOptions = {}): {
  log: AuditLog;
  store: AuditStore;
  uow: UnitOfWork;
  keys: TestKeys;
} {
  const memory = memoryAuditStore();
  const store = options.store ?? memory;
  const uow = options.uow ?? memoryUnitOfWork(memory);
  const origin = options.origin ?? TEST_ORIGIN;
  const keys = options.keys ?? memoryKeys();
  const privateKey = options.privateKey ?? generateKeyPairSync('ed25519').privateKey;
  const { privateKey: _, ...given } = options;
  const log = createAuditLog({
    ...given,
    store,
    uow,
    origin,
    signer: options.signer ?? createNoteSigner({ name: origin, privateKey }),
    redactor: createRedactor({ key: Buffer.alloc(32, 7) }),
    keys,
    clock: options.clock ?? fixedClock(TEST_START),
  });
  return { log, store, uow, keys };
}

/** Several logs for tests on one store, signed by one key: the main one, and others by name with what is theirs. */
export function testAuditLogs(
  options: TestLogOptions & {
    readonly others?: Readonly<Record<string, { readonly origin: string; readonly workflows: readonly string[] }>>;
  } = {},
): Omit<ReturnType<typeof testAuditLog>, 'log'> & { logs: AuditLogs } {
  const { others = {}, ...given } = options;
  const privateKey = options.privateKey ?? generateKeyPairSync('ed25519').privateKey;
  const { log: main, store, uow, keys } = testAuditLog({ ...given, privateKey });
  const shared = { ...given, privateKey, store, uow, keys };
  const named = Object.entries(others).map(([name, { origin, workflows }]) => ({
    ...{ name, workflows },
    log: testAuditLog({ ...shared, origin }).log,
  }));
  return { logs: createAuditLogs({ main, others: named, store, uow, keys }), store, uow, keys };
}

/** A draft whose data is free text. */
export function noteDraft(note: string, more: Partial<RecordDraft> = {}): RecordDraft {
  return draft({ type: 'handoff.closed', actor: TEST_ACTOR, data: { note }, ...more } as RecordDraft<'handoff.closed'>);
}

/** `count` records, each in a transaction of its own. */
export async function appendNotes(log: AuditLog, uow: UnitOfWork, count: number, from = 0): Promise<void> {
  for (let i = from; i < from + count; i++)
    await uow.transaction((tx) => log.append(tx, [noteDraft(`note number ${i}`)]));
}
