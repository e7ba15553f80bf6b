import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { buildConsole } from '@portreeve/console/bundle';
import { type MockApi, mockApi } from '@portreeve/console/testing';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { settled } from './house.ts';

const ORIGIN = 'http://console.mock';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface MockTab {
  readonly page: Page;
  readonly api: MockApi;
  readonly complaints: string[];
  open(path: string): Promise<void>;
  close(): Promise<void>;
}

/** The built console in a browser without any server: files from the folder, answers from the mock that knows roles. */
export async function mockHouse(): Promise<{
  as(options: Parameters<typeof mockApi>[0]): Promise<MockTab>;
  close(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-mock-'));
  await buildConsole(folder);
  const browser: Browser = await launchBrowser();
  return {
    async as(options) {
      const api = mockApi({ ...options, answers: { ...FRAME, ...options.answers } });
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      context.setDefaultTimeout(20_000);
      await context.route('**/*', async (route) => {
        const asked = route.request();
        const { pathname, origin } = new URL(asked.url());
        if (origin !== ORIGIN) return route.abort();
        const file = join(folder, pathname);
        if (!pathname.startsWith('/v1/')) {
          const found = extname(pathname) !== '' && existsSync(file) ? file : join(folder, 'index.html');
          return route.fulfill({
            contentType: TYPES[extname(found)] ?? 'application/octet-stream',
            body: await readFile(found),
          });
        }
        const body = asked.postData();
        const answer = await api.fetch(
          new Request(asked.url(), { method: asked.method(), ...(body === null ? {} : { body }) }),
        );
        return route.fulfill({
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: Buffer.from(await answer.arrayBuffer()),
        });
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      return {
        ...{ page, api, complaints },
        async open(path) {
          await page.goto(`${ORIGIN}${path}`);
          await settled(page).catch((error: Error) => {
            throw new Error(`${path}: ${complaints.join('; ') || 'no complaint'}: ${error.message}`);
          });
        },
        close: () => context.close(),
      };
    },
    async close() {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the frame of every page asks for. */
const FRAME = {
  'GET /v1/environment': () => ({
    name: 'test',
    freezes: [],
    incident: false,
    maintenance: [],
    outages: [],
    holds: [],
    history: [],
  }),
  'GET /v1/system': () => ({ endpoints: [], version: '0', environment: 'test' }) as never,
  'GET /v1/approvals': () => ({ approvals: [], next: null, note: null }) as never,
};
