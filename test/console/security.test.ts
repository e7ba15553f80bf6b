import { request as httpRequest } from 'node:http';
import { openedChange, type ReleaseShop, releaseShop } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserIsThere, type ConsoleHouse, consoleHouse, settled, type Tab } from './house.ts';
import { HOSTILE, seed } from './seed.ts';

/** Asks as a browser of another site would make it ask; node's `fetch` sets these headers itself. */
function ask(url: string, options: { method?: string; headers?: Record<string, string>; body?: string }) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((done, refuse) => {
    const asked = httpRequest(url, { method: options.method ?? 'GET', headers: options.headers ?? {} }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += String(chunk);
      });
      answer.on('end', () => done({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asked.on('error', refuse);
    asked.end(options.body);
  });
}

/** No release has this digest. */
const NO_RELEASE = `sha256:${'0'.repeat(64)}`;

describe.skipIf(!browserIsThere)('I1: the console against attacks', () => {
  let house: ConsoleHouse;
  let seeded: Awaited<ReturnType<typeof seed>>;
  let shop: ReleaseShop;
  beforeAll(async () => {
    shop = await releaseShop();
    house = await consoleHouse({ config: { releases: { keys: [shop.key] } } });
    seeded = await seed(house.house);
    await house.house.addAccount('mira-okafor', ['approver', 'operator', 'auditor', 'admin'], ['note-leads']);
  }, 120_000);
  afterAll(async () => {
    await house?.close();
    await shop?.close();
  });

  test('a page may run its own scripts alone, stands in no frame, and is not kept', async () => {
    const page = await ask(`${house.house.url}/inbox`, {});
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect(page.headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
    });
    // No script and no style in the document itself.
    expect(page.text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
    const asset = /src="(\/assets\/[^"]+)"/.exec(page.text)![1]!;
    const script = await ask(`${house.house.url}${asset}`, { headers: { 'accept-encoding': 'gzip' } });
    expect(script.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'gzip',
    });
    const again = await ask(`${house.house.url}${asset}`, {
      headers: { 'if-none-match': String(script.headers.etag) },
    });
    expect(again.status).toBe(304);
    const answer = await (await house.house.as('lead')).get('/v1/approvals');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    for (const path of ['/assets/../../package.json', '/assets/%2e%2e/%2e%2e/package.json', '/assets/', '/nowhere'])
      expect((await ask(`${house.house.url}${path}`, {})).status, path).toBe(404);
  });

  test('another site writes nothing with a cookie, and signs nobody in', async () => {
    const tab = await house.as('operator');
    const [cookie] = (await tab.context.storageState()).cookies;
    expect(cookie).toMatchObject({ name: 'portreeve_session', httpOnly: true, sameSite: 'Strict', path: '/' });
    expect(await tab.page.evaluate('document.cookie')).toBe('');
    const body = JSON.stringify({ target: 'all', reason: 'from elsewhere' });
    const freeze = (headers: Record<string, string>) =>
      ask(`${house.house.url}/v1/environment/freezes`, {
        method: 'POST',
        headers: { cookie: `${cookie!.name}=${cookie!.value}`, 'content-type': 'application/json', ...headers },
        body,
      });
    const port = new URL(house.house.url).port;
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1.evil.example:${port}` },
      { origin: `http://evil.example:${port}`, host: `evil.example:${port}` },
      { origin: `http://127.0.0.1:${Number(port) + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { origin: house.house.url, 'sec-fetch-site': 'cross-site' },
      { origin: house.house.url, 'content-type': 'text/plain' },
      { origin: house.house.url, 'content-type': 'application/x-www-form-urlencoded' },
    ] as Record<string, string>[]) {
      const answer = await freeze(headers);
      expect([answer.status, JSON.parse(answer.text).code], JSON.stringify(headers)).toEqual([403, 'refused']);
    }
    expect(house.house.server.services.environment.facts().freezes).toEqual([]);

    const credentials = JSON.stringify({ name: 'lead', password: house.house.passwordOf('lead') });
    const signIn = (headers: Record<string, string>) =>
      ask(`${house.house.url}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: credentials,
      });
    for (const headers of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await signIn(headers);
      expect(answer.status).toBe(403);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    const good = await signIn({ origin: house.house.url });
    expect(good.status).toBe(201);
    // The secret is in the cookie alone: no script ever has it.
    expect(good.text).not.toContain('prs_');
    expect(String(good.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict$/);
    await tab.context.close();
  });

  test('what gives rights or stops the house wants a fresh proof of a cookie, and of no token', async () => {
    const tab = await house.as('mira-okafor');
    await house.house.server.services.database.pool.query('UPDATE identity_sessions SET proven_at = NULL');
    const [cookie] = (await tab.context.storageState()).cookies;
    const guarded: readonly (readonly [string, object])[] = [
      ['/v1/environment/freezes', { target: 'all', reason: 'x' }],
      ['/v1/environment/thaws', { target: 'all', stage: 'lifted', reason: 'x' }],
      ['/v1/environment/incident', { state: 'on', reason: 'x' }],
      ['/v1/environment/maintenance', { target: 'all', until: '2030-01-01T00:00:00Z', reason: 'x' }],
      ['/v1/environment/maintenance/end', { target: 'all', reason: 'x' }],
      ['/v1/accounts', { name: 'somebody-new', kind: 'service', roles: ['admin'], groups: [] }],
      ['/v1/tokens', { label: 'x', roles: ['admin'], ttl_minutes: 5 }],
      ['/v1/audit/keys/rotate', {}],
      [`/v1/releases/${NO_RELEASE}/promotions`, { reason: 'a test' }],
      [`/v1/releases/${NO_RELEASE}/bar`, { reason: 'a test' }],
      ['/v1/changes/chg_1/approvals', { reason: 'a test' }],
      ['/v1/workflows/case-note/rollbacks', { reason: 'a test' }],
    ];
    for (const [path, body] of guarded) {
      const answer = await ask(`${house.house.url}${path}`, {
        method: 'POST',
        headers: {
          cookie: `${cookie!.name}=${cookie!.value}`,
          origin: house.house.url,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
      });
      expect([path, answer.status, JSON.parse(answer.text).code]).toEqual([path, 403, 'proof_needed']);
    }
    const operator = await house.house.as('operator');
    expect((await operator.post('/v1/environment/incident', { state: 'off', reason: 'by a token' })).status).toBe(201);
    await tab.context.close();
  });

  test('what anybody wrote stays text on every page that shows it', async () => {
    const { house: server } = house;
    const admin = await server.as('admin');
    const { id: run } = await server.submit({ case_id: 'CASE-1', remark: HOSTILE });
    const shown = await server.approvalOf(run);
    const verdict = await server.verdict('lead', shown, 'deny', { reason: HOSTILE });
    await (await server.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
    await server.ended(run);
    server.downstream.replyWith((_call, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ owner: HOSTILE })),
    );
    const { id: answered } = await server.submit({ case_id: 'CASE-1', publish: false });
    await server.ended(answered);
    const operator = await server.as('operator');
    await operator.post('/v1/environment/maintenance', {
      target: 'tool:nothing',
      until: new Date(Date.now() + 60_000).toISOString(),
      reason: HOSTILE,
    });
    await admin.post('/v1/agents', {
      name: 'hostile-helper',
      owner: admin.principal.id,
      purpose: HOSTILE,
      roles: ['requester'],
      tools: [],
      data: { confidentiality: 'internal' },
      review_by: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await operator.post(`/v1/queue/${seeded.handoff}/finish`, { note: HOSTILE });
    const [{ release }] = (await operator.get('/v1/releases')).body.releases;
    await operator.post(`/v1/releases/${release}/events`, { event: 'test', reason: HOSTILE });
    const cases = [{ name: HOSTILE, group: HOSTILE, ok: false, detail: HOSTILE }];
    const report = await shop.sealed(shop.report(release, 'red-team', { ok: false, cases }));
    const { evidence } = (await operator.post(`/v1/releases/${release}/evidence`, { report })).body;

    const change = await openedChange(server, [], HOSTILE);
    await operator.post(`/v1/changes/${change}/rejections`, { reason: HOSTILE });

    const tab = await house.as('mira-okafor');
    const { records } = (await (await server.as('auditor')).get('/v1/audit/records?type=handoff.closed')).body;
    const pages = [
      `/runs/${run}`,
      `/runs/${answered}`,
      `/replay/${run}`,
      `/replay/${answered}`,
      '/runs',
      '/queue?state=done',
      `/queue/${seeded.handoff}`,
      '/environment',
      '/identities',
      '/audit',
      `/audit/${records[0].entry.index}`,
      '/inbox?state=denied',
      `/releases/${release}`,
      `/releases/${release}/reports/${evidence}?at=0`,
      `/changes/${change}`,
      // What an address says is text, too.
      `/changes/${encodeURIComponent(HOSTILE)}`,
      `/releases/${encodeURIComponent(HOSTILE)}`,
      `/readiness?workflow=${encodeURIComponent(HOSTILE)}`,
      `/evidence?framework=${encodeURIComponent(HOSTILE)}`,
      `/audit?words=${encodeURIComponent(HOSTILE)}`,
      `/runs?q=${encodeURIComponent(HOSTILE)}`,
      `/runs/${encodeURIComponent(HOSTILE)}`,
      `/workflows/${encodeURIComponent(HOSTILE)}`,
    ];
    let seen = 0;
    for (const path of pages) {
      await tab.open(path);
      if (path.startsWith('/runs/run_')) await tab.page.getByText('Ended:').waitFor();
      expect(await tab.page.title(), path).toMatch(/ · Portreeve$/);
      expect(await tab.page.locator('img[src="x"]').count(), path).toBe(0);
      const text = (await tab.page.locator('main').textContent()) ?? '';
      if (text.includes('<img src=x')) seen++;
      // The order of the letters is not turned round: the character that would is shown by its number.
      expect(text.includes('\u202E'), path).toBe(false);
    }
    // It did reach pages: as a remark, a tool’s answer, a reason, a purpose and a note.
    expect(seen).toBeGreaterThanOrEqual(5);
    expect(tab.complaints).toEqual([]);
    await tab.context.close();
  });

  test('where somebody comes back to after signing in is a page of ours', async () => {
    const tab = await house.stranger();
    await tab.open('/sign-in');
    for (const path of ['//evil.example/', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)']) {
      await tab.page.evaluate(`sessionStorage.setItem('portreeve.return', ${JSON.stringify(path)})`);
      await tab.page.getByLabel('Account').fill('lead');
      await tab.page.getByLabel('Password').fill(house.house.passwordOf('lead'));
      await tab.page.getByRole('button', { name: 'Sign in' }).click();
      await tab.page.waitForURL(`${house.house.url}/inbox`);
      await settled(tab.page);
      await tab.page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await tab.page.waitForURL(`${house.house.url}/sign-in`);
    }
    await tab.context.close();
  });

  /** What each role is offered, and what it must not see even by the address. */
  const AREAS = [
    'Inbox',
    'Queue',
    'Dashboard',
    'Runs',
    'Oversight',
    'Drift',
    'Record',
    'Evidence',
    'Environment',
    'Releases',
    'Changes',
    'What if',
    'Readiness',
    'Red team',
    'Workflows',
    'Tools and sources',
    'Identities',
  ];
  const GOVERNED = [
    ...['/releases', `/releases/${NO_RELEASE}`, `/releases/${NO_RELEASE}/reports/${NO_RELEASE}`],
    ...['/changes', '/changes/chg_1', '/policy', '/readiness', '/red-team', '/drift', '/evidence'],
  ];
  test.each([
    [
      'analyst',
      ['Inbox', 'Runs', 'Environment', 'Workflows', 'Tools and sources'],
      ['/queue', '/dashboard', '/oversight', '/audit', '/identities', ...GOVERNED],
    ],
    [
      'lead',
      [
        'Inbox',
        'Runs',
        'Oversight',
        'Environment',
        'Releases',
        'Changes',
        'Red team',
        'Workflows',
        'Tools and sources',
      ],
      ['/queue', '/dashboard', '/audit', '/identities', '/policy', '/readiness', '/drift', '/evidence'],
    ],
    [
      'operator',
      AREAS.filter((area) => area !== 'Record' && area !== 'Evidence' && area !== 'Oversight'),
      ['/oversight', '/audit', '/audit/1', '/replay/run_1', '/evidence', '/evidence?framework=soc-2'],
    ],
    ['auditor', AREAS, []],
    [
      'admin',
      AREAS.filter((area) => area !== 'Record' && area !== 'Evidence'),
      ['/audit', '/audit/1', '/evidence?framework=soc-2'],
    ],
  ] as const)('B1: %s is offered what is theirs, and no page shows the rest', async (name, areas, closed) => {
    const tab: Tab = await house.as(name);
    const { page } = tab;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.locator('nav li a').first().waitFor();
    const offered = await page.locator('nav li a').allInnerTexts();
    expect(offered.map((text) => text.split('\n')[0])).toEqual(areas);
    for (const path of closed) {
      asked.length = 0;
      await tab.open(path);
      await page.getByRole('heading', { name: 'This is not open to you' }).waitFor();
      expect(
        asked.filter((each) =>
          /\/v1\/(queue|figures|oversight|audit|agents|accounts|release|changes|policy|evidence|workflows\/.)/.test(
            each,
          ),
        ),
      ).toEqual([]);
    }
    await tab.open('/environment');
    const mayFreeze = name === 'operator' || name === 'admin';
    expect(await page.getByRole('button', { name: 'Freeze', exact: true }).count()).toBe(mayFreeze ? 1 : 0);
    if (areas.some((area) => area === 'Releases')) {
      await tab.open('/releases');
      await page.locator('tr.row a').first().click();
      await page.getByRole('heading', { name: 'Facts' }).waitFor();
      const acts = page.getByRole('button', { name: /^(Bar for ever|Stage it|Let it be tested)$/ });
      expect((await acts.count()) > 0).toBe(mayFreeze);
    }
    await tab.open('/inbox');
    await page.locator('tr.row').first().click();
    expect(await page.getByRole('button', { name: 'Deny with a reason' }).count()).toBe(name === 'lead' ? 1 : 0);
    await tab.open('/identities');
    expect(await page.getByRole('region', { name: 'Accounts', exact: true }).count()).toBe(name === 'admin' ? 1 : 0);
    expect(tab.complaints).toEqual([]);
    await tab.context.close();
  });
});
