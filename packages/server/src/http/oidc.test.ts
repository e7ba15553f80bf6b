import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT, type OpenIdProvider, startOpenIdProvider } from '../testing/openid-provider.ts';
import { type TestServer, testServer } from '../testing/server.ts';

/* People sign in through HTTP, at a real OpenID provider. The browser is ours: two cookie jars and redirects. */

const BASE = 'http://127.0.0.1:7410';
const CALLBACK = `${BASE}/v1/oidc/corp/callback`;
let provider: OpenIdProvider;
let house: TestServer;
beforeAll(async () => {
  provider = await startOpenIdProvider(CALLBACK);
  provider.groupsByPerson
    .set('mira', ['sec-ops'])
    .set('rolf', ['staff'])
    .set('odd', 'sec-ops')
    .set('nora', [])
    .set('otis', ['ops']);
  const oidc = {
    issuer: provider.issuer,
    client_id: CLIENT.id,
    client_secret: 'idp',
    role_rules: [
      { claim: 'groups', value: 'sec-ops', roles: ['approver' as const, 'requester' as const], groups: ['note-leads'] },
      { claim: 'groups', value: 'staff', roles: ['requester' as const] },
      { claim: 'groups', value: 'ops', roles: ['operator' as const] },
    ],
  };
  house = await testServer({
    config: {
      identity: {
        base_url: BASE,
        local_accounts: 'allow',
        oidc: [
          { ...oidc, name: 'corp' },
          { ...oidc, name: 'other' },
        ],
      },
    },
    secrets: { idp: CLIENT.secret },
  });
});
afterAll(async () => {
  await house?.close();
  await provider?.close();
});

const ask = (path: string, init: RequestInit = {}) => fetch(house.url + path, { redirect: 'manual', ...init });
const cookiesOf = (response: Response) => response.headers.getSetCookie();
const pairOf = (line: string | undefined) => (line ?? '').split(';')[0] ?? '';

async function begin(name = 'corp', query = '') {
  const response = await ask(`/v1/oidc/${name}/begin${query}`);
  expect(response.status).toBe(303);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return { url: response.headers.get('location')!, cookie: pairOf(cookiesOf(response)[0]), set: cookiesOf(response) };
}
/** The path and query at which the provider sent the browser back to us. */
async function through(url: string, person: string): Promise<string> {
  const { pathname, search } = new URL(await provider.browse(url, person));
  return pathname + search;
}
async function signedIn(person: string, query = ''): Promise<string> {
  const { url, cookie } = await begin(`corp`, query);
  const response = await ask(await through(url, person), { headers: { cookie } });
  expect(response.status, await response.clone().text()).toBe(303);
  return pairOf(cookiesOf(response).find((line) => line.startsWith('portreeve_session=')));
}
async function refusals(): Promise<unknown[]> {
  const { records } = await house.server.services.audit.search({ type: 'identity.refused', order: 'newest', limit: 1 });
  return records.map(({ payload }) => payload?.data.reason);
}
async function expectRefused(response: Response, reason: string, code = 'not_signed_in') {
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ code });
  expect(JSON.stringify(body)).not.toContain(reason);
  expect(JSON.stringify(body)).not.toContain('state=');
  expect(cookiesOf(response).some((line) => line.startsWith('portreeve_session='))).toBe(false);
  expect(await refusals()).toEqual([reason]);
}

