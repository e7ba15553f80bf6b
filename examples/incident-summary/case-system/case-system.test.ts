import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const ISSUER = 'https://portreeve.test';
const AUDIENCE = 'urn:portreeve:example:case-system';
const READ_TOKEN = 'read-token-of-the-test';
const BODY = { title: 'Zugriff auf LSASS', summary: 'One process read another.', statements: [] };

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** The key that Portreeve's executor shows that it holds. */
const executor = generateKeyPairSync('ed25519');
const { crv, kty, x } = executor.publicKey.export({ format: 'jwk' });
const jwk = { crv, kty, x };
/** RFC 8785 of what these tests send: one level of members. */
const canonical = (value: object) => JSON.stringify(Object.fromEntries(Object.entries(value).sort()));
const digest = (value: object) => `sha256:${createHash('sha256').update(canonical(value)).digest('hex')}`;
let serial = 0;

/** A grant as Portreeve signs it, for one publication. */
function grant(change: { caseId?: string; body?: object; claims?: object } = {}): string {
  const { caseId = 'CASE-1', body = BODY, claims = {} } = change;
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: ISSUER,
    aud: AUDIENCE,
    iat: now,
    nbf: now,
    exp: now + 120,
    jti: `grt_${++serial}`,
    txn: 'run_1',
    sub: 'prn_ana',
    act: { sub: 'agent:incident-summary' },
    scope: 'publish_case_summary',
    req_wl: 'portreeve-executor',
    cnf: { jkt: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url') },
    authorization_details: [
      {
        type: 'urn:portreeve:grant:tool-call',
        actions: ['publish_case_summary'],
        tool_version: '1.0',
        args_digest: digest({ case_id: caseId, ...body }),
        max_uses: 1,
      },
    ],
    tctx: {
      proposal: 'prop_1',
      proposal_digest: digest({ of: 'proposal' }),
      workflow: 'incident-summary',
      release: digest({ of: 'release' }),
      policy_version: digest({ of: 'policy' }),
      decision: 'dec_1',
      approvals: ['appr_1'],
      approvers: ['prn_ben'],
      environment: 'test',
    },
    ...claims,
  };
  return jws({ typ: 'portreeve-grant+jwt', kid: 'grant-1' }, payload, privateKey);
}

function jws(header: object, payload: object, key: KeyObject): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'EdDSA', ...header })}.${part(payload)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}

/** The executor's proof for one request with a grant (RFC 9449). */
function prove(token: string, url: string): string {
  const ath = createHash('sha256').update(token).digest('base64url');
  const claims = { jti: randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), ath };
  return jws({ typ: 'dpop+jwt', jwk }, claims, executor.privateKey);
}

let jwksServer: Server;
let folder: string;
let data: string;
const processes = new Set<ChildProcess>();

beforeAll(async () => {
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'grant-1', alg: 'EdDSA', use: 'sig' }];
  jwksServer = createServer((_, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((done) => jwksServer.listen(0, '127.0.0.1', done));
  folder = await mkdtemp(join(tmpdir(), 'case-system-'));
  await writeFile(join(folder, 'read-token'), `${READ_TOKEN}\n`);
  await writeFile(join(folder, 'CASE-1.jsonl'), '{"EventID":10}\n{"EventID":11}\n');
});
afterEach(() => {
  for (const child of processes) child.kill('SIGKILL');
  processes.clear();
});
afterAll(async () => {
  jwksServer.closeAllConnections();
  await new Promise((done) => jwksServer.close(done));
  await rm(folder, { recursive: true });
});

function launch(flags: readonly string[]): ChildProcess {
  const server = fileURLToPath(new URL('./server.ts', import.meta.url));
  const child = spawn(process.execPath, [server, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] });
  processes.add(child);
  return child;
}

