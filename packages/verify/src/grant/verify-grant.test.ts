import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  PROOF_HEADER as CONTRACT_PROOF_HEADER,
  digestOf,
  GRANT_HEADER as HEADER,
  GRANT_TYPE as TYPE,
} from '@portreeve/contract';
import { UnsecuredJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ARGS,
  AUDIENCE,
  claims as claimsAt,
  executorKey,
  ISSUER,
  issuerKey,
  jwks,
  ORIGIN,
  prove,
  sign as signPayload,
  TOOL,
} from '../testing/make-grant.ts';
import { PROOF_HEADER } from './proof.ts';
import { GrantKeysUnavailable, type GrantRefusal, GrantRefused } from './refused.ts';
import { memoryReplayStore } from './replay.ts';
import { createGrantVerifier, GRANT_HEADER, GRANT_TYPE, type GrantedCall } from './verify-grant.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const ISSUED = NOW.getTime() / 1000;
const CALL = { tool: TOOL, args: ARGS };
const REQUEST = { method: 'POST', url: `${ORIGIN}/cases/case-7` };

const claims = (change: object = {}) => claimsAt(NOW, change);
const sign = (payload: object = claims(), header: object = {}, key?: KeyObject) => signPayload(payload, header, key);

/** The call with the proof that belongs to the token. */
async function proved(token: unknown, call: object = CALL): Promise<GrantedCall> {
  const proof = typeof token === 'string' ? await prove(token, NOW, REQUEST) : null;
  return { request: { method: 'POST', path: '/cases/case-7', proof }, ...call } as GrantedCall;
}

function verifier(change: Partial<Parameters<typeof createGrantVerifier>[0]> = {}) {
  return createGrantVerifier({
    jwks,
    issuer: ISSUER,
    audience: AUDIENCE,
    origin: ORIGIN,
    replay: memoryReplayStore(),
    now: () => NOW,
    ...change,
  });
}

/** What a verifier gives for a token with its own proof. */
async function accepted(one: ReturnType<typeof verifier>, token: string, call: object = CALL) {
  return one.verify(token, await proved(token, call));
}

async function codeOf(token: unknown, call: object = CALL, change = {}): Promise<GrantRefusal> {
  const error = await verifier(change)
    .verify(token as string, await proved(token, call))
    .then(
      () => {
        throw new Error('it was accepted');
      },
      (refusal: unknown) => refusal,
    );
  expect(error).toBeInstanceOf(GrantRefused);
  expect((error as Error).message).not.toContain('eyJ');
  return (error as GrantRefused).code;
}

