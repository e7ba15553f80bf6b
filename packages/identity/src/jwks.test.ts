import { fixedClock } from '@portreeve/contract';
import { beforeEach, describe, expect, test } from 'vitest';
import { jwksAt, type KeySet } from './jwks.ts';
import { Refused } from './refusal.ts';
import { type FakeIssuer, fakeIssuer } from './testing/issuer.ts';

let clock: ReturnType<typeof fixedClock>;
let issuer: FakeIssuer;
let keys: KeySet;

beforeEach(() => {
  clock = fixedClock('2026-11-02T09:00:00.000Z');
  issuer = fakeIssuer(clock);
  keys = jwksAt({ url: async () => issuer.jwks_uri, fetch: issuer.fetch, clock, timeout_ms: 50 });
});

async function get(kid: string | undefined, alg = 'ES256'): Promise<string> {
  return keys.key(kid, alg).then(
    () => 'found',
    (error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      return error.reason;
    },
  );
}
const answer = (make: (init?: RequestInit) => Response | Promise<Response>) =>
  issuer.answers.set('/jwks', (_url, init) => make(init));
const asked = () => issuer.requests.length;

describe('B3: a JWKS', () => {
  test('B3: is asked for once, and again after ten minutes', async () => {
    expect(await get('first')).toBe('found');
    clock.advance(599_000);
    expect(await get('first')).toBe('found');
    expect(asked()).toBe(1);
    clock.advance(1000);
    expect(await Promise.all([get('first'), get('first'), get('first')])).toEqual(['found', 'found', 'found']);
    expect(asked()).toBe(2);
  });

  test('B3: keys rotate: a new one is found at its first use, a removed one is gone with the next reading', async () => {
    expect(await get('first')).toBe('found');
    clock.advance(60_000);
    issuer.addKey('second');
    issuer.keys.shift();
    expect(await get('second')).toBe('found');
    expect(await get('first')).toBe('key_unknown');
  });

  test('made-up key ids do not become a stream of requests', async () => {
    expect(await get('first')).toBe('found');
    for (let i = 0; i < 50; i++) expect(await get(`made-up-${i}`)).toBe('key_unknown');
    expect(asked()).toBe(1);
    clock.advance(30_000);
    for (let i = 0; i < 50; i++) expect(await get(`made-up-${i}`)).toBe('key_unknown');
    expect(asked()).toBe(2);
  });

  test('an outage is bridged for an hour and no longer, without a stream of requests', async () => {
    expect(await get('first')).toBe('found');
    answer(() => new Response('no', { status: 503 }));
    clock.advance(11 * 60_000);
    expect(await get('first')).toBe('found');
    expect(await get('first')).toBe('found');
    expect(asked()).toBe(2);
    clock.advance(48 * 60_000);
    expect(await get('first')).toBe('found');
    clock.advance(60_000);
    expect(await get('first')).toBe('keys_unavailable');
    issuer.answers.clear();
    clock.advance(30_000);
    expect(await get('first')).toBe('found');
  });

  test.each<[string, (init?: RequestInit) => Response | Promise<Response>]>([
    ['hangs, and does not heed the signal', () => new Promise(() => undefined)],
    [
      'hangs within its body',
      () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }), { status: 200 }),
    ],
    ['answers a megabyte', () => Response.json({ keys: [], pad: 'x'.repeat(1024 * 1024) })],
    [
      'answers without end',
      () =>
        new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(32)) })),
    ],
    ['redirects', () => new Response(null, { status: 302, headers: { location: 'https://evil.example/jwks' } })],
    ['is not there', () => new Response('', { status: 404 })],
    ['is no JSON', () => new Response('<html>')],
    ['is JSON of another form', () => Response.json([1])],
    ['is deep', () => new Response(`{"keys":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
    [
      'has thousands of keys',
      () => Response.json({ keys: Array.from({ length: 101 }, (_, i) => ({ kty: 'EC', kid: `${i}` })) }),
    ],
    ['breaks', () => Promise.reject(new Error('connection reset'))],
  ])('attack: one that %s', async (_what, make) => {
    answer(make);
    expect(await get('first')).toBe('keys_unavailable');
    expect(issuer.requests.every((url) => url === issuer.jwks_uri)).toBe(true);
  });

  test('redirects are not followed, whatever the fetch inside would do', async () => {
    let redirect: string | undefined;
    answer((init) => {
      redirect = init?.redirect;
      return Response.json({ keys: issuer.keys });
    });
    await get('first');
    expect(redirect).toBe('manual');
  });

  test.each<[string, object, string]>([
    ['for encryption', { use: 'enc' }, 'key_unknown'],
    ['of another algorithm', { alg: 'ES384' }, 'algorithm'],
    ['of another curve', { crv: 'P-384' }, 'algorithm'],
    ['that is a shared secret', { kty: 'oct', k: 'AAAA' }, 'algorithm'],
    ['that is broken', { x: 'AAAA' }, 'keys_unavailable'],
    ['of SPIFFE\u2019s use', { use: 'jwt-svid' }, 'found'],
    ['of no use that it names', { use: undefined, alg: undefined }, 'found'],
  ])('a key %s', async (_what, change, result) => {
    issuer.keys[0] = { ...issuer.keys[0]!, ...change };
    expect(await get('first')).toBe(result);
  });

  test('no key without an id, and none for a shared secret', async () => {
    expect(await get(undefined)).toBe('header');
    for (const alg of ['HS256', 'none', 'EdDSA', 'toString']) expect(await get('first', alg)).toBe('algorithm');
    expect(asked()).toBe(0);
  });
});