/** Starts the real process on `data` (a new folder unless one is given). */
async function start(options: { data?: string; flags?: string[]; jwks?: string } = {}) {
  data = options.data ?? (await mkdtemp(join(folder, 'data-')));
  const jwks = options.jwks ?? `http://127.0.0.1:${(jwksServer.address() as AddressInfo).port}/jwks.json`;
  const needed = ['--data', data, '--cases', folder, '--issuer', ISSUER, '--jwks', jwks];
  const child = launch([...needed, '--read-token-file', join(folder, 'read-token'), ...(options.flags ?? [])]);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { listening } = JSON.parse(line) as { listening: string };
  expect(listening).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  return {
    child,
    url: listening,
    get: (path: string, headers: Record<string, string> = { authorization: `Bearer ${READ_TOKEN}` }) =>
      fetch(listening + path, { headers }),
    post: (path: string, body: unknown, headers: Record<string, string | undefined> = {}, patience_ms = 10_000) =>
      fetch(listening + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...JSON.parse(JSON.stringify(headers)) },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(patience_ms),
      }),
  };
}
type System = Awaited<ReturnType<typeof start>>;

const publish = (system: System, token: string | undefined, body: unknown = BODY, key?: string, caseId = 'CASE-1') => {
  const path = `/cases/${caseId}/summary`;
  const proof = token === undefined ? undefined : prove(token, system.url + path);
  return system.post(path, body, { 'Portreeve-Grant': token, DPoP: proof, 'idempotency-key': key });
};

async function refusal(answer: Promise<Response>): Promise<[number, string]> {
  const response = await answer;
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await response.json()) as { status: number; code: string };
  expect(problem.status).toBe(response.status);
  return [response.status, problem.code];
}

