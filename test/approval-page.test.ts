import { join } from 'node:path';
import { asId, type Json } from '@portreeve/contract';
import {
  APPROVAL_PAGE_SCRIPT,
  type ApprovalView,
  approvalPage,
  invitationFor,
  type ShownApproval,
  type SignedInClient,
  type TestServer,
  testServer,
} from '@portreeve/server/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faults } from './support/axe.ts';
import { BROWSER_PRESENT, launchBrowser, openAs, virtualAuthenticator } from './support/browser.ts';

const ORIGIN = 'https://portreeve.example';
const SHOTS = process.env.PORTREEVE_TEST_SHOTS;

/** What the page says to its reader. */
const wordsOf = (page: Page) => page.evaluate('document.body.innerText') as Promise<string>;

/** Enrols in the browser, by the API alone, as any page of ours would. */
const ENROL = `async (code) => {
  const post = async (path, body) => (await fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}),
  })).json();
  const { statement, creation } = await post('/v1/passkeys/enrolments');
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(creation);
  const { id, response } = (await navigator.credentials.create({ publicKey })).toJSON();
  return post('/v1/passkeys', {
    name: 'browser', statement, handle: id, client_data: response.clientDataJSON,
    attestation: response.attestationObject, proof: { kind: 'invitation', code },
  });
}`;

