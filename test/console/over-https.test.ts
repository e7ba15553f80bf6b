import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildConsole } from '@portreeve/console/bundle';
import { type TestServer, testServer } from '@portreeve/server/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROWSER_PRESENT, launchBrowser, openAs, virtualAuthenticator } from '../support/browser.ts';
import { settled } from './house.ts';

const ORIGIN = 'https://portreeve.example';

/** The console as people have it: at an https address, where cookies and passkeys are what they are. */
describe.skipIf(!BROWSER_PRESENT)('I1: the console over https', () => {
  let folder: string;
  let house: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-console-'));
    await buildConsole(folder);
    house = await testServer({ consoleFolder: folder, config: { identity: { base_url: ORIGIN } } });
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await house?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const signIn = async (name: string) => {
    const opened = await openAs(browser, house, null);
    const { page } = opened;
    page.context().setDefaultTimeout(10_000);
    await page.goto(`${ORIGIN}/sign-in`);
    await page.getByLabel('Account').fill(name);
    await page.getByLabel('Password').fill(house.passwordOf(name));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL((url) => url.pathname !== '/sign-in' && url.pathname !== '/');
    await settled(page);
    return opened;
  };

  test('B1: the session is a `__Host-` cookie, which the browser takes, sends and forgets', async () => {
    const { context, page, strangers } = await signIn('lead');
    expect(await context.cookies()).toMatchObject([
      {
        name: '__Host-portreeve_session',
        ...{ domain: 'portreeve.example', path: '/', secure: true, httpOnly: true, sameSite: 'Strict' },
      },
    ]);
    expect(await page.evaluate('document.cookie')).toBe('');
    // A cookie of another name, such as a neighbouring host could plant, is nobody.
    const [session] = await context.cookies();
    await context.clearCookies();
    await context.addCookies([{ ...session!, name: 'portreeve_session' }]);
    await page.goto(`${ORIGIN}/inbox`);
    await page.getByLabel('Password').waitFor();
    expect(strangers).toEqual([]);
    await context.close();
  });

  test('F5 I1: one\u2019s passkeys are enrolled with an administrator\u2019s code, listed, vouch for each other, and end', async () => {
    const { context, page, errors } = await signIn('lead');
    const device = await virtualAuthenticator(page);
    // What creates a key is another device than the one that has vouched for it.
    let another = false;
    await page.exposeFunction('beforeCreation', () => (another ? device.clear() : undefined));
    await page.addInitScript(`(() => {
      const create = navigator.credentials.create.bind(navigator.credentials);
      navigator.credentials.create = async (options) => { await beforeCreation(); return create(options); };
    })()`);
    await page.goto(`${ORIGIN}/settings`);
    await settled(page);
    await page.getByText('You have no passkey').waitFor();
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('Name').fill('laptop');
    await page.getByLabel('Code of an administrator').fill('not-a-code');
    await page.getByRole('button', { name: 'Create it' }).click();
    await page.getByRole('alert').waitFor();

    const by = await house.as('lead');
    const { body } = await (await house.as('admin')).post(`/v1/accounts/${by.principal.id}/passkeys/invitations`);
    await page.getByLabel('Code of an administrator').fill(body.code);
    await page.getByRole('button', { name: 'Create it' }).click();
    await page.getByRole('cell', { name: 'laptop', exact: true }).waitFor();
    const mine = async () =>
      (await by.get('/v1/passkeys')).body.passkeys as { name: string; revoked_at: string | null }[];
    expect(await mine()).toMatchObject([{ name: 'laptop', revoked_at: null }]);

    // With a second device: the first passkey vouches, and no code is needed.
    another = true;
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('Name').fill('security key');
    await page.getByRole('button', { name: 'Create it' }).click();
    await page.getByRole('cell', { name: 'security key', exact: true }).waitFor();
    expect((await mine()).map(({ name }) => name).sort()).toEqual(['laptop', 'security key']);

    await page.getByRole('button', { name: 'End laptop' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await page.getByText('ended', { exact: true }).waitFor();
    expect((await mine()).filter(({ revoked_at }) => revoked_at !== null).map(({ name }) => name)).toEqual(['laptop']);
    // Refused requests are told by the browser; nothing else is.
    expect(errors.filter((each) => !each.startsWith('Failed to load resource'))).toEqual([]);
    await context.close();
  });
});
