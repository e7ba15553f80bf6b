import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@portreeve/contract';
import { plainKeystore } from '@portreeve/server';
import { Database, fileKeyWrapper, wireKeys } from '@portreeve/server/internals';
import { withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { MODEL_CREDENTIAL, startApart, TOOL_CREDENTIAL } from '../support/apart.ts';
import { type Answer, type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, temporaryFolder, until } from '../support/processes.ts';
import { ATTEMPTS } from './attempts.table.ts';

/*
 * With the credentials of one process, everything that they can reach is tried. The count that matters is the downstream's
 * own: how often a tool was called.
 */

let apart: Awaited<ReturnType<typeof startApart>>;
let people: Record<'analyst' | 'lead' | 'auditor', Person>;
const logins: Record<string, string> = {};
/** Of a run that waits for a person, and the spent grant and its token of one that has ended. */
let pending: { run: string; approval: string; proposal: string };
let spent: { id: string; token: string; proposal: string };
let published: number;

const query = (sql: string, values: unknown[] = []): Promise<Answer[]> =>
  withClient(apart.databaseUrl, async (client) => (await client.query(sql, values)).rows);
const publications = async () => (await apart.caseSystem.journal()).filter(({ type }) => type === 'published').length;
/** Changes what is sealed in a proposal: somebody who may write in the database and has come by the root key, too. */
async function rewrite(proposal: string, from: string, to: string): Promise<void> {
  const database = new Database(apart.databaseUrl);
  try {
    const { texts } = wireKeys({
      ...{ database, clock: systemClock, key: Buffer.alloc(32) },
      wrapper: fileKeyWrapper({ file: apart.rootKeysFile, clock: systemClock }),
    });
    const [row] = await query('SELECT body, digest, principals FROM proposals WHERE id = $1', [proposal]);
    const binding = `proposals/${row.digest}`;
    const [body] = await texts.open([{ text: row.body, binding }]);
    expect(body).toContain(from);
    const sealed = await texts.seal(row.principals.slice(0, 1), 'runs', binding, body!.replaceAll(from, to));
    await query('UPDATE proposals SET body = $2 WHERE id = $1', [proposal, sealed]);
  } finally {
    await database.close();
  }
}
const stopExecutor = async () => {
  apart.executor.process.child.kill('SIGTERM');
  await apart.executor.process.ended;
};
const waitingGrant = () =>
  until('a grant on its way', 30_000, async () => {
    const [row] = await query('SELECT grant_id, token, proposal FROM dispatches WHERE token IS NOT NULL');
    return row ? { id: row.grant_id, token: row.token, proposal: row.proposal } : null;
  });

beforeAll(async () => {
  apart = await startApart({ executor: false });
  const as = (name: string) => signIn(apart.url, apart.rest.state, name);
  people = { analyst: await as('analyst'), lead: await as('lead'), auditor: await as('auditor') };
  for (const role of ['api', 'reasoner', 'executor'] as const) logins[role] = await apart.loginOf(role);
  const first = await askForSummary(people.analyst);
  await people.lead.approve(first.approval);
  spent = await waitingGrant();
  apart.executor.process = await apart.startExecutor();
  await endOf(people.analyst, first.run);
  const second = await askForSummary(people.analyst);
  const [{ id }] = await query('SELECT id FROM proposals WHERE run = $1', [second.run]);
  pending = { ...second, proposal: id };
  published = await publications();
  expect(published).toBe(1);
}, 120_000);
afterAll(async () => {
  await apart?.close();
  await cleanUp();
}, 60_000);

describe('in the database', () => {
  const rows = ATTEMPTS.flatMap(({ as, ...attempt }) => as.map((role) => ({ role, ...attempt })));

  test.each(rows)('F7 INV1: the $role cannot $what', async ({ role, sql }) => {
    const filled = sql
      .replaceAll('$proposal', pending.proposal)
      .replaceAll('$approval', pending.approval)
      .replaceAll('$spent', spent.id);
    await withClient(logins[role]!, async (client) => {
      await expect(client.query(filled)).rejects.toMatchObject({ code: '42501' });
    });
  });

  test('the same statements are good ones: the owner of the tables is refused by no right', async () => {
    // A canary: a misspelt table would be refused as well, by another code; here the first fault of each is not a right.
    await withClient(apart.databaseUrl, async (client) => {
      for (const { what, sql } of ATTEMPTS) {
        await client.query('BEGIN');
        const error = await client
          .query(sql.replaceAll('$proposal', 'p').replaceAll('$approval', 'a').replaceAll('$spent', spent.id))
          .then(
            () => null,
            (failure: { code: string; message: string }) => failure,
          );
        await client.query('ROLLBACK');
        if (error && !/insert-only|leaves the state|only added to/.test(error.message))
          expect(error.code, `${what}: ${error.message}`).toMatch(/^23/);
      }
    });
  });

  test('F7: after all that, no tool was called', async () => expect(await publications()).toBe(published));
});

describe('at the executor, whoever writes in the database', { timeout: 60_000 }, () => {
  /** Puts a token before the executor as the owner of the tables could, and gives what it says. */
  async function handOver(token: string, grant: string, proposal = pending.proposal): Promise<Answer> {
    await query(
      `INSERT INTO grants VALUES ($1, $2, 'd', 'a', 'urn:x', 'issued', now(), now() + interval '5 min') ON CONFLICT DO NOTHING`,
      [grant, proposal],
    );
    await query(`INSERT INTO dispatches VALUES ($1, $2, $3, $4, NULL, NULL, now() + interval '5 min')`, [
      grant,
      proposal,
      apart.executor.jkt,
      token,
    ]);
    const refusal = await until('the executor to refuse', 15_000, async () => {
      const [row] = await query('SELECT refusal FROM dispatches WHERE grant_id = $1', [grant]);
      return row?.refusal as string | null;
    });
    await query('DELETE FROM dispatches WHERE grant_id = $1', [grant]);
    return JSON.parse(refusal);
  }

  /** A grant with every claim right but its signature's key. */
  function signedBy(key: KeyObject, claims: object = {}, header: object = {}): string {
    const [head = '', body = ''] = spent.token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const payload = { ...JSON.parse(body), iat: now, nbf: now, exp: now + 120, ...claims };
    const signed = `${part({ ...JSON.parse(head), ...header })}.${part(payload)}`;
    return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
  }

  test('F6 F7: a grant that was used is refused', async () => {
    expect(await handOver(spent.token, spent.id, spent.proposal)).toMatchObject({ code: 'grant_spent' });
  });

  test('F6 F7: a grant that another key signed is refused, also the executor’s own', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const own = readFileSync(join(apart.executor.state, 'keys/executor.pem'), 'utf8');
    const { createPrivateKey } = await import('node:crypto');
    for (const [index, key] of [privateKey, createPrivateKey(own)].entries()) {
      const forged = signedBy(key, { jti: `grt_forged-${index}` });
      expect(await handOver(forged, `grt_forged-${index}`, spent.proposal)).toMatchObject({ code: 'grant_invalid' });
    }
  });

  test('F6 F7: a grant without a signature, and no grant at all, are refused', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const none = `${signedBy(privateKey, {}, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`;
    for (const [index, token] of [none, 'not a token', ''.padEnd(20_000, 'x')].entries())
      expect(await handOver(token, `grt_none-${index}`, spent.proposal)).toMatchObject({ code: 'grant_invalid' });
  });

  test('F6 F7: a good grant for another proposal is refused', async () => {
    expect(await handOver(spent.token, 'grt_other', pending.proposal)).toMatchObject({ code: 'grant_mismatch' });
  });

  test('F6 INV5: arguments that were changed behind the grant are refused, and a person is left the work', async () => {
    await stopExecutor();
    const { run, approval } = await askForSummary(people.analyst);
    await people.lead.approve(approval);
    const { proposal } = await waitingGrant();
    await rewrite(proposal, 'CASE-1042', 'CASE-2001');
    apart.executor.process = await apart.startExecutor();
    expect(await endOf(people.analyst, run)).toMatchObject({ state: 'handed_off' });
    const refused = (await recordsOf(people.auditor, run)).filter(({ entry }) => entry.type === 'grant.refused');
    expect(refused.map(({ entry }) => entry.outcome)).toEqual(['grant_mismatch']);
    expect(await publications()).toBe(published);
  });

  test('F2 INV5: a contract that was changed in the database is not looked at: address and credential are the release’s', async () => {
    await stopExecutor();
    const { run, approval } = await askForSummary(people.analyst);
    await people.lead.approve(approval);
    const { proposal } = await waitingGrant();
    await rewrite(proposal, 'system://case-system/cases', 'system://case-system/elsewhere');
    apart.executor.process = await apart.startExecutor();
    expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    published += 1;
    expect(await publications()).toBe(published);
  });
});

