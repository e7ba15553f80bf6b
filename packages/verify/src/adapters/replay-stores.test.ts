import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import pg from 'pg';
import { expect, test } from 'vitest';
import { memoryReplayStore } from '../grant/replay.ts';
import { replayStoreContract } from '../testing/replay-contract.ts';
import { postgresReplayStore, REPLAY_TABLE } from './postgres.ts';
import { redisReplayStore } from './redis.ts';

replayStoreContract('memory', async () => ({ stores: [memoryReplayStore()] }));

async function postgres() {
  const server = process.env.PORTREEVE_TEST_DATABASE_URL;
  if (!server) throw new Error('PORTREEVE_TEST_DATABASE_URL is not set: run the tests with vitest from the root');
  const name = `replay_${Date.now()}_${Math.floor(Math.random() * 1e9)}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pools = [1, 2].map(() => new pg.Pool({ connectionString: url.href, max: 5 }));
  for (const pool of pools) pool.on('error', () => undefined);
  for (let i = 0; i < 2; i++) await pools[0]!.query(REPLAY_TABLE);
  const close = async () => {
    await Promise.all(pools.filter((pool) => !pool.ended).map((pool) => pool.end()));
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  };
  return { pools, close };
}

replayStoreContract('PostgreSQL, in two processes', async () => {
  const { pools, close } = await postgres();
  return {
    stores: pools.map((pool) => postgresReplayStore(pool)),
    breakIt: async () => void (await pools[0]!.query('DROP TABLE portreeve_used_grants')),
    close,
  };
});

test('PostgreSQL forgets what is over, and nothing else; an answer without rows is no answer', async () => {
  const { pools, close } = await postgres();
  try {
    const store = postgresReplayStore(pools[0]!);
    await store.use('over', new Date(Date.now() - 1000));
    await store.use('open', new Date(Date.now() + 60_000));
    await store.forget();
    expect((await pools[0]!.query('SELECT jti FROM portreeve_used_grants')).rows).toEqual([{ jti: 'open' }]);
    const array = postgresReplayStore({ query: async (text, values) => (await pools[0]!.query(text, values)).rows });
    expect(await array.use('open', new Date())).toBe(false);
    expect(await array.use('new', new Date())).toBe(true);
    const broken = postgresReplayStore({ query: async () => ({}) });
    await expect(broken.use('x', new Date())).rejects.toThrow('did not answer with rows');
  } finally {
    await close();
  }
});

const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('skipped: no redis-server here (Debian: apt-get install redis-server)');
    return false;
  }
})();

if (hasRedis)
  replayStoreContract('Redis, in two processes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portreeve-redis-'));
    const socket = join(folder, 'redis.sock');
    const words = [
      '--port',
      '0',
      '--unixsocket',
      socket,
      '--dir',
      folder,
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ];
    const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((ready, failed) => {
      child.once('exit', () => failed(new Error('redis-server ended')));
      child.stdout.on('data', (text) => String(text).includes('eady to accept connections') && ready());
    });
    const clients = [1, 2].map(() => createClient({ socket: { path: socket, tls: false, reconnectStrategy: false } }));
    for (const client of clients) await client.on('error', () => undefined).connect();
    const end = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    };
    return {
      stores: clients.map((client) => redisReplayStore((...command) => client.sendCommand(command))),
      breakIt: end,
      async close() {
        for (const client of clients) client.destroy();
        await end();
        await rm(folder, { recursive: true, force: true });
      },
    };
  });

test('an answer that Redis does not give is an error, and no permission', async () => {
  const store = redisReplayStore(async () => 'QUEUED');
  await expect(store.use('x', new Date())).rejects.toThrow('as SET does');
});