describe('signing in', () => {
  test('B1: a person signs in with a browser, and the session is a cookie that no script reads', async () => {
    const begun = await begin();
    expect(begun.set).toHaveLength(1);
    expect(begun.set[0]).toMatch(/^portreeve_oidc_corp=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
    const asked = new URL(begun.url).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('redirect_uri')).toBe(CALLBACK);

    const back = await through(begun.url, 'mira');
    const response = await ask(back, { headers: { cookie: begun.cookie } });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).not.toContain('prs_');
    const [cleared, session] = cookiesOf(response);
    expect(cleared).toMatch(/^portreeve_oidc_corp=; Path=\/; Max-Age=0; /);
    expect(session).toMatch(/^portreeve_session=prs_[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);

    const who = await ask('/v1/session', { headers: { cookie: pairOf(session) } });
    expect(await who.json()).toMatchObject({
      via: 'session',
      principal: { kind: 'person', name: expect.stringMatching(/^mira\./), groups: ['note-leads'] },
    });
  });

  test('C5 B1: who freezes proves anew who they are, at the provider: a session that was left open is not enough', async () => {
    const asked = new URL((await begin('corp', '?prove=anew')).url).searchParams;
    expect([asked.get('prompt'), asked.get('max_age')]).toEqual(['login', '0']);
    const freeze = (cookie: string) =>
      ask('/v1/environment/freezes', {
        method: 'POST',
        headers: { cookie, origin: BASE, 'content-type': 'application/json' },
        body: JSON.stringify({ target: 'tool:publish_note', reason: 'a test' }),
      });
    // The provider says when it asked for the password only where that was asked for.
    const left = await freeze(await signedIn('otis'));
    expect([left.status, await left.json()]).toMatchObject([403, { code: 'proof_needed' }]);
    const proven = await signedIn('otis', '?prove=anew');
    expect((await freeze(proven)).status).toBeLessThan(300);
    // Five minutes later the same session is one that was left open.
    await house.server.services.database.pool.query(
      "UPDATE identity_sessions SET proven_at = proven_at - interval '301 seconds'",
    );
    const later = await freeze(proven);
    expect([later.status, await later.json()]).toMatchObject([403, { code: 'proof_needed' }]);
    expect((await ask('/v1/oidc/corp/begin?prove=other')).status).toBe(400);
  });

  test('B1: the answer of another state, of another browser, or a second time opens nothing', async () => {
    const [begun, other] = [await begin(), await begin()];
    const back = await through(begun.url, 'mira');

    const wrong = new URL(back, BASE);
    wrong.searchParams.set('state', 'x'.repeat(43));
    await expectRefused(await ask(wrong.pathname + wrong.search, { headers: { cookie: begun.cookie } }), 'not_begun');
    await expectRefused(await ask(back, { headers: { cookie: other.cookie } }), 'other_browser');
    // What was tried once is gone, for the right browser too.
    await expectRefused(await ask(back, { headers: { cookie: begun.cookie } }), 'not_begun');

    const again = await begin();
    const good = await through(again.url, 'mira');
    expect((await ask(good, { headers: { cookie: again.cookie } })).status).toBe(303);
    await expectRefused(await ask(good, { headers: { cookie: again.cookie } }), 'not_begun');
    await expectRefused(await ask(await through((await begin()).url, 'mira')), 'other_browser');
  });

  test('B1: what began at one provider does not end at another (mix-up)', async () => {
    const begun = await begin('corp');
    const back = (await through(begun.url, 'mira')).replace('/corp/', '/other/');
    await expectRefused(await ask(back, { headers: { cookie: begun.cookie } }), 'other_browser');
    const twice = `${begun.cookie}; ${begun.cookie}`;
    const next = await begin();
    await expectRefused(
      await ask(await through(next.url, 'mira'), { headers: { cookie: `${next.cookie}; ${twice}` } }),
      'other_browser',
    );
  });

  test('B1: an error of the provider, and a group claim that is no array, are refused alike', async () => {
    const denied = await begin();
    const back = await through(denied.url, 'nobody');
    expect(back).toContain('error=access_denied');
    await expectRefused(await ask(back, { headers: { cookie: denied.cookie } }), 'provider_error');
    const odd = await begin();
    await expectRefused(await ask(await through(odd.url, 'odd'), { headers: { cookie: odd.cookie } }), 'group_claim');
    const nora = await begin();
    const refused = await ask(await through(nora.url, 'nora'), { headers: { cookie: nora.cookie } });
    expect(refused.status).toBe(403);
    await expectRefused(refused, 'no_role', 'refused');
    const { records } = await house.server.services.audit.search({ type: 'api.refused', order: 'newest', limit: 1 });
    expect(records[0]?.payload?.data).toMatchObject({ target: '/v1/oidc/corp/callback', code: 'refused' });
  });

  test('B1: a provider that nobody configured is not there', async () => {
    expect((await ask('/v1/oidc/nobody/begin')).status).toBe(404);
    expect((await ask('/v1/oidc/..%2Fcorp/begin')).status).toBe(400);
  });
});