describe('at the system downstream', () => {
  const call = async (headers: Record<string, string>): Promise<number> => {
    const response = await fetch(`${apart.caseSystem.url}/cases/CASE-1042/summary`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ title: 'x', severity: 'low', summary: 'x', statements: [], next_steps: [] }),
    });
    return response.status;
  };

  test('F7: a call without a grant, and one with a grant but not the executor’s key, are refused', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { crv, kty, x } = publicKey.export({ format: 'jwk' });
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const proof = `${part({ typ: 'dpop+jwt', alg: 'EdDSA', jwk: { crv, kty, x } })}.${part({
      jti: randomUUID(),
      htm: 'POST',
      htu: `${apart.caseSystem.url}/cases/CASE-1042/summary`,
      iat: Math.floor(Date.now() / 1000),
      ath: createHash('sha256').update(spent.token).digest('base64url'),
    })}`;
    const dpop = `${proof}.${sign(null, Buffer.from(proof), privateKey).toString('base64url')}`;
    expect(await call({})).toBe(401);
    expect(await call({ authorization: 'Bearer a-token-for-the-tests-of-roles' })).toBe(401);
    expect(await call({ 'Portreeve-Grant': spent.token })).toBeGreaterThanOrEqual(401);
    expect(await call({ 'Portreeve-Grant': spent.token, DPoP: dpop })).toBeGreaterThanOrEqual(401);
    expect(await publications()).toBe(published);
  });
});

