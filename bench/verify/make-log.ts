import { generateKeyPairSync } from 'node:crypto';
import { createAuditLog, createCosigner, createNoteSigner } from '@portreeve/audit';
import { createRedactor } from '@portreeve/audit/internals';
import { draft, SYSTEM_ACTOR, systemClock } from '@portreeve/contract';
import { auditStore, type Database, fileKeyWrapper, wireKeys } from '@portreeve/server/internals';

const BATCH = 1000;

/** A signed log of so many records on a database, with a checkpoint for each tenth. */
export async function makeLog(database: Database, origin: string, records: number, keysFile: string) {
  const wrapper = fileKeyWrapper({ file: keysFile, clock: systemClock });
  const log = createAuditLog({
    store: auditStore(database),
    uow: database,
    origin,
    signer: createNoteSigner({ name: origin, privateKey: generateKeyPairSync('ed25519').privateKey }),
    cosigner: createCosigner({ name: origin, privateKey: generateKeyPairSync('ml-dsa-44').privateKey }),
    redactor: createRedactor({ key: Buffer.alloc(32, 7) }),
    keys: wireKeys({ database, key: Buffer.alloc(32, 6), wrapper, clock: systemClock }),
    clock: systemClock,
  });
  for (let from = 0; from < records; from += BATCH) {
    await database.transaction((tx) =>
      log.append(
        tx,
        Array.from({ length: BATCH }, (_, i) => record(from + i)),
      ),
    );
    if (from % (BATCH * Math.ceil(records / BATCH / 10)) === 0) await log.checkpoint();
  }
  await log.checkpoint();
  return log;
}

/** A record of the usual size: an entry of half a kilobyte, and a payload of about as much. */
function record(n: number) {
  return draft({
    type: 'api.read',
    actor: SYSTEM_ACTOR,
    outcome: 'permit',
    refs: { workflow: `workflow-${n % 40}`, tool: `tool-${n % 7}` },
    data: {
      operation: 'runs.read',
      target: `/v1/runs/${n}?${'the-quick-brown-fox-jumps-over-the-lazy-dog&'.repeat(6)}`,
    },
  });
}