describe('F11: a grant', () => {
  test('says who acted for whom, who agreed, and where to look it up', async () => {
    expect(await accepted(verifier(), await sign())).toEqual({
      id: 'grt_1',
      issuer: ISSUER,
      subject: 'prn_ana',
      actor: 'agent:incident-summary',
      workload: 'portreeve-executor',
      executor_key: executorKey,
      tool: 'publish_case_summary',
      tool_version: '1.0.0',
      run: 'run_1',
      proposal: 'prop_1',
      proposal_digest: digestOf('proposal'),
      decision: 'dec_1',
      approvals: ['appr_1'],
      approvers: ['prn_ben'],
      workflow: 'incident-summary',
      release: digestOf('release'),
      policy_version: digestOf('policy'),
      environment: 'test',
      args_digest: digestOf(ARGS),
      issued_at: NOW,
      expires_at: new Date('2026-11-20T12:02:00Z'),
    });
  });

  test('of a person who acted alone, outside a run, has no actor and no run', async () => {
    const { act: _, ...alone } = claims({ txn: 'prop_1' });
    expect(await accepted(verifier(), await sign(alone))).toMatchObject({ actor: null, run: null });
  });

  test('is good for arguments in any order of members, and for no other byte', async () => {
    const reordered = { summary: { statements: ARGS.summary.statements, title: 'Zürich' }, case_id: 'case-7' };
    await accepted(verifier(), await sign(), { ...CALL, args: reordered });
    expect(await codeOf(await sign(), { ...CALL, args: { ...ARGS, case_id: 'case-8' } })).toBe('mismatch');
    expect(await codeOf(await sign(), { ...CALL, args: { ...ARGS, extra: null } })).toBe('mismatch');
    expect(await codeOf(await sign(), { ...CALL, args: { ...ARGS, extra: undefined } })).toBe('mismatch');
    expect(await codeOf(await sign(), { ...CALL, args: undefined })).toBe('mismatch');
  });

  test('is good once, also when many come at once', async () => {
    const one = verifier();
    const token = await sign();
    const call = await proved(token);
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => one.verify(token, call)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('replayed');
  });

  test('is not used up by a call that is refused for another reason', async () => {
    const one = verifier();
    const token = await sign();
    await expect(accepted(one, token, { ...CALL, args: {} })).rejects.toMatchObject({ code: 'mismatch' });
    await accepted(one, token);
  });

  test('is refused if the replay store cannot remember it', async () => {
    const replay = { use: () => Promise.reject(new Error('disk full')) };
    await expect(accepted(verifier({ replay }), await sign())).rejects.toThrow('disk full');
  });

  test('has the header and the type that the rest of Portreeve uses', () => {
    expect([GRANT_HEADER, GRANT_TYPE, PROOF_HEADER]).toEqual([HEADER, TYPE, CONTRACT_PROOF_HEADER]);
  });
});