describe.skipIf(!BROWSER_PRESENT)('F3 F5: the page of an approval, in a browser', () => {
  let house: TestServer;
  let browser: Browser;
  let lead: SignedInClient;
  beforeAll(async () => {
    house = await testServer({ config: { identity: { base_url: ORIGIN } } });
    lead = await house.as('lead');
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await house?.close();
  });

  const waiting = async (): Promise<ShownApproval> => house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
  const stateOf = async ({ approval }: ShownApproval) => (await lead.get(`/v1/approvals/${approval.id}`)).body.approval;
  const openPage = async ({ approval }: ShownApproval, token: string | null = lead.token) => {
    const opened = await openAs(browser, house, token);
    const answer = await opened.page.goto(`${ORIGIN}/approve/${approval.id}`);
    return { ...opened, status: answer!.status(), headers: answer!.headers() };
  };
  const enrol = async (page: Page, by: SignedInClient) => {
    const made = await page.evaluate(`(${ENROL})(${JSON.stringify(await invitationFor(house, by))})`);
    expect(made).toMatchObject({ device_bound: expect.any(Boolean), rp_id: 'portreeve.example' });
  };
  const decide = async (page: Page, verdict: 'approve' | 'deny', reason = 'I have read all of it.') => {
    await page.locator('#reason').fill(reason);
    await page.locator(`#${verdict}`).click();
    const told = page.locator('#status');
    await expect.poll(() => told.textContent(), { timeout: 20_000 }).not.toMatch(/^$|is asked to sign/);
    return (await told.textContent())!;
  };

  test('shows all that its reader must know, and loads nothing from anywhere else', async () => {
    const { context, page, strangers, errors, headers } = await openPage(await waiting());
    const policy = headers['content-security-policy']!;
    for (const part of [
      "default-src 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
      "frame-ancestors 'none'",
    ])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const text = await wordsOf(page);
    for (const words of [
      'Publishes a note where every team that works on the case reads it.',
      '/case_id',
      'CASE-1',
      'from the request',
      'UNTRUSTED: written by the model',
      'A note on CASE-1 was asked for.',
      'What the model claims',
      'cannot be undone',
      'Tier 3 (outside parties, money, access) needs an approval.',
      'The action is not carried out.',
      'Of the last',
    ])
      expect(text).toContain(words);
    expect(text).toMatch(/sha256:[0-9a-f]{64}/);
    expect(strangers).toEqual([]);
    expect(errors).toEqual([]);
    // Neither verdict is chosen, larger, or nearer than the other.
    expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
    const [yes, no] = [await page.locator('#approve').boundingBox(), await page.locator('#deny').boundingBox()];
    expect([yes!.width, yes!.height, yes!.y]).toEqual([no!.width, no!.height, no!.y]);
    const styles = await page.evaluate(
      "['approve', 'deny'].map((id) => { const all = getComputedStyle(document.getElementById(id)); return ['background-color', 'color', 'font-size', 'border-color'].map((name) => all.getPropertyValue(name)).join(); })",
    );
    expect(new Set(styles as string[]).size).toBe(1);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, 'approval.png'), fullPage: true });
    await context.close();
  });

  test.each(['light', 'dark'] as const)(
    'holds WCAG 2.2 AA, %s, and nothing of it is cut off at 320 pixels',
    async (colorScheme) => {
      const { context, page } = await openPage(await waiting());
      await page.emulateMedia({ colorScheme });
      expect(await faults(page)).toEqual([]);
      await page.setViewportSize({ width: 320, height: 740 });
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(await faults(page)).toEqual([]);
      await context.close();
    },
  );

  test('to open it decides nothing, and who is not signed in or may not see it gets no word of it', async () => {
    const shown = await waiting();
    const anonymous = await openPage(shown, null);
    expect(anonymous.status).toBe(401);
    expect(await wordsOf(anonymous.page)).not.toContain('CASE-1');
    const stranger = await house.addAccount(`stranger-${Math.random().toString(36).slice(2)}`, ['requester']);
    const hidden = await openPage(shown, stranger.token);
    expect(hidden.status).toBe(404);
    expect(await wordsOf(hidden.page)).not.toContain('publish');
    const opened = await openPage(shown);
    await opened.page.reload();
    expect(await stateOf(shown)).toMatchObject({ state: 'pending', verdicts: [] });
    for (const { context } of [anonymous, hidden, opened]) await context.close();
  });

  test('a verdict is signed by the browser\u2019s passkey, with a reason, and carried out', async () => {
    const shown = await waiting();
    const { context, page } = await openPage(shown);
    await virtualAuthenticator(page);
    expect(await decide(page, 'approve')).toContain('No passkey is registered');
    await enrol(page, lead);
    expect(await decide(page, 'approve', 'yes')).toContain('Say why first');
    expect(await stateOf(shown)).toMatchObject({ state: 'pending' });
    expect(await decide(page, 'approve', 'All of it is right.')).toContain('The approval is approved.');
    const { verdicts } = await stateOf(shown);
    expect(verdicts[0]).toMatchObject({
      statement: { reason: 'All of it is right.', proposal_digest: shown.digest },
      passkey: { alg: 'ES256' },
    });
    const denied = await waiting();
    await page.goto(`${ORIGIN}/approve/${denied.approval.id}`);
    expect(await decide(page, 'deny')).toContain('The approval is denied.');
    await page.reload();
    expect(await page.locator('#approve').count()).toBe(0);
    await context.close();
  });

  test('not without its user verified, not by a key of nobody, not by a clone', async () => {
    const second = await house.addAccount('second-lead', ['approver'], ['note-leads']);
    const [first, shown] = [await waiting(), await waiting()];
    const { context, page } = await openPage(first, second.token);
    const key = await virtualAuthenticator(page);
    await enrol(page, second);
    const [before] = await key.credentials();
    await key.verifies(false);
    expect(await decide(page, 'approve')).toMatch(/not allowed|timed out/i);
    await key.verifies(true);
    expect(await decide(page, 'deny')).toContain('denied');

    await page.goto(`${ORIGIN}/approve/${shown.approval.id}`);
    // As it was before the denial: its counter is behind.
    await key.replace({ ...before!, signCount: 0 });
    expect(await decide(page, 'approve')).toContain('cloned');
    expect((await second.get('/v1/passkeys')).body.passkeys[0].revoked_at).not.toBeNull();
    expect(await decide(page, 'approve')).toContain('No passkey is registered');
    expect(await stateOf(shown)).toMatchObject({ state: 'pending', verdicts: [] });
    await context.close();
  });

  test('another site can neither frame it, nor post to it, nor have its passkey sign', async () => {
    const shown = await waiting();
    const { context, page } = await openPage(shown);
    await virtualAuthenticator(page);
    await enrol(page, lead);
    await context.route('https://evil.example/**', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<iframe src="${ORIGIN}/approve/${shown.approval.id}"></iframe>`,
      }),
    );
    await page.goto('https://evil.example/');
    expect(await page.frames()[1]?.locator('#approve').count()).toBe(0);
    const posted = await page.evaluate(
      `fetch('${ORIGIN}/v1/approvals/${shown.approval.id}/challenges', { method: 'POST', mode: 'no-cors', credentials: 'include',
        body: JSON.stringify({ verdict: 'approve', reason: 'I have read all of it.', proposal_digest: '${shown.digest}', preview_digest: null }) })
        .then(() => 'sent', (error) => error.message)`,
    );
    expect(posted).toBeDefined();
    const signed = await page.evaluate(
      `navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: 'portreeve.example', userVerification: 'required' } })
        .then(() => 'signed', (error) => error.name)`,
    );
    expect(signed).toBe('SecurityError');
    const { records } = await house.server.services.audit.search({
      type: 'identity.passkey_challenged',
      approval: shown.approval.id,
    });
    expect(records).toEqual([]);
    expect(await stateOf(shown)).toMatchObject({ state: 'pending' });
    await context.close();
  });

  test('nothing that others wrote is interpreted, in whatever field it stands', async () => {
    const real = (await lead.get<ApprovalView>(`/v1/approvals/${(await waiting()).approval.id}`)).body;
    const bad =
      '</pre></script><script>document.title="owned"</script><img src="https://evil.example/x" onerror="document.title=1">' +
      '<a href="https://evil.example/">here</a> https://evil.example/ [link](https://evil.example) \u001b[31mred\u001b[0m \u202egnp.exe\u2066 \u200b\u00ad\u3164';
    const view = poisoned(real as unknown as Json, bad) as unknown as ApprovalView;
    const { context, page, strangers, errors } = await openAs(browser, house, null);
    await context.route(`${ORIGIN}/poisoned`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: approvalPage({ ...view, approval: { ...real.approval, groups: [bad] } }, asId('principal', 'prn_lead')),
      }),
    );
    await page.goto(`${ORIGIN}/poisoned`);
    expect(await page.locator('a, img, iframe, object, form, link, base').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.title()).toBe(`Portreeve: Approval ${real.approval.id}`);
    const text = await wordsOf(page);
    expect(text.split('<img src="https://evil.example/x"').length).toBeGreaterThan(12);
    expect(text).toContain('\\u{202e}gnp.exe');
    expect(text).toContain('\\u{1b}[31mred');
    expect(text).not.toMatch(/[\p{Cf}\u3164]/u);
    expect(text).not.toContain('\u001b');
    expect([strangers, errors]).toEqual([[], []]);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, 'approval-poisoned.png'), fullPage: true });
    await context.close();
  });

  test('under its policy no text becomes a script or markup, even where a page of ours would try', async () => {
    const { context, page } = await openPage(await waiting());
    const tried = await page.evaluate(`(() => {
      const names = [];
      for (const [name, trial] of [
        ['innerHTML', () => { document.body.innerHTML = '<b>x</b>'; }],
        ['eval', () => eval('1')],
        ['policy', () => trustedTypes.createPolicy('default', { createHTML: (x) => x })],
      ]) try { trial(); } catch { names.push(name); }
      return names;
    })()`);
    expect(tried).toEqual(expect.arrayContaining(['innerHTML', 'policy']));
    await context.close();
  });
});

/** Every text of a value replaced, but ids, digests, times and the words of closed vocabularies. */
function poisoned(value: Json, bad: string): Json {
  if (typeof value === 'string')
    return /^(?:[a-z]+_[a-z0-9]{26}|sha256:[0-9a-f]{64}|\d{4}-.*Z|[a-z-]{1,20})$/.test(value) ? value : bad;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => poisoned(item, bad));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poisoned(item as Json, bad)]));
}

test('F5: the page\u2019s script asks no address but that of the approval, and never by a GET', () => {
  const script = APPROVAL_PAGE_SCRIPT;
  expect(script.match(/fetch\(/g)).toHaveLength(1);
  expect(script).toContain("method: 'POST'");
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval|localStorage/);
});
