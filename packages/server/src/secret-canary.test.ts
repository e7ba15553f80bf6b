import { randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainKeystore } from './config/secrets.ts';
import { withClient } from './store/testing/database.ts';
import type { DownstreamReply } from './testing/downstream.ts';
import { type TestServer, testServer } from './testing/server.ts';
import { caseNoteProject } from './testing/temporary-project.ts';

const CANARY = `canary-${randomBytes(18).toString('base64url')}`;
/** As it is, and as programs write bytes. */
const FORMS = [
  CANARY,
  Buffer.from(CANARY).toString('hex'),
  Buffer.from(CANARY).toString('base64').slice(0, -4),
  Buffer.from(CANARY).toString('base64url').slice(0, -4),
];
const NAME = 'downstream-token';

let house: TestServer;
let project: string;
/** Every answer that the API gave, and all that was printed. */
const told: string[] = [];
const restore: (() => void)[] = [];

beforeAll(async () => {
  project = await caseNoteProject({ credential: NAME });
  house = await testServer({
    project,
    prepare: (stateFolder) => plainKeystore(stateFolder, 'test').set(NAME, CANARY),
  });
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    stream.write = ((text: string | Uint8Array, ...rest: never[]) => {
      told.push(String(text));
      return write(text, ...rest);
    }) as typeof stream.write;
    restore.push(() => {
      stream.write = write;
    });
  }
});
afterAll(async () => {
  for (const back of restore) back();
  await house?.close();
  await rm(project, { recursive: true, force: true });
});

/** One run to its end, by a person's approval; everything that can be read of it is kept. */
async function runOnce(): Promise<{ state: string; status: unknown }> {
  const run = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(run.id);
  const lead = await house.as('lead');
  const verdict = await house.verdict('lead', shown, 'approve');
  told.push((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).text);
  const ended = await house.ended(run.id);
  for (const path of [`/v1/runs/${run.id}`, `/v1/approvals/${shown.approval.id}`])
    told.push((await lead.get(path)).text);
  for await (const event of lead.events(run.id)) told.push(JSON.stringify(event));
  return { state: ended.state, status: (ended.result as { status?: unknown } | null)?.status };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): DownstreamReply => {
  return (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

/** What a downstream may do with the credential, and what becomes of the run. */
const REPLIES: [string, DownstreamReply][] = [
  ['does its work', json(201, { revision: 1 })],
  ['sends the credential back', json(201, { revision: 1, you_sent: `Bearer ${CANARY}` })],
  ['sends it back in base64', json(201, { revision: 1, you_sent: Buffer.from(`x:${CANARY}`).toString('base64') })],
  ['refuses and quotes it', json(403, { code: CANARY.toLowerCase(), detail: `${CANARY} is not allowed` })],
  ['redirects to it', json(302, {}, { location: `https://evil.test/?t=${CANARY}` })],
  ['fails and quotes it', json(500, { detail: CANARY })],
  ['answers no JSON', (_, response) => response.end(`{"revision": ${CANARY}`)],
  ['cuts the connection', (_, response) => response.destroy()],
];

test.each(REPLIES)('E9 F7: a downstream that %s', async (what, reply) => {
  const before = house.downstream.calls.length;
  house.downstream.replyWith(reply);
  const { status } = await runOnce();
  expect(house.downstream.calls.length).toBe(before + 1);
  // The canary is really there: the tool was called with it.
  expect(house.downstream.calls.at(-1)?.headers.authorization).toBe(`Bearer ${CANARY}`);
  expect(status === 'succeeded').toBe(what === 'does its work');
});

test('E9 F7: a secret that is gone, and a keystore that cannot be opened', async () => {
  const before = house.downstream.calls.length;
  const identity = join(house.stateFolder, 'keys', 'secrets.identity');
  await chmod(identity, 0o644);
  expect((await runOnce()).status).toBe('failed');
  await chmod(identity, 0o600);
  await plainKeystore(house.stateFolder, 'test').remove(NAME);
  expect((await runOnce()).status).toBe('failed');
  await plainKeystore(house.stateFolder, 'test').set(NAME, CANARY);
  expect(house.downstream.calls.length).toBe(before);
});

test('E9 F7: then the credential stands nowhere', async () => {
  const auditor = await house.as('auditor');
  told.push((await auditor.get('/v1/audit/export')).text, (await auditor.get('/v1/audit/records?limit=500')).text);
  told.push(
    (await (await house.as('operator')).get('/v1/queue')).text,
    (await house.anonymous.get('/openapi.json')).text,
  );
  // A crash report, as Node writes it on a fatal error.
  told.push(JSON.stringify(process.report.getReport()));
  expect(told.length).toBeGreaterThan(50);
  const holds = (text: string): boolean => FORMS.some((form) => text.includes(form));
  expect(holds(`x${CANARY}y`)).toBe(true);
  expect(told.filter(holds)).toEqual([]);

  // Every row of every table of every schema: ours, the durable engine's, and what else may be there.
  const found = await withClient(house.databaseUrl, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`,
    );
    const hits: string[] = [];
    let rowsRead = 0;
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT row_to_json(t)::text AS row FROM ${name} t`);
      rowsRead += rows.length;
      if (rows.some(({ row }) => holds(row))) hits.push(name);
    }
    return { tables: tables.map(({ name }) => name), rowsRead, hits };
  });
  expect(found.hits).toEqual([]);
  expect(found.tables).toEqual(expect.arrayContaining(['public.executions', 'public.audit_records']));
  expect(found.tables.some((name) => !name.startsWith('public.'))).toBe(true);
  expect(found.rowsRead).toBeGreaterThan(100);

  // Every file of the state folder: keystore, log, keys.
  const files = (await readdir(house.stateFolder, { recursive: true, withFileTypes: true })).filter((each) =>
    each.isFile(),
  );
  const names = files.map((each) => join(each.parentPath, each.name));
  expect(names.map((name) => name.slice(house.stateFolder.length + 1))).toEqual(
    expect.arrayContaining(['server.log', `secrets/${NAME}.age`]),
  );
  const hits = [];
  for (const name of names) if (holds(await readFile(name, 'latin1'))) hits.push(name);
  expect(hits).toEqual([]);
}, 60_000);
