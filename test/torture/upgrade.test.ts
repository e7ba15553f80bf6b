import { randomInt } from 'node:crypto';
import { join, relative } from 'node:path';
import { withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { CLI } from '../support/cli.ts';
import { type NextVersion, nextVersion } from '../support/next-version.ts';
import { start, until } from '../support/processes.ts';
import { checkEvidence } from './check.ts';
import { type Evidence, gatherEvidence } from './evidence.ts';
import { type House, openHouse, type Role } from './house.ts';
import { type Load, startLoad } from './load.ts';
import { randomOf } from './random.ts';
import { rest } from './torture.ts';

/*
 * This version next to the one that follows, under load: role by role forward, with a process of this version that dies and
 * begins anew on the newer schema; two versions of one role at once; and one role back.
 */

const SEED = Number(process.env.TORTURE_SEED || randomInt(2 ** 31));
const WIDTH = 2;
const GO_ON_MS_MAX = 120_000;

let house: House;
let next: NextVersion;
let load: Load;
let restless: unknown[];
let evidence: Evidence;

const effects = async (): Promise<number> => (await house.journal()).filter(({ type }) => type === 'done').length;

/** Some more is done, by those who are there now. */
async function goesOn(): Promise<void> {
  const before = await effects();
  const more = until('more to be done', GO_ON_MS_MAX, async () => (await effects()) >= before + 1);
  await Promise.race([more, load.working]);
}

async function replace(role: Role, root: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  await house.end(role, signal);
  house.use(root);
  await house.begin(role);
  await goesOn();
}

beforeAll(async () => {
  console.log(`upgrade: seed ${SEED} (again: TORTURE_SEED=${SEED})`);
  [house, next] = await Promise.all([openHouse(), nextVersion()]);
  load = startLoad(house, randomOf(SEED), WIDTH);
  await goesOn();
  // Its owner first, who runs no process.
  const migrate = [join(next.root, relative(ROOT, CLI)), 'migrate', '--database-url', house.databaseUrl];
  const migrated = await start(process.execPath, migrate).ended;
  if (migrated.code !== 0) throw new Error(`the migration failed:\n${migrated.out}\n${migrated.err}`);
  await replace('gatekeeper', next.root);
  await replace('api', ROOT);
  await replace('reasoner', ROOT, 'SIGKILL');
  await replace('executor', next.root);
  // Beside the one of this version, which goes on.
  house.use(next.root);
  await house.apart.startReasoner();
  await goesOn();
  await replace('api', next.root);
  await replace('gatekeeper', ROOT);
  await replace('reasoner', next.root);
  restless = (await rest(house, load)).restless;
  evidence = await gatherEvidence(house, load, []);
  await load.stop();
}, 600_000);
afterAll(async () => {
  await house?.close();
}, 60_000);

test('J2 J3 INV6: two versions next to each other lose nothing and double nothing', () => {
  expect(restless).toEqual([]);
  expect(checkEvidence(evidence, 'at_rest')).toEqual([]);
  expect(evidence.journal.length).toBeGreaterThan(10);
  // Nor is work given to people that another version could go on with.
  expect(evidence.runs.filter(({ state }) => !['completed', 'refused', 'waiting'].includes(state))).toEqual([]);
});

test('J2: each role was there in both versions, by the record', () => {
  const versions = (type: string) => [
    ...new Set(evidence.records.filter((record) => record.type === type).map(({ data }) => data.version)),
  ];
  for (const type of ['system.started', 'reasoner.started', 'executor.started'])
    expect(versions(type), type).toEqual([expect.not.stringMatching(next.version), next.version]);
});

test('J3: the newer schema stood, and its rights, when this version came back', async () => {
  await withClient(house.databaseUrl, async (client) => {
    const { rows } = await client.query('SELECT name FROM schema_migrations WHERE number > 9000 ORDER BY number');
    expect(rows.map(({ name }) => name)).toEqual(next.migrations);
    const right = "SELECT has_table_privilege('portreeve_gatekeeper', 'next_notes', 'INSERT') AS kept";
    expect((await client.query(right)).rows).toEqual([{ kept: true }]);
  });
});