describe('refused', () => {
  const [detail] = claims().authorization_details;
  const changed: [string, GrantRefusal, object][] = [
    ['another system', 'wrong_audience', { aud: 'payroll' }],
    ['another issuer', 'wrong_issuer', { iss: 'https://evil.test' }],
    ['its time is over', 'expired', { iat: ISSUED - 200, nbf: ISSUED - 200, exp: ISSUED - 5 }],
    ['its time has not come', 'not_yet_valid', { nbf: ISSUED + 6 }],
    ['it lives for years', 'malformed', { exp: ISSUED + 10 ** 8 }],
    [
      'another tool',
      'mismatch',
      { scope: 'delete_case', authorization_details: [{ ...detail, actions: ['delete_case'] }] },
    ],
    ['scope and detail differ', 'malformed', { scope: 'delete_case' }],
    ['two details', 'malformed', { authorization_details: [detail, detail] }],
    ['no detail', 'malformed', { authorization_details: [] }],
    ['another kind of detail', 'malformed', { authorization_details: [{ ...detail, type: 'other' }] }],
    ['many uses', 'malformed', { authorization_details: [{ ...detail, max_uses: 2 }] }],
    ['two actions', 'malformed', { authorization_details: [{ ...detail, actions: ['publish_case_summary', 'x'] }] }],
    ['no digest', 'malformed', { authorization_details: [{ ...detail, args_digest: undefined }] }],
    ['no context', 'malformed', { tctx: undefined }],
    ['no id', 'malformed', { jti: undefined }],
    ['bound to no key', 'malformed', { cnf: undefined }],
    ['a fraction of a second', 'malformed', { iat: ISSUED + 0.5 }],
    ['no end', 'malformed', { exp: undefined }],
  ];
  test.each(changed)('%s: %s', async (_, code, change) => {
    expect(await codeOf(await sign(claims(change)))).toBe(code);
  });

  test.each([undefined, null, ''])('no token (%j): missing', async (token) => {
    expect(await codeOf(token)).toBe('missing');
  });

  test.each(['x', 'a.b', 'a.b.c', '....', 'x'.repeat(9000), 7, {}])('not a token: malformed', async (token) => {
    expect(await codeOf(token)).toBe('malformed');
  });

  test('another type of token, or none: wrong_type', async () => {
    expect(await codeOf(await sign(claims(), { typ: 'at+jwt' }))).toBe('wrong_type');
    expect(await codeOf(await sign(claims(), { typ: undefined }))).toBe('wrong_type');
  });

  test('a foreign key, its own key, an unknown key id, an altered payload: bad_signature', async () => {
    const foreign = generateKeyPairSync('ed25519');
    expect(await codeOf(await sign(claims(), {}, foreign.privateKey))).toBe('bad_signature');
    const jwk = foreign.publicKey.export({ format: 'jwk' });
    expect(await codeOf(await sign(claims(), { jwk }, foreign.privateKey))).toBe('bad_signature');
    expect(await codeOf(await sign(claims(), { kid: 'grant-2' }))).toBe('bad_signature');
    const [head, , signature] = (await sign()).split('.');
    const payload = Buffer.from(JSON.stringify(claims({ aud: 'payroll' }))).toString('base64url');
    expect(await codeOf(`${head}.${payload}.${signature}`)).toBe('bad_signature');
  });

  test('no algorithm, or an HMAC with the public key as its secret: bad_signature', async () => {
    expect(['bad_signature', 'malformed']).toContain(await codeOf(new UnsecuredJWT(claims() as never).encode()));
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'HS256', typ: TYPE, kid: 'grant-1' })}.${part(claims())}`;
    const secret = createPublicKey(issuerKey).export({ type: 'spki', format: 'pem' });
    const mac = createHmac('sha256', secret).update(signed).digest('base64url');
    expect(await codeOf(`${signed}.${mac}`)).toBe('bad_signature');
  });

  test('another tool version or environment, where the system asks: mismatch', async () => {
    expect(await codeOf(await sign(), { ...CALL, tool_version: '2.0.0' })).toBe('mismatch');
    expect(await codeOf(await sign(), CALL, { environment: 'production' })).toBe('mismatch');
    await accepted(verifier({ environment: 'test' }), await sign(), { ...CALL, tool_version: '1.0.0' });
  });

  test('each code has the HTTP status that fits', () => {
    const status = (code: GrantRefusal) => new GrantRefused(code, '').status;
    expect([status('missing'), status('expired'), status('mismatch'), status('replayed')]).toEqual([
      401, 403, 403, 409,
    ]);
  });
});

describe('F6 F11: the proof that the grant came from who may use it', () => {
  const thief = generateKeyPairSync('ed25519');
  const thiefJwk = thief.publicKey.export({ format: 'jwk' });
  const cases: [string, GrantRefusal, (token: string) => Promise<unknown>][] = [
    ['none', 'no_proof', async () => null],
    ['an empty one', 'no_proof', async () => ''],
    ['another type of token', 'bad_proof', async (token) => token],
    ['not a token', 'bad_proof', async () => 'x.y.z'],
    ['too long a one', 'bad_proof', async () => 'x'.repeat(5000)],
    ['two in one header', 'bad_proof', async (token) => `${await prove(token, NOW, REQUEST)}, x`],
    [
      'by another key',
      'bad_proof',
      (token) => prove(token, NOW, REQUEST, { header: { jwk: thiefJwk }, key: thief.privateKey }),
    ],
    [
      'that names the key and is signed by another',
      'bad_proof',
      (token) => prove(token, NOW, REQUEST, { key: thief.privateKey }),
    ],
    ['without a key', 'bad_proof', (token) => prove(token, NOW, REQUEST, { header: { jwk: undefined } })],
    ['of another type', 'bad_proof', (token) => prove(token, NOW, REQUEST, { header: { typ: 'JWT' } })],
    ['for another grant', 'bad_proof', async () => prove(await sign(claims({ jti: 'grt_2' })), NOW, REQUEST)],
    ['for another method', 'bad_proof', (token) => prove(token, NOW, { ...REQUEST, method: 'PUT' })],
    ['for another path', 'bad_proof', (token) => prove(token, NOW, { ...REQUEST, url: `${ORIGIN}/cases/case-8` })],
    [
      'for another system',
      'bad_proof',
      (token) => prove(token, NOW, { ...REQUEST, url: 'https://payroll.test/cases/case-7' }),
    ],
    [
      'for something that is no address',
      'bad_proof',
      (token) => prove(token, NOW, { ...REQUEST, url: '/cases/case-7' }),
    ],
    ['made before', 'bad_proof', (token) => prove(token, NOW, REQUEST, { claims: { iat: ISSUED - 66 } })],
    ['made later', 'bad_proof', (token) => prove(token, NOW, REQUEST, { claims: { iat: ISSUED + 6 } })],
    ['without a time', 'bad_proof', (token) => prove(token, NOW, REQUEST, { claims: { iat: undefined } })],
  ];
  test.each(cases)('%s: %s', async (_, code, make) => {
    const one = verifier();
    const token = await sign();
    const request = { method: 'POST', path: '/cases/case-7', proof: (await make(token)) as string };
    await expect(one.verify(token, { ...CALL, request })).rejects.toMatchObject({ name: 'GrantRefused', code });
    // The grant is not used up by who could not prove it.
    await accepted(one, token);
  });

  test('a path that would become a part of the host is refused', async () => {
    const token = await sign();
    const proof = await prove(token, NOW, { method: 'POST', url: 'https://cases.test@evil.test/cases/case-7' });
    for (const path of ['@evil.test/cases/case-7', '', '*'])
      await expect(
        verifier().verify(token, { ...CALL, request: { method: 'POST', path, proof } }),
      ).rejects.toMatchObject({
        code: 'bad_proof',
      });
  });

  test('a query does not count, a prefix that a proxy takes away does', async () => {
    const token = await sign();
    const url = `${ORIGIN}/behind/a/proxy/cases/case-7`;
    const proof = await prove(token, NOW, { method: 'POST', url });
    const request = { method: 'POST', path: '/cases/case-7?x=1', proof };
    await verifier({ origin: () => `${ORIGIN}/behind/a/proxy/` }).verify(token, { ...CALL, request });
  });
});

describe('keys by address', () => {
  let server: Server | undefined;
  afterEach(() => new Promise((done) => (server ? server.close(done) : done(undefined))));

  async function serve(answer: () => [number, unknown]) {
    let fetched = 0;
    server = createServer((_, response) => {
      fetched++;
      const [status, body] = answer();
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
    });
    await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`);
    return { one: verifier({ jwks: url }), fetched: () => fetched };
  }

  test('are fetched once for many grants', async () => {
    const { one, fetched } = await serve(() => [200, jwks]);
    await accepted(one, await sign());
    await accepted(one, await sign(claims({ jti: 'grt_2' })));
    expect(fetched()).toBe(1);
  });

  test('that cannot be fetched refuse every grant, with another error than a bad one', async () => {
    const { one } = await serve(() => [500, {}]);
    await expect(accepted(one, await sign())).rejects.toBeInstanceOf(GrantKeysUnavailable);
  });

  test('that are not keys refuse every grant', async () => {
    const { one } = await serve(() => [200, { hello: 'world' }]);
    await expect(accepted(one, await sign())).rejects.toBeInstanceOf(GrantKeysUnavailable);
  });
});

describe('the replay store in memory', () => {
  test('forgets what is over when it is full, and refuses when nothing is', async () => {
    let now = NOW;
    const store = memoryReplayStore({ now: () => now, max: 2 });
    const end = new Date(NOW.getTime() + 1000);
    expect(await store.use('a', end)).toBe(true);
    expect(await store.use('a', end)).toBe(false);
    expect(await store.use('b', end)).toBe(true);
    await expect(store.use('c', end)).rejects.toThrow('full');
    now = end;
    expect(await store.use('c', new Date(end.getTime() + 1000))).toBe(true);
  });
});
