import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer } from './start.ts';
import { AGENT_TOOLSET, type SignedInClient, type TestServer, testServer, WORKFLOW } from './testing/server.ts';

const MAIN = 'portreeve.test/audit';
const CASES = 'portreeve.test/audit/cases';
const logs = { cases: { origin: CASES, workflows: [WORKFLOW] } };

interface Shown {
  readonly place: string;
  readonly entry: { readonly log: string; readonly type: string; readonly index: number; readonly time: string };
  readonly erased: { readonly cause: string } | null;
  readonly payload: object | null;
}

/** The real server with a log of its own for its workflow. */
describe('G2: several logs in a house', () => {
  let house: TestServer;
  let folder: string;
  let auditor: SignedInClient;
  let run: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-several-'));
    const anchors = [{ store: 'folder' as const, name: 'disk', folder }];
    const streams = [{ name: 'siem', to: { kind: 'file' as const, path: join(folder, 'stream.jsonl') } }];
    house = await testServer({ config: { audit: { logs, anchors, streams, checkpoint_every_s: 1 } } });
    auditor = await house.as('auditor');
    const submitted = await house.submit({ case_id: 'CASE-1', publish: false });
    run = submitted.id;
    await house.ended(submitted.id);
  }, 60_000);
  afterAll(async () => {
    await house?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const search = async (query: string): Promise<{ records: Shown[]; next: string | null }> =>
    (await auditor.get(`/v1/audit/records?${query}`)).body;

  test('G2: all of a run stands in the log of its workflow, and what is of no workflow in the main one', async () => {
    const ofRun = await search(`run=${run}&order=oldest&limit=500`);
    expect(ofRun.records.map(({ entry }) => entry.log)).toEqual(ofRun.records.map(() => CASES));
    expect(ofRun.records.map(({ entry }) => entry.type)).toEqual(
      expect.arrayContaining(['run.submitted', 'run.ended']),
    );
    expect(ofRun.records.map(({ place, entry }) => place === `cases:${entry.index}`)).not.toContain(false);
    expect((await search(`workflow=${WORKFLOW}&log=main`)).records).toEqual([]);
    const main = await search('log=main&limit=500');
    const ofMain = new Set(main.records.map(({ entry }) => entry.type));
    for (const type of ['system.started', 'identity.signed_in', 'policy.loaded']) expect(ofMain).toContain(type);
    const { body } = await auditor.get('/v1/audit/logs');
    expect(body.logs).toMatchObject([
      { name: 'main', origin: MAIN, workflows: [] },
      { name: 'cases', origin: CASES, workflows: [WORKFLOW] },
    ]);
  });

  test('G4: a search goes through both logs page by page, in the order of time', async () => {
    const since = new Date(0).toISOString();
    const { body } = await auditor.get('/v1/audit/logs');
    const until = new Date().toISOString();
    const all: Shown[] = [];
    for (let after = ''; ; ) {
      const page = await search(`since=${since}&until=${until}&limit=9&order=oldest${after}`);
      all.push(...page.records);
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    const sizes = body.logs.map(({ size }: { size: number }) => size);
    expect(all.length).toBeGreaterThanOrEqual(sizes[0] + sizes[1]);
    expect(new Set(all.map(({ place }) => place)).size).toBe(all.length);
    const times = all.map(({ entry }) => entry.time);
    expect(times).toEqual([...times].sort());
    expect(new Set(all.map(({ entry }) => entry.log))).toEqual(new Set([MAIN, CASES]));
  });

  test('G2 G8: receipts, checkpoints, tiles, replay and verification are those of the log that is asked', async () => {
    const { note } = (await house.server.services.audit.named('cases').log.checkpoint())!;
    const [first] = (await search('log=cases&order=oldest&limit=1')).records;
    expect((await auditor.get('/v1/audit/records/cases:0')).body.entry).toEqual(first!.entry);
    const receipt = (await auditor.get('/v1/audit/proof/cases:0')).body;
    expect(receipt.vkey.startsWith(`${CASES}+`)).toBe(true);
    expect(receipt.proof).toContain(`\n${CASES}\n`);
    const bearer = { headers: { authorization: `Bearer ${auditor.token}` } };
    const text = async (path: string) => (await fetch(house.url + path, bearer)).text();
    expect((await text('/v1/audit/tlog/logs/cases/checkpoint')).split('\n')[0]).toBe(CASES);
    expect((await text('/v1/audit/tlog/checkpoint')).split('\n')[0]).toBe(MAIN);
    const bundle = await text('/v1/audit/tlog/logs/cases/tile/entries/000.p/1');
    expect(bundle.slice(2)).toContain(`"log":"${CASES}"`);
    expect((await fetch(`${house.url}/v1/audit/tlog/logs/sales/checkpoint`, bearer)).status).toBe(404);
    expect((await auditor.get('/v1/audit/checkpoint?log=cases')).body.checkpoint.split('\n')[0]).toBe(CASES);
    expect((await auditor.get(`/v1/audit/replay/${run}`)).body).toMatchObject({ log: 'cases', origin: CASES });
    for (const log of ['main', 'cases'])
      expect((await auditor.post('/v1/audit/verify', { log })).body).toMatchObject({ ok: true, problem: null });
    expect((await auditor.post('/v1/audit/verify', { log: 'sales' })).status).toBe(404);
    // Each log says itself that it was verified.
    const told = (await search('type=audit.verified')).records.map(({ entry }) => entry.log);
    expect(told.sort()).toEqual([MAIN, CASES]);
    expect(note.split('\n')[0]).toBe(CASES);
  });

  test('G2: an anchor gets the tiles of each log into a folder of its own', async () => {
    const head = (path: string) =>
      readFile(join(folder, path, 'checkpoint'), 'utf8').then(
        (found) => found.split('\n')[0],
        () => null,
      );
    await expect.poll(() => head('logs/cases'), { timeout: 10_000 }).toBe(CASES);
    await expect.poll(() => head('.'), { timeout: 10_000 }).toBe(MAIN);
    const { places } = (await (await house.as('operator')).get('/v1/system')).body;
    expect(places).toMatchObject([
      { log: 'main', name: 'disk', state: 'working' },
      { log: 'cases', name: 'disk', state: 'working' },
    ]);
  });

  test('G8: a stream brings both logs, each in its order, with the log and the index in each line', async () => {
    const read = async () =>
      (await readFile(join(folder, 'stream.jsonl'), 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).entry as Shown['entry']);
    await expect.poll(async () => new Set((await read()).map(({ log }) => log)).size, { timeout: 10_000 }).toBe(2);
    for (const log of [MAIN, CASES]) {
      const indexes = (await read()).filter((entry) => entry.log === log).map(({ index }) => index);
      expect(indexes).toEqual(indexes.map((_, i) => i));
    }
    const { streams } = (await auditor.get('/v1/audit/streams')).body;
    expect(streams).toMatchObject([
      { name: 'siem', log: 'main', problem: null },
      { name: 'siem', log: 'cases', problem: null },
    ]);
  });

  test('H6: figures and counters are of both logs', async () => {
    const operator = await house.as('operator');
    const { figures } = (await operator.get('/v1/figures')).body;
    const countOf = (id: string) => figures.find((each: { id: string }) => each.id === id).count;
    const metrics = await (
      await fetch(`${house.url}/metrics`, { headers: { authorization: `Bearer ${operator.token}` } })
    ).text();
    expect(metrics).toMatch(new RegExp(`figure="runs",workflow="${WORKFLOW}"} 1`));
    expect([countOf('runs'), countOf('unauthorised')]).toEqual([1, 0]);
  });

  test('G2 G6: an erasure reaches into both logs, each says so, and both verify', { timeout: 60_000 }, async () => {
    const [operator, admin] = [await house.as('operator'), await house.as('admin')];
    const person = await house.addAccount('leaver', ['requester']);
    const left = await house.submit({ case_id: 'CASE-1', publish: false }, person);
    await house.ended(left.id);
    const body = { subject: person.principal.id, reason: 'they asked for it' };
    const asked = (await operator.post('/v1/audit/erasures', body)).body;
    expect((await admin.post(`/v1/audit/erasures/${asked.id}/confirm`)).body).toMatchObject({ state: 'erased' });
    const erased = (await search('type=audit.erased')).records;
    expect(erased.map(({ entry }) => entry.log).sort()).toEqual([MAIN, CASES]);
    const own = [
      ...(await search(`run=${left.id}&limit=100`)).records,
      ...(await search(`actor=${person.principal.id}&log=main&limit=100`)).records,
    ];
    expect(new Set(own.map(({ entry }) => entry.log))).toEqual(new Set([MAIN, CASES]));
    expect(own.filter(({ payload }) => payload !== null)).toEqual([]);
    expect(own.every((record) => record.erased?.cause === 'erasure')).toBe(true);
    for (const log of ['main', 'cases']) {
      const report = (await auditor.post('/v1/audit/verify', { log })).body;
      expect(report).toMatchObject({ ok: true, problem: null });
      expect(report.erased).toBeGreaterThan(0);
    }
  });

  test('G2: a workflow stays in its log, and no log of a database is left out: another configuration is refused', async () => {
    await house.server.stop('it is configured otherwise');
    const refused = (config: object) => expect(startedWith(house, config)).rejects;
    await refused({ audit: {} }).toMatchObject({ code: 'misconfigured', detail: expect.stringContaining(CASES) });
    const moved = { cases: { origin: CASES, workflows: [AGENT_TOOLSET.name] } };
    await refused({ audit: { logs: moved }, mcp: { toolsets: [AGENT_TOOLSET] } }).toMatchObject({
      ...{
        code: 'misconfigured',
        detail: expect.stringContaining(`of the workflow ${WORKFLOW} is in the log ${CASES}`),
      },
    });
    const unknown = { cases: { origin: CASES, workflows: [WORKFLOW, 'no-such'] } };
    await refused({ audit: { logs: unknown } }).toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('no-such'),
    });
    await refused({ log_origin: 'portreeve.test/other', audit: { logs } }).toMatchObject({
      ...{ code: 'misconfigured', detail: expect.stringContaining(MAIN) },
    });
  });
});

let folders = 0;

/** Starts on the state and the database of a house that was stopped, with another configuration; stops what starts. */
async function startedWith({ startOptions, stateFolder }: TestServer, config: object): Promise<void> {
  // Beside the other one: its workflows are named by their way from there.
  const project = join(stateFolder, `project-${++folders}`);
  await cp(startOptions.project, project, { recursive: true });
  const file = join(project, 'portreeve.config.ts');
  const before = JSON.parse((await readFile(file, 'utf8')).replace(/^export default |;\n$/g, ''));
  await writeFile(file, `export default ${JSON.stringify({ ...before, ...config })};\n`);
  const server = await startServer({ ...startOptions, project });
  await server.stop('it should not have started');
}
