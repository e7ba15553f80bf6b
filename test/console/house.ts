import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildConsole } from '@portreeve/console/bundle';
import { type TestServer, type TestServerOptions, testServer } from '@portreeve/server/testing';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.PORTREEVE_TEST_CHROMIUM ?? '/usr/bin/chromium';
export const browserIsThere = existsSync(CHROMIUM);
if (!browserIsThere)
  process.stderr.write(
    `skipped: no browser at ${CHROMIUM} (Debian: apt-get install chromium); the console is not tried\n`,
  );

/** A tab of somebody, and what its browser complained of. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, and what the page’s policy (CSP, Trusted Types) refused. */
  readonly complaints: string[];
  /** Opens a page of the console and waits until it has what it shows. */
  open(path: string): Promise<void>;
}

export interface ConsoleHouse {
  readonly house: TestServer;
  readonly browser: Browser;
  /** A browser in which this account has signed in, by the page, as a person does. */
  as(name: string, options?: BrowserContextOptions): Promise<Tab>;
  stranger(options?: BrowserContextOptions): Promise<Tab>;
  close(): Promise<void>;
}

/** The real server with a console built from the sources, and Debian's Chromium. */
export async function consoleHouse(options: TestServerOptions = {}): Promise<ConsoleHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-console-'));
  await buildConsole(folder);
  const house = await testServer({ ...options, consoleFolder: folder });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });

  const stranger = async (given: BrowserContextOptions = {}): Promise<Tab> => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...given });
    // Shorter than a test: what fails says which element it waited for.
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      // An answer that is a problem is what many tests are about: the browser tells of each.
      const expected = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !expected) complaints.push(message.text());
    });
    return {
      page,
      context,
      complaints,
      async open(path) {
        await page.goto(`${house.url}${path}`);
        await settled(page);
      },
    };
  };

  return {
    house,
    browser,
    stranger,
    async as(name, given) {
      const tab = await stranger(given);
      await tab.open('/sign-in');
      await tab.page.getByLabel('Account').fill(name);
      await tab.page.getByLabel('Password').fill(house.passwordOf(name));
      await tab.page.getByRole('button', { name: 'Sign in' }).click();
      await tab.page.waitForURL((url) => url.pathname !== '/sign-in' && url.pathname !== '/');
      await settled(tab.page);
      return tab;
    },
    async close() {
      await browser.close();
      await house.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until a page has its title and nothing in it is still loading. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  // One after another: the page’s policy lets no expression of a test be watched for in it.
  while ((await page.locator('.bones').count()) > 0)
    await page.locator('.bones').first().waitFor({ state: 'detached' });
}
