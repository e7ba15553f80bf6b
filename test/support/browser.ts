import { existsSync } from 'node:fs';
import type { TestServer } from '@portreeve/server/testing';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.PORTREEVE_TEST_CHROMIUM ?? '/usr/bin/chromium';
/** Whether there is a browser; says so where there is none. */
export const BROWSER_PRESENT = existsSync(CHROMIUM);
if (!BROWSER_PRESENT) process.stderr.write(`skipped: no browser at ${CHROMIUM} (Debian: apt-get install chromium)\n`);

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });

/** The browser as somebody sees our server: at its configured address, signed in by its cookie, and nothing else. */
export async function openAs(
  browser: Browser,
  house: TestServer,
  token: string | null,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page; strangers: string[]; errors: string[] }> {
  const { origin } = house.server.services.web;
  const context = await browser.newContext({ viewport: { width: 1100, height: 1400 }, ...options });
  if (token !== null)
    await context.addCookies([
      {
        name: '__Host-portreeve_session',
        value: token,
        domain: new URL(origin).hostname,
        path: '/',
        secure: true,
        httpOnly: true,
        sameSite: 'Lax',
      },
    ]);
  const strangers: string[] = [];
  await context.route('**/*', async (route) => {
    const request = route.request();
    if (new URL(request.url()).origin !== origin) {
      strangers.push(request.url());
      return route.abort();
    }
    const { pathname, search } = new URL(request.url());
    const body = request.postData();
    const answer = await fetch(`${house.url}${pathname}${search}`, {
      method: request.method(),
      headers: await request.allHeaders().then(withoutPseudo),
      ...(body === null ? {} : { body }),
      redirect: 'manual',
    });
    return route.fulfill({
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: Buffer.from(await answer.arrayBuffer()),
    });
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  return { context, page, strangers, errors };
}

const withoutPseudo = (headers: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith(':') && name !== 'host' && name !== 'content-length'),
  );

/** A virtual authenticator of the browser (CDP, WebAuthn domain) that verifies its user. */
export async function virtualAuthenticator(page: Page, options: { synced?: boolean } = {}) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: options.synced ?? false,
      defaultBackupState: options.synced ?? false,
    },
  });
  return {
    /** Whether its user is recognised from now on. */
    verifies: (isUserVerified: boolean) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    credentials: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    /** Puts a credential in, as a clone would have it. */
    async replace(credential: Awaited<ReturnType<typeof cdp.send<'WebAuthn.getCredentials'>>>['credentials'][number]) {
      await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
      await cdp.send('WebAuthn.addCredential', { authenticatorId, credential });
    },
    clear: () => cdp.send('WebAuthn.clearCredentials', { authenticatorId }),
  };
}