describe('in the state folders', () => {
  const filesOf = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const dump = async (): Promise<string> => {
    const tables = await query(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    // One after another: each opens a connection of its own.
    const texts: unknown[] = [];
    for (const { name } of tables) texts.push(await query(`SELECT t::text FROM ${name} AS t`));
    return JSON.stringify(texts);
  };
  /** The environment and the arguments of a process, as the system shows them. */
  const shown = (pid: number): string =>
    ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1')).join('\n');

  test('F7 E9: the executor has no key that signs, and the rest has none of the executor’s', async () => {
    expect(readdirSync(join(apart.executor.state, 'keys')).sort()).toEqual([
      'executor.pem',
      'redaction.key',
      'secrets.identity',
    ]);
    expect(readdirSync(join(apart.rest.state, 'keys'))).not.toContain('executor.pem');
  });

  test('F7 E9: each opens its own credentials, and neither those of the other', async () => {
    const rest = plainKeystore(apart.rest.state, 'development');
    const executor = plainKeystore(apart.executor.state, 'development');
    expect((await executor.fetch('tool-key'))?.value).toBe(TOOL_CREDENTIAL);
    expect(await executor.fetch('model-key')).toBeNull();
    expect((await rest.fetch('model-key'))?.value).toBe(MODEL_CREDENTIAL);
    expect(await rest.fetch('tool-key')).toBeNull();
    // The files of the other, under one's own key.
    const mixed = await temporaryFolder();
    await cp(join(apart.executor.state, 'secrets'), join(mixed, 'secrets'), { recursive: true });
    await cp(join(apart.rest.state, 'keys'), join(mixed, 'keys'), { recursive: true });
    await expect(plainKeystore(mixed, 'development').fetch('tool-key')).rejects.toThrow();
    await rm(mixed, { recursive: true });
  });

  test('F7 E9: a credential stands nowhere in the clear: not in the database, a file, a log, or a process’s environment', async () => {
    const folders = [apart.rest.state, apart.executor.state];
    const files = folders.flatMap(filesOf);
    expect(files.length).toBeGreaterThan(8);
    const places: [string, string][] = [
      ['the database', await dump()],
      ['the record, opened', JSON.stringify(await recordsOf(people.auditor, pending.run))],
      ...(await Promise.all(
        files.map(async (file): Promise<[string, string]> => [file, await readFile(file, 'latin1')]),
      )),
      ...[apart.rest.process.pid, apart.executor.process.pid].map((pid): [string, string] => [
        `process ${pid}`,
        shown(pid),
      ]),
    ];
    for (const canary of [TOOL_CREDENTIAL, MODEL_CREDENTIAL])
      expect(places.filter(([, text]) => text.includes(canary)).map(([name]) => name)).toEqual([]);
    // A canary of the canary: the look finds what is there.
    expect(places[0]![1]).toContain('incident-summary');
    expect(places[1]![1]).toContain('CASE-1042');
  });
});

test('F5 INV5: an approval that was closed in the database, without a signed verdict, lets nothing through', {
  timeout: 60_000,
}, async () => {
  await withClient(logins.api!, (client) =>
    client.query(`UPDATE approvals SET state = 'approved', closed_at = now() WHERE id = $1`, [pending.approval]),
  );
  // What wakes the run, as the owner of the engine's tables: an intruder would need less luck than patience.
  await query(`INSERT INTO dbos.notifications (destination_uuid, topic, message) VALUES ($1, $2, 'true')`, [
    pending.run,
    `approval:${pending.approval}`,
  ]);
  await query(`UPDATE dbos.workflow_status SET status = 'ENQUEUED' WHERE workflow_uuid = $1 AND status = 'DELAYED'`, [
    pending.run,
  ]);
  const ended = await endOf(people.analyst, pending.run);
  expect(ended.result?.published ?? false).toBe(false);
  expect(await publications()).toBe(published);
});
