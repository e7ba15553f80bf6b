import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testDatabase } from '@portreeve/server/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROWSER_PRESENT, launchBrowser } from '../support/browser.ts';
import { EXAMPLE } from '../support/case-system.ts';
import { projectLikeExample, startCli } from '../support/cli.ts';
import { cleanUp, freePort, namedIn, temporaryFolder } from '../support/processes.ts';
import { settled } from './house.ts';

/** From outside: the command as a person types it, and a browser. */
describe.skipIf(!BROWSER_PRESENT)('I1 J1: the command serves the console', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  const accountsIn = async (state: string) =>
    JSON.parse(await readFile(join(state, 'accounts.json'), 'utf8')) as { name: string; password: string }[];

  /** Signs in at an address as somebody whom the first start made. */
  async function signIn(url: string, state: string): Promise<string> {
    const { password } = (await accountsIn(state)).find(({ name }) => name === 'operator')!;
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.getByLabel('Account').fill('operator');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL((at) => at.pathname !== '/sign-in' && at.pathname !== '/');
    await settled(page);
    const title = await page.title();
    expect(complaints).toEqual([]);
    await context.close();
    return title;
  }

  test('`portreeve up` does, and its assets are those of its document', { timeout: 180_000 }, async () => {
    const state = join(await temporaryFolder(), '.portreeve');
    const port = await freePort();
    const up = startCli(['up', '--project', EXAMPLE, '--port', String(port), '--state', state]);
    const [, url = ''] = await up.printed(/console {3}(http:\/\/127\.0\.0\.1:\d+\/)/, 150_000);
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(await answer.text())!;
    const asset = await fetch(new URL(script, url));
    expect([asset.status, asset.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(await signIn(url, state)).toMatch(/· Portreeve$/);
    up.child.kill('SIGINT');
    await up.ended;
    expect(namedIn(state)).toEqual([]);
  });

  test('`portreeve serve` does too, on a PostgreSQL of its own', { timeout: 180_000 }, async () => {
    const database = await testDatabase();
    const state = join(await temporaryFolder(), '.portreeve');
    const port = await freePort();
    const project = await projectLikeExample(join(await temporaryFolder(), 'project'), {
      companions: [],
      systems: { 'case-system': { url: 'http://127.0.0.1:9', private: true } },
    });
    const args = ['serve', '--project', project, '--port', String(port), '--state', state];
    const serve = startCli(args, { env: { DATABASE_URL: database.url } });
    try {
      const [, url = ''] = await serve.printed(/(http:\/\/127\.0\.0\.1:\d+\/?)/, 150_000);
      expect(Number(new URL(url).port)).toBe(port);
      await expect.poll(() => fetch(url).then(({ status }) => status), { timeout: 60_000 }).toBe(200);
      expect(await signIn(url, state)).toMatch(/· Portreeve$/);
    } finally {
      serve.child.kill('SIGINT');
      await serve.ended;
      await database.close();
    }
    expect(namedIn(state)).toEqual([]);
  });

  test('`--no-console` serves the API alone', { timeout: 120_000 }, async () => {
    const state = join(await temporaryFolder(), '.portreeve');
    const port = await freePort();
    const up = startCli([
      'up',
      '--project',
      EXAMPLE,
      '--port',
      String(port),
      '--state',
      state,
      '--no-console',
      '--json',
    ]);
    await up.printed(/"url"/, 100_000);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    up.child.kill('SIGINT');
    await up.ended;
  });
});