async function journal(): Promise<{ type: string }[]> {
  const text = await readFile(join(data, 'journal.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string });
}

describe('the case system', () => {
  test('gives the logs of a case to who holds the read token, and nothing else of the folder', async () => {
    const system = await start();
    expect(await (await system.get('/healthz', {})).json()).toEqual({ status: 'ok' });
    const logs = await system.get('/cases/CASE-1/logs');
    expect(logs.headers.get('content-type')).toBe('application/jsonl');
    expect(await logs.text()).toBe('{"EventID":10}\n{"EventID":11}\n');
    expect(await refusal(system.get('/cases/CASE-1/logs', {}))).toEqual([401, 'unauthorized']);
    const wrong = { authorization: 'Bearer wrong-token-of-the-test' };
    expect(await refusal(system.get('/cases/CASE-1/logs', wrong))).toEqual([401, 'unauthorized']);
    for (const id of ['CASE-9', '..%2Fread-token', '%2e%2e%2fread-token', 'read-token%00', '%ff', 'a'.repeat(65)]) {
      expect(await refusal(system.get(`/cases/${id}/logs`))).toEqual([404, 'unknown_case']);
    }
    expect(await refusal(system.get('/cases/CASE-1/other'))).toEqual([404, 'not_found']);
    expect(await refusal(system.get('/cases/CASE-1/constructor'))).toEqual([404, 'not_found']);
    expect(await refusal(system.post('/cases/CASE-1/logs', {}))).toEqual([405, 'method_not_allowed']);
    expect(await refusal(system.post('/_faults', { mode: 'error' }))).toEqual([404, 'not_found']);
  });

  test('F11: publishes with a grant, and says by whose right', async () => {
    const system = await start();
    expect(await refusal(system.get('/cases/CASE-1/summary'))).toEqual([404, 'not_found']);
    const answer = await publish(system, grant());
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ case_id: 'CASE-1', revision: 1, published_at: expect.any(String) });
    expect(await (await system.get('/cases/CASE-1/summary')).json()).toEqual({
      case_id: 'CASE-1',
      revision: 1,
      published_at: expect.any(String),
      publication: BODY,
      by: {
        grant: `grt_${serial}`,
        proposal: 'prop_1',
        run: 'run_1',
        subject: 'prn_ana',
        actor: 'agent:incident-summary',
        approvers: ['prn_ben'],
      },
    });
    expect(await refusal(system.get('/cases/CASE-1/summary', {}))).toEqual([401, 'unauthorized']);
  });

  test('F11: refuses a grant that is missing, foreign, over, replayed, or for another call', async () => {
    const system = await start();
    const now = Math.floor(Date.now() / 1000);
    expect(await refusal(publish(system, undefined))).toEqual([401, 'grant_missing']);
    expect(await refusal(publish(system, 'x.y.z'))).toEqual([401, 'grant_malformed']);
    const over = grant({ claims: { iat: now - 300, nbf: now - 300, exp: now - 60 } });
    expect(await refusal(publish(system, over))).toEqual([403, 'grant_expired']);
    const early = grant({ claims: { nbf: now + 60 } });
    expect(await refusal(publish(system, early))).toEqual([403, 'grant_not_yet_valid']);
    const foreign = grant({ claims: { aud: 'payroll' } });
    expect(await refusal(publish(system, foreign))).toEqual([403, 'grant_wrong_audience']);
    const token = grant();
    expect(await refusal(publish(system, `${token.slice(0, -6)}AAAAAA`))).toEqual([403, 'grant_bad_signature']);
    expect(await refusal(publish(system, token, { ...BODY, summary: 'Something else.' }))).toEqual([
      403,
      'grant_mismatch',
    ]);
    expect(await refusal(publish(system, token, BODY, undefined, 'CASE-2'))).toEqual([403, 'grant_mismatch']);
    const summary = '/cases/CASE-1/summary';
    expect(await refusal(system.post(summary, BODY, { 'Portreeve-Grant': token }))).toEqual([401, 'grant_no_proof']);
    const elsewhere = { 'Portreeve-Grant': token, DPoP: prove(token, `${system.url}/cases/CASE-2/summary`) };
    expect(await refusal(system.post(summary, BODY, elsewhere))).toEqual([403, 'grant_bad_proof']);
    expect((await publish(system, token)).status).toBe(201);
    expect(await refusal(publish(system, token))).toEqual([409, 'grant_replayed']);
    expect((await journal()).filter((entry) => entry.type === 'published')).toHaveLength(1);
  });

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no summary', '{}'],
    ['another case in the body', JSON.stringify({ ...BODY, case_id: 'CASE-2' })],
  ])('refuses a body with %s', async (_, body) => {
    const system = await start();
    expect(await refusal(publish(system, grant(), body))).toEqual([400, 'bad_request']);
    expect(await journal()).toEqual([]);
  });

  test('refuses a body that is too long, and lives on', async () => {
    const system = await start();
    const long = publish(system, grant(), { summary: 'x'.repeat(3 * 1024 * 1024) });
    // The connection may be closed before the whole body was sent; then there is no answer to read.
    const status = await long.then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect((await publish(system, grant())).status).toBe(201);
  });

  test('F9: the same key and the same call are answered as before, without publishing again', async () => {
    const system = await start();
    const first = await (await publish(system, grant(), BODY, 'prop_1')).json();
    const again = await publish(system, grant(), BODY, 'prop_1');
    expect([again.status, again.headers.get('idempotent-replayed'), await again.json()]).toEqual([200, 'true', first]);
    const other = { ...BODY, summary: 'Other.' };
    const mismatch = publish(system, grant({ body: other }), other, 'prop_1');
    expect(await refusal(mismatch)).toEqual([422, 'idempotency_mismatch']);
    expect((await journal()).filter((entry) => entry.type === 'published')).toHaveLength(1);
  });

  test('F9: twenty at once with one grant, and with one key, publish once each', async () => {
    const system = await start();
    const token = grant();
    const replays = await Promise.all(Array.from({ length: 20 }, () => publish(system, token)));
    expect(replays.map((response) => response.status).sort()).toEqual([201, ...Array(19).fill(409)]);
    const tokens = Array.from({ length: 20 }, () => grant());
    const repeats = await Promise.all(tokens.map((one) => publish(system, one, BODY, 'prop_2')));
    expect(repeats.map((response) => response.status).sort()).toEqual([...Array(19).fill(200), 201]);
    expect((await journal()).filter((entry) => entry.type === 'published')).toHaveLength(2);
  });

  test('I3: killed and started again, it forgets no grant, no key and no summary', async () => {
    const system = await start();
    const token = grant();
    const first = await (await publish(system, token, BODY, 'prop_1')).json();
    system.child.kill('SIGKILL');
    await once(system.child, 'exit');
    await appendFile(join(data, 'journal.jsonl'), '{"type":"grant_used","jti":"grt_torn');
    const restarted = await start({ data });
    expect(await refusal(publish(restarted, token))).toEqual([409, 'grant_replayed']);
    expect(await (await publish(restarted, grant(), BODY, 'prop_1')).json()).toEqual(first);
    expect(await (await restarted.get('/cases/CASE-1/summary')).json()).toMatchObject({ publication: BODY });
  });

  test('a damaged journal stops it: a used grant may hide there', async () => {
    const broken = await mkdtemp(join(folder, 'data-'));
    await writeFile(join(broken, 'journal.jsonl'), '{"type":\n{}\n');
    const child = launch([
      '--data',
      broken,
      '--issuer',
      ISSUER,
      '--jwks',
      'http://127.0.0.1:1/',
      '--read-token-file',
      join(folder, 'read-token'),
    ]);
    const [error] = (await once(child.stderr!, 'data')) as [Buffer];
    expect(String(error)).toContain('damaged at line 1');
    expect(await once(child, 'exit')).toEqual([1, null]);
  });

  test('a second process on the same journal makes publishing fail closed', async () => {
    const one = await start();
    const two = await start({ data });
    expect((await publish(one, grant())).status).toBe(201);
    expect(await refusal(publish(two, grant()))).toEqual([500, 'internal']);
  });

  test('without the keys of Portreeve nothing is published', async () => {
    const system = await start({ jwks: 'http://127.0.0.1:1/jwks.json' });
    expect(await refusal(publish(system, grant()))).toEqual([503, 'keys_unavailable']);
    expect(await journal()).toEqual([]);
  });

  test.each([
    ['drop_before', 0],
    ['drop_after', 1],
    ['timeout', 1],
  ] as const)('told to %s: no answer, and %i publications', async (mode, published) => {
    const system = await start({ flags: ['--allow-faults'] });
    expect((await system.post('/_faults', { mode })).status).toBe(200);
    const token = grant();
    const headers = { 'Portreeve-Grant': token, DPoP: prove(token, `${system.url}/cases/CASE-1/summary`) };
    await expect(system.post('/cases/CASE-1/summary', BODY, headers, 1_500)).rejects.toThrow();
    expect((await journal()).filter((entry) => entry.type === 'published')).toHaveLength(published);
    await system.post('/_faults', { mode: 'none' });
    expect((await publish(system, grant())).status).toBe(201);
  });

  test('told to fail: 500 and nothing done, until told otherwise', async () => {
    const system = await start({ flags: ['--allow-faults'] });
    await system.post('/_faults', { mode: 'error' });
    expect(await refusal(publish(system, grant()))).toEqual([500, 'internal']);
    expect(await refusal(system.post('/_faults', { mode: 'explode' }))).toEqual([400, 'bad_request']);
    expect(await journal()).toEqual([]);
  });

  test.each(['SIGTERM', 'SIGINT', 'stdin'] as const)('ends at once on %s', async (how) => {
    const { child } = await start();
    if (how === 'stdin') child.stdin!.end();
    else child.kill(how);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('a missing or unknown option is a usage error', async () => {
    for (const flags of [
      ['--issuer', ISSUER],
      ['--nonsense'],
      ['--data', 'd', '--issuer', 'i', '--jwks', 'no url', '--read-token-file', 'f'],
    ]) {
      const child = launch(flags);
      expect(await once(child, 'exit')).toEqual([2, null]);
    }
  });
});
