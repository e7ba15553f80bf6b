import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { restoreBackup } from '@portreeve/server';
import { emptyTestDatabase, freePort, type TestServer, testServer, WORKFLOW } from '@portreeve/server/testing';
import { parsePolicy, verifyReceipt } from '@portreeve/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const COMMAND = join(dirname(fileURLToPath(import.meta.resolve('@portreeve/verify'))), 'main.ts');
const NAME = 'auditor.example/witness';
const CASES = 'portreeve.test/cases';

/** The witness as an auditor runs it: a process of its own. */
async function runWitness(folder: string, keys: string, port: number) {
  const args = [COMMAND, 'witness', '--name', NAME, '--log', keys, '--folder', folder, '--listen', `127.0.0.1:${port}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { listening, vkey } = JSON.parse(line) as { listening: string; vkey: string };
  return {
    ...{ url: listening, vkey },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe('G2: a witness that an auditor runs', () => {
  let house: TestServer;
  let folder: string;
  let witness: Awaited<ReturnType<typeof runWitness>>;
  let keys: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-witness-'));
    keys = join(folder, 'logs');
    await writeFile(keys, '');
    // Its key is made at the first start; the log learns it from there, and it learns the log's key after that.
    const port = await freePort();
    const first = await runWitness(join(folder, 'state'), keys, port);
    await first.kill();
    const witnesses = [{ name: 'auditor', url: first.url, vkeys: [first.vkey], private: true }];
    const logs = { cases: { origin: CASES, workflows: [WORKFLOW] } };
    house = await testServer({ config: { audit: { logs, witnesses, quorum: 1, checkpoint_every_s: 1 } } });
    const system = (await (await house.as('operator')).get('/v1/system')).body;
    await writeFile(keys, system.logs.map(({ vkey }: { vkey: string }) => `${vkey}\n`).join(''));
    witness = await runWitness(join(folder, 'state'), keys, port);
    expect(witness.vkey).toBe(first.vkey);
  });
  afterAll(async () => {
    await house?.close();
    await witness?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  test('it cosigns; a receipt then satisfies a policy that asks for it; and it keeps what it saw over a crash', async () => {
    const auditor = await house.as('auditor');
    const place = async () => (await (await house.as('operator')).get('/v1/system')).body.places[0];
    await expect.poll(async () => (await place()).state, { timeout: 15_000 }).toBe('working');
    const [log, cases] = (await (await house.as('operator')).get('/v1/system')).body.logs;
    const policy = parsePolicy(`log ${log.vkey}\nwitness auditor ${witness.vkey}\nquorum auditor\n`);
    const receipt = (await auditor.get('/v1/audit/proof/3')).body;
    expect(await verifyReceipt(receipt.proof, receipt.entry, policy, receipt.payload)).toMatchObject({
      ok: true,
      index: 3,
    });
    const both = parsePolicy(`log ${log.vkey}\nwitness pq ${log.cosigner_vkey}\nquorum pq\n`);
    expect(await verifyReceipt(receipt.proof, receipt.entry, both, receipt.payload)).toMatchObject({ ok: true });

    // The other log is cosigned by its own name.
    const ofCases = parsePolicy(`log ${cases.vkey}\nwitness auditor ${witness.vkey}\nquorum auditor\n`);
    const other = (await auditor.get('/v1/audit/proof/cases:0')).body;
    expect(await verifyReceipt(other.proof, other.entry, ofCases, other.payload)).toMatchObject({
      ...{ ok: true, index: 0, origin: CASES },
    });
    expect(await verifyReceipt(other.proof, other.entry, policy, other.payload)).toMatchObject({ ok: false });

    const seen = (await place()).size;
    await witness.kill();
    await expect.poll(async () => (await place()).state, { timeout: 15_000 }).toBe('failing');
    witness = await runWitness(join(folder, 'state'), keys, Number(new URL(witness.url).port));
    await expect.poll(async () => (await place()).state, { timeout: 15_000 }).toBe('working');
    expect((await place()).size).toBeGreaterThan(seen);
    const { records } = (await auditor.get('/v1/audit/records?type=audit.place&order=oldest&log=main')).body;
    const states = records.map((record: { payload: { data: { state: string } } }) => record.payload.data.state);
    expect(states).toEqual(['failing', 'working', 'failing', 'working']);
    expect(await readFile(keys, 'utf8')).toContain('portreeve.test/audit');
  });

  test('it refuses as the standard says', async () => {
    const post = (body: string) => fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
    const note = await (
      await fetch(`${house.url}/v1/audit/tlog/checkpoint`, {
        headers: { authorization: `Bearer ${(await house.as('auditor')).token}` },
      })
    ).text();
    const size = Number(note.split('\n')[1]);
    const conflict = await post(`old 1\n\n${note}`);
    expect([conflict.status, conflict.headers.get('content-type')]).toEqual([409, 'text/x.tlog.size']);
    expect(Number(await conflict.text())).toBeGreaterThanOrEqual(size);
    const signatures = note.slice(note.indexOf('\n\n'));
    const statuses: Record<string, string> = {
      nonsense: 'nonsense',
      leading: `old 01\n\n${note}`,
      larger: `old ${size + 1}\n\n${note}`,
      unknown: `old 0\n\n${note.replace('portreeve.test/audit\n', 'portreeve.other/audit\n')}`,
      unsigned: `old 0\n\n${note.split('\n').slice(0, 2).join('\n')}\n${Buffer.alloc(32).toString('base64')}${signatures}`,
      many: `old 1\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n${note}`,
    };
    const answers = await Promise.all(
      Object.entries(statuses).map(async ([name, body]) => [name, (await post(body)).status]),
    );
    expect(Object.fromEntries(answers)).toEqual({
      ...{ nonsense: 400, leading: 400, larger: 400, unknown: 404, unsigned: 403, many: 400 },
    });
    expect((await fetch(witness.url)).status).toBe(404);
  });

  test('G2 J3: a restore behind what a witness has seen of a log is refused, and shown where somebody accepts it', {
    timeout: 60_000,
  }, async () => {
    const [admin, operator] = [await house.as('admin'), await house.as('operator')];
    const sizeSeen = async (log: string): Promise<number> =>
      (await operator.get('/v1/system')).body.places.find((place: { log: string }) => place.log === log).size;
    const made = (await admin.post('/v1/backups')).body;
    const [main, cases] = made.trees.map(({ size }: { size: number }) => size);
    await house.ended((await house.submit({ case_id: 'CASE-1', publish: false })).id);
    await expect.poll(() => sizeSeen('main'), { timeout: 15_000 }).toBeGreaterThan(main);
    await expect.poll(() => sizeSeen('cases'), { timeout: 15_000 }).toBeGreaterThan(cases);
    await house.server.stop('its machine is lost');

    const databases: { drop(): Promise<unknown> }[] = [];
    const restore = async (acceptRollback: boolean) => {
      const database = await emptyTestDatabase();
      databases.push(database);
      const stateFolder = await mkdtemp(join(folder, 'into-'));
      const archives = { log: made.log.folder, keys: made.keys.folder };
      const { project } = house.startOptions;
      return restoreBackup({ project, stateFolder, databaseUrl: database.url, ...archives, acceptRollback });
    };
    try {
      await expect(restore(false)).rejects.toMatchObject({
        ...{
          code: 'log_broken',
          detail: expect.stringMatching(/witness auditor: it has seen \d+ records of this log/),
        },
      });
      const seen = { kind: 'witness', name: 'auditor', size: expect.any(Number) };
      expect(await restore(true)).toMatchObject({
        ahead: [
          { ...seen, log: 'portreeve.test/audit' },
          { ...seen, log: CASES },
        ],
      });
      // One that does not answer holds nobody up: who restores without it is not told.
      await witness.kill();
      expect(await restore(false)).toMatchObject({ ahead: [] });
    } finally {
      for (const database of databases) await database.drop();
    }
  });
});
