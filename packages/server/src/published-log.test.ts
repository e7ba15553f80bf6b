import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from './http/app.ts';
import { startServer } from './start.ts';
import { Database } from './store/database.ts';
import { type TestServer, testServer } from './testing/server.ts';

/** The real server with an anchor, and what becomes of it when its database is put back. */
describe('G2: the log outside', () => {
  let house: TestServer;
  let anchor: string;
  beforeAll(async () => {
    anchor = await mkdtemp(join(tmpdir(), 'portreeve-anchor-'));
    const anchors = [
      { store: 'folder' as const, name: 'disk', folder: anchor },
      { store: 'folder' as const, name: 'unmounted', folder: join(anchor, 'not-there') },
    ];
    house = await testServer({ config: { audit: { anchors, checkpoint_every_s: 1 } } });
  });
  afterAll(async () => {
    await house?.close();
    await rm(anchor, { recursive: true, force: true });
  });
  test('a log whose first record tells of an anchor that fails lies in partitions of its own', async () => {
    const { rows } = await sql`SELECT low FROM audit_partitions('portreeve.test/audit')`.execute(
      house.server.services.database.read,
    );
    expect(rows).toContainEqual({ low: '0' });
  });

  const get = async (path: string) => {
    const auditor = await house.as('auditor');
    return fetch(house.url + path, { headers: { authorization: `Bearer ${auditor.token}` } });
  };

  test('checkpoint and tiles are served as C2SP says, to whoever may read the record, and reading is recorded', async () => {
    const { checkpoint } = (await (await house.as('auditor')).get('/v1/audit/checkpoint')).body;
    const head = await get('/v1/audit/tlog/checkpoint');
    expect([head.status, head.headers.get('content-type'), head.headers.get('cache-control')]).toEqual([
      ...[200, 'text/plain; charset=utf-8', 'no-cache'],
    ]);
    const note = await head.text();
    expect(note.split('\n').filter((line) => line.startsWith('\u2014'))).toHaveLength(2);
    expect(Number(note.split('\n')[1])).toBeGreaterThanOrEqual(Number(checkpoint.split('\n')[1]));
    const tile = await get('/v1/audit/tlog/tile/0/000.p/3');
    expect([tile.status, tile.headers.get('content-type'), tile.headers.get('cache-control')]).toEqual([
      ...[200, 'application/octet-stream', 'private, max-age=31536000, immutable'],
    ]);
    expect((await tile.arrayBuffer()).byteLength).toBe(96);
    const bundle = Buffer.from(await (await get('/v1/audit/tlog/tile/entries/000.p/3')).arrayBuffer());
    expect(JSON.parse(bundle.subarray(2, 2 + bundle.readUInt16BE(0)).toString())).toMatchObject({ index: 0 });
    for (const path of ['9/000', '0/000.p/0', '0/x001/000', '..%2f..%2fx', 'entries/000.p/256'])
      expect([path, (await get(`/v1/audit/tlog/tile/${path}`)).status]).toEqual([path, 404]);
    expect((await fetch(`${house.url}/v1/audit/tlog/checkpoint`)).status).toBe(401);
    const { records } = (await (await house.as('auditor')).get('/v1/audit/records?type=api.read&limit=50')).body;
    const targets = records.map((record: { payload: { data: { target: string } } }) => record.payload.data.target);
    expect(targets).toContain('/v1/audit/tlog/tile/0/000.p/3');
  });

  test('where the configuration makes them public, whoever asks may read checkpoint and tiles, and nothing else', async () => {
    const { services } = house.server;
    const app = await buildApp({ ...services, public_tiles: true }, pino({ level: 'silent' }) as never);
    const before = await services.audit.main.size();
    const head = await app.inject('/v1/audit/tlog/checkpoint');
    expect([head.statusCode, head.body.split('\n')[0]]).toEqual([200, 'portreeve.test/audit']);
    const tile = await app.inject('/v1/audit/tlog/tile/0/000.p/1');
    expect([tile.statusCode, tile.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    const { records } = await services.audit.search({ order: 'oldest', after: String(before - 1) });
    expect(records.filter(({ entry }) => entry.actor.kind === 'anonymous')).toEqual([]);
    expect((await app.inject('/v1/audit/records')).statusCode).toBe(401);
    await app.close();
  });

  test('verify goes on from what an earlier answer said', async () => {
    const auditor = await house.as('auditor');
    const first = (await auditor.post('/v1/audit/verify', { limit: 5 })).body;
    expect(first).toMatchObject({ ok: true, verified: { size: 5 } });
    const rest = (await auditor.post('/v1/audit/verify', { from: first.verified })).body;
    expect(rest).toMatchObject({ ok: true });
    expect(rest.verified.size).toBe(rest.size);
    const wrong = { ...first.verified, root: rest.verified.root };
    expect((await auditor.post('/v1/audit/verify', { from: wrong })).body).toMatchObject({ ok: false, kind: 'forked' });
  });

  test('a place that fails is recorded and shown; the others go on', async () => {
    await expect
      .poll(() => readFile(join(anchor, 'checkpoint'), 'utf8').catch(() => ''), { timeout: 10_000 })
      .not.toBe('');
    const { places } = (await (await house.as('operator')).get('/v1/system')).body;
    const states = places.map(({ name, state }: { name: string; state: string }) => [name, state]);
    expect(states).toEqual([
      ['disk', 'working'],
      ['unmounted', 'failing'],
    ]);
    const { records } = (await (await house.as('auditor')).get('/v1/audit/records?type=audit.place')).body;
    expect(records.map((record: { payload: { data: object } }) => record.payload.data)).toEqual([
      expect.objectContaining({
        kind: 'anchor',
        name: 'unmounted',
        state: 'failing',
        detail: 'the folder is not there',
      }),
    ]);
  });

  test('a database that was put back is refused at the start, with what to do, and gets no record more', async () => {
    await house.server.stop('its database is put back');
    const kept = join(anchor, '..', `${anchor}-kept`);
    await cp(anchor, kept, { recursive: true });
    const database = new Database(house.databaseUrl);
    const size = async () =>
      Number((await sql<{ n: string }>`SELECT count(*) AS n FROM audit_records`.execute(database.read)).rows[0]!.n);
    for (const table of ['audit_records', 'audit_checkpoints', 'audit_cosignatures'])
      await sql.raw(`ALTER TABLE ${table} DISABLE TRIGGER ALL`).execute(database.read);
    await sql`DELETE FROM audit_records WHERE index >= 20`.execute(database.read);
    await sql`DELETE FROM audit_index WHERE index >= 20`.execute(database.read);
    await sql`DELETE FROM audit_checkpoints WHERE size > 20`.execute(database.read);
    await expect(startServer(house.startOptions)).rejects.toMatchObject({
      code: 'log_broken',
      detail: expect.stringMatching(/anchor disk: \d+ records of this log were seen there, and it holds 20/),
      next: expect.stringContaining('Restore the newest backup'),
    });
    expect(await size()).toBe(20);
    expect(await readFile(join(anchor, 'checkpoint'))).toEqual(await readFile(join(kept, 'checkpoint')));
    await database.close();
    await rm(kept, { recursive: true });
  });
});
