import { noteDraft, testAuditLog } from '@portreeve/audit/testing';
import { fixedClock, newId, type Principal, systemClock } from '@portreeve/contract';
import { memoryAuditWriter } from '@portreeve/contract/testing';
import { createEnvironment } from '@portreeve/gate';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { auditStore } from './audit.ts';
import { environmentStore, listenForEnvironment, revokeGrantsOf } from './environment.ts';
import { executeStore } from './executions.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const operator: Principal = {
  id: newId('principal', fixedClock('2026-11-20T10:00:00Z')),
  kind: 'person',
  name: 'olga',
  roles: ['operator'],
  groups: [],
  act: [],
};

/** The environment as one process of several on the same database has it. */
async function process() {
  const environment = createEnvironment({
    name: 'test',
    store: environmentStore(db.database),
    audit: memoryAuditWriter(),
    uow: db.database,
    clock: systemClock,
    revokeGrants: async (tx, target) => {
      await revokeGrantsOf(db.database, tx, target);
    },
  });
  await environment.refresh();
  return environment;
}

test('C5: another process is told of a freeze within a second', async () => {
  const [one, other] = [await process(), await process()];
  let told = (): void => undefined;
  const listener = listenForEnvironment(db.url, () => void other.refresh().then(() => told()));
  // The first word comes when it listens.
  await new Promise<void>((done) => {
    told = done;
  });
  const heard = new Promise<number>((done) => {
    told = () => {
      if (other.facts().freezes.length > 0) done(performance.now());
    };
  });
  const begun = performance.now();
  await one.freeze('workflow:refund', 'a test', operator);
  // A promise of the product and not of the machine: generous against a slow one.
  expect((await heard) - begun).toBeLessThan(1000);
  expect(other.facts().freezes).toEqual(['workflow:refund']);
  await listener.stop();
});

test('C5: what was decided before a freeze is out of date for every process, in its own transaction', async () => {
  const [one, other] = [await process(), await process()];
  await one.freeze('tool:refund_order', 'a test', operator);
  expect(await db.database.transaction((tx) => other.isCurrent(tx))).toBe(false);
  await other.refresh();
  expect(await db.database.transaction((tx) => other.isCurrent(tx))).toBe(true);
});

test('C5 F6: a freeze takes back the grants of its target that are not used, and no others', async () => {
  const store = executeStore(db.database);
  const issue = async (tool: string, state: 'granted' | 'succeeded', act: { id: string }[] = []) => {
    const id = newId('grant', systemClock);
    const proposal = newId('proposal', systemClock);
    await db.database.pool.query(
      `INSERT INTO proposals (id, workflow, tool, digest, state, body, decision, principals) VALUES ($1, 'w', $2, 'd', $3, '', '{}', $4)`,
      [proposal, tool, state, [operator.id, ...act.map((each) => each.id)]],
    );
    await db.database.transaction((tx) =>
      store.insertGrant(tx, {
        id,
        proposal,
        proposal_digest: `sha256:${'0'.repeat(64)}`,
        args_digest: `sha256:${'0'.repeat(64)}`,
        audience: 'a',
        state: 'issued',
        issued_at: new Date().toISOString(),
        expires_at: new Date(Date.now() + 60_000).toISOString(),
      }),
    );
    return async () => (await db.database.transaction((tx) => store.grant(tx, id)))?.state;
  };
  const mine = await issue('publish', 'granted');
  const others = await issue('read_only', 'granted');
  const agent = newId('principal', systemClock);
  const throughAgent = await issue('other', 'granted', [{ id: 'agent:w' }, { id: agent }]);
  const environment = await process();
  await environment.freeze(`principal:${agent}`, 'a test', operator);
  expect([await mine(), await others(), await throughAgent()]).toEqual(['issued', 'issued', 'revoked']);
  await environment.freeze('tool:publish', 'a test', operator);
  expect([await mine(), await others()]).toEqual(['revoked', 'issued']);
  await environment.freeze(`principal:${operator.id}`, 'a test', operator);
  expect(await others()).toBe('revoked');
});

test('C5 F6: a grant that is issued while a freeze waits for the log is taken back too', async () => {
  const { log } = testAuditLog({ store: auditStore(db.database), uow: db.database, origin: 'test.example/freeze' });
  const environment = createEnvironment({
    name: 'test',
    store: environmentStore(db.database),
    audit: log,
    uow: db.database,
    clock: systemClock,
    revokeGrants: async (tx, target) => {
      await revokeGrantsOf(db.database, tx, target);
    },
  });
  await environment.refresh();
  const store = executeStore(db.database);
  const grant = newId('grant', systemClock);
  const proposal = newId('proposal', systemClock);
  let hold = (): void => undefined;
  const held = new Promise<void>((done) => {
    hold = done;
  });
  let go = (): void => undefined;
  const released = new Promise<void>((done) => {
    go = done;
  });
  // As the gate issues a grant: decided on facts that hold, under the log's lock.
  const issuing = db.database.transaction(async (tx) => {
    await log.append(tx, [noteDraft('decided')]);
    expect(await environment.isCurrent(tx)).toBe(true);
    hold();
    await released;
    const client = db.database.clientOf(tx);
    await client.query(
      `INSERT INTO proposals (id, workflow, tool, digest, state, body, decision) VALUES ($1, 'w', 'race', 'd', 'granted', '{}', '{}')`,
      [proposal],
    );
    await store.insertGrant(tx, {
      id: grant,
      proposal,
      proposal_digest: `sha256:${'0'.repeat(64)}`,
      args_digest: `sha256:${'0'.repeat(64)}`,
      audience: 'a',
      state: 'issued',
      issued_at: new Date().toISOString(),
      expires_at: new Date(Date.now() + 60_000).toISOString(),
    });
  });
  await held;
  const freezing = environment.freeze('tool:race', 'a test', operator);
  const waiting = () =>
    db.database.pool.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
  await vi.waitFor(async () => expect((await waiting()).rowCount).toBe(1), { timeout: 10_000, interval: 10 });
  go();
  await issuing;
  await freezing;
  expect((await db.database.transaction((tx) => store.grant(tx, grant)))?.state).toBe('revoked');
});

test('C5: the history is only added to', async () => {
  await expect(db.database.pool.query('DELETE FROM environment_changes')).rejects.toThrow('only added to');
  await expect(db.database.pool.query("UPDATE environment_changes SET state = 'lifted'")).rejects.toThrow(
    'only added to',
  );
});