describe('a session in a cookie', () => {
  const run = { workflow: 'case-note', input: { case_id: 'CASE-1', publish: false } };
  const submit = (cookie: string, headers: Record<string, string>, body: string = JSON.stringify(run)) =>
    ask('/v1/runs', {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      body,
    });

  test('B1: it changes something only from our own pages; looking, and bearer tokens, need no proof', async () => {
    const cookie = await signedIn('rolf');
    const other = { origin: 'https://evil.example' };
    const cases: [Record<string, string>, number][] = [
      [{ origin: BASE }, 201],
      [{ origin: BASE, 'sec-fetch-site': 'same-origin' }, 201],
      [{}, 403],
      [{ origin: 'null' }, 403],
      [other, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site', origin: BASE }, 403],
      [{ 'sec-fetch-site': 'none' }, 403],
      [{ 'sec-fetch-site': 'same-origin', ...other }, 403],
      // What a form of another site can send, were it to lie about where it comes from.
      [{ origin: BASE, 'content-type': 'text/plain' }, 403],
      [{ origin: BASE, 'content-type': 'application/x-www-form-urlencoded' }, 403],
    ];
    for (const [headers, status] of cases)
      expect((await submit(cookie, headers)).status, JSON.stringify(headers)).toBe(status);
    expect((await ask('/v1/runs', { headers: { cookie, ...other } })).status).toBe(200);
    const analyst = await house.as('analyst');
    expect((await analyst.post('/v1/runs', run, other)).status).toBe(201);
    // The header goes before the cookie: a wrong token is not made good by one.
    expect((await submit(cookie, { origin: BASE, authorization: 'Bearer nothing' })).status).toBe(401);
    expect((await ask('/v1/session', { headers: { cookie: `portreeve_session=${analyst.token}x` } })).status).toBe(401);
    const token = (await analyst.post('/v1/tokens', { label: 'x', roles: ['requester'], ttl_minutes: 5 })).body.token;
    expect((await ask('/v1/session', { headers: { cookie: `portreeve_session=${token}` } })).status).toBe(401);
  });

  test('B1: it rotates into another cookie, and ends', async () => {
    const cookie = await signedIn('rolf');
    const same = { origin: BASE, 'content-type': 'application/json' };
    const rotated = await ask('/v1/session/rotate', { method: 'POST', headers: { cookie, ...same }, body: '{}' });
    expect(rotated.status).toBe(200);
    expect(await rotated.clone().json()).not.toHaveProperty('token');
    const next = pairOf(cookiesOf(rotated)[0]);
    expect(next).toMatch(/^portreeve_session=prs_/);
    expect((await ask('/v1/session', { headers: { cookie } })).status).toBe(401);
    const listed = (await (await ask('/v1/sessions', { headers: { cookie: next } })).json()) as { sessions: object[] };
    expect(listed.sessions.length).toBeGreaterThan(0);
    expect(JSON.stringify(listed)).not.toContain('secret');
    const ended = await ask('/v1/session', { method: 'DELETE', headers: { cookie: next, origin: BASE } });
    expect(ended.status).toBe(200);
    expect(cookiesOf(ended)[0]).toMatch(/^portreeve_session=; Path=\/; Max-Age=0; HttpOnly/);
    expect((await ask('/v1/session', { headers: { cookie: next } })).status).toBe(401);
  });
});

test('B1: whoever begins again and again is told to wait, before anything is asked of the provider', async () => {
  let last = await ask('/v1/oidc/corp/begin');
  for (let n = 0; n < 35 && last.status !== 429; n++) last = await ask('/v1/oidc/corp/begin');
  expect(last.status).toBe(429);
  expect(await last.json()).toMatchObject({ code: 'too_many_attempts' });
});
