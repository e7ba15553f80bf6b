import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARGS, claims, jwks, prove, sign } from './testing/make-grant.ts';

const GUIDE = fileURLToPath(new URL('../../../docs/guides/verify-grants.md', import.meta.url));
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
const ORIGIN = 'https://cases.internal';
const PATH = '/cases/case-7/summary';
const { case_id, ...BODY } = ARGS;

/** The blocks of the page that name a file. */
async function blocks(): Promise<[file: string, text: string][]> {
  const page = await readFile(GUIDE, 'utf8');
  const found = [...page.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, file, text]) => [file!, text!] as const,
  );
  expect(page.match(/^```ts/gm)).toHaveLength(found.length);
  return found.map(([file, text]) => [file, text]);
}

let folder: string;
let portreeve: Server;
const undo: (() => Promise<unknown>)[] = [];
// biome-ignore lint/suspicious/noExplicitAny: what a block of the page exports
const load = (file: string): Promise<any> => import(/* @vite-ignore */ join(folder, file));

beforeAll(async () => {
  // Inside the package, where its own name and the frameworks resolve as for a reader.
  folder = await mkdtemp(join(PACKAGE, '.guide-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  for (const [file, text] of await blocks()) await writeFile(join(folder, file), text);

  portreeve = createServer((_, response) => response.end(JSON.stringify(jwks)));
  await new Promise<void>((done) => portreeve.listen(0, '127.0.0.1', done));
  undo.push(() => new Promise((done) => portreeve.close(done)));
  process.env.PORTREEVE_URL = `http://127.0.0.1:${(portreeve.address() as AddressInfo).port}`;

  const server = process.env.PORTREEVE_TEST_DATABASE_URL;
  if (!server) throw new Error('PORTREEVE_TEST_DATABASE_URL is not set: run the tests with vitest from the root');
  const name = `guide_${Date.now()}_${Math.floor(Math.random() * 1e9)}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  undo.push(async () => {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  process.env.DATABASE_URL = url.href;
  await load('migrate.ts');
  const { pool } = await load('verifier.ts');
  pool.on('error', () => undefined);
  await pool.query('CREATE TABLE summaries (proposal text, approved_by text[])');
  undo.push(() => pool.end());
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
  delete process.env.PORTREEVE_URL;
  delete process.env.DATABASE_URL;
});

let serial = 0;
async function granted(change: object = {}) {
  const now = new Date();
  const context = { ...claims(now).tctx, environment: 'production' };
  const own = {
    iss: 'urn:portreeve:production',
    aud: 'urn:example:case-system',
    jti: `grt_guide_${++serial}`,
    tctx: context,
  };
  const token = await sign(claims(now, { ...own, ...change }));
  const proof = await prove(token, now, { method: 'POST', url: ORIGIN + PATH });
  return { token, proof };
}

type Post = (headers: Record<string, string>) => Promise<Response>;

/** What each of the examples must do: act once with a grant, and never without. */
async function holds(post: Post): Promise<void> {
  const headersOf = ({ token, proof }: { token: string; proof: string }) => ({
    'content-type': 'application/json',
    'portreeve-grant': token,
    dpop: proof,
  });
  const headers = headersOf(await granted());
  const done = await post(headers);
  expect(await done.json()).toEqual({ case: case_id, by: 'prn_ana', approved_by: ['prn_ben'] });
  expect(done.status).toBe(201);
  const codeOf = async (answer: Promise<Response>) => ((await (await answer).json()) as { code: string }).code;
  expect(await codeOf(post(headers))).toBe('grant_replayed');
  expect(await codeOf(post({ 'content-type': 'application/json' }))).toBe('grant_missing');
  expect(await codeOf(post(headersOf(await granted({ aud: 'payroll' }))))).toBe('grant_wrong_audience');
  const { dpop: _, ...unproved } = headersOf(await granted());
  expect(await codeOf(post(unproved))).toBe('grant_no_proof');
}

async function served(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}
const body = JSON.stringify(BODY);

describe('J6 F11: the page on verifying grants', () => {
  test('is type-checked', async () => {
    const files = (await blocks()).map(([file]) => join(folder, file));
    const flags = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--allowImportingTsExtensions',
      '--types',
      'node',
    ];
    const modern = ['--module', 'nodenext', '--target', 'esnext', '--lib', 'esnext,dom'];
    const run = promisify(execFile)(process.execPath, [TSC, ...flags, ...modern, ...files], { cwd: folder });
    await expect(
      run.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout))),
    ).resolves.toBeTruthy();
  }, 120_000);

  test('Express', async () => {
    const { app } = await load('express.ts');
    await served(app, (url) => holds((headers) => fetch(url + PATH, { method: 'POST', headers, body })));
  });

  test('Fastify', async () => {
    const { app } = await load('fastify.ts');
    await app.ready();
    await served(app.routing, (url) => holds((headers) => fetch(url + PATH, { method: 'POST', headers, body })));
    await app.close();
  });

  test('Hono', async () => {
    const { app } = await load('hono.ts');
    await holds((headers) => app.request(PATH, { method: 'POST', headers, body }));
  });

  test('a fetch handler', async () => {
    const { default: worker } = await load('worker.ts');
    await holds((headers) => worker.fetch(new Request(ORIGIN + PATH, { method: 'POST', headers, body })));
  });

  test('a plain function', async () => {
    const { publish } = await load('plain.ts');
    await holds(async (headers) => {
      const answer = await publish({ method: 'POST', path: PATH, headers, body: BODY });
      return Response.json(answer.body, { status: answer.status });
    });
  });

  test('a used grant and the change commit together or not at all', async () => {
    const { change } = await load('transaction.ts');
    const { pool } = await load('verifier.ts');
    const { token, proof } = await granted();
    const call = { tool: 'publish_case_summary', args: ARGS, request: { method: 'POST', path: PATH, proof } };
    await pool.query('ALTER TABLE summaries RENAME TO away');
    await expect(change(token, call)).rejects.toThrow('summaries');
    await pool.query('ALTER TABLE away RENAME TO summaries');
    await change(token, call);
    await expect(change(token, call)).rejects.toMatchObject({ code: 'replayed' });
    expect((await pool.query('SELECT * FROM summaries')).rows).toEqual([
      { proposal: 'prop_1', approved_by: ['prn_ben'] },
    ]);
  });

  test('Redis', async (context) => {
    try {
      execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    } catch {
      console.warn('skipped: no redis-server here (Debian: apt-get install redis-server)');
      context.skip();
    }
    const port = await freePort();
    const place = await mkdtemp(join(tmpdir(), 'portreeve-guide-redis-'));
    const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', place, '--save', '']);
    try {
      await new Promise<void>((ready) =>
        child.stdout.on('data', (text) => String(text).includes('eady to accept connections') && ready()),
      );
      process.env.REDIS_URL = `redis://127.0.0.1:${port}`;
      const { client, replay } = await load('redis.ts');
      expect(await replay.use('grt_redis', new Date(Date.now() + 60_000))).toBe(true);
      expect(await replay.use('grt_redis', new Date(Date.now() + 60_000))).toBe(false);
      client.destroy();
    } finally {
      child.kill('SIGTERM');
      await rm(place, { recursive: true, force: true });
      delete process.env.REDIS_URL;
    }
  });
});

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
