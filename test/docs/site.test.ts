import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cleanUp, start, temporaryFolder } from '../support/processes.ts';

afterAll(cleanUp);

test('J6: the site builds, and no link in it is dead', { timeout: 240_000 }, async () => {
  const outDir = await temporaryFolder();
  const vitepress = join(ROOT, 'node_modules/vitepress/bin/vitepress.js');
  const { code, out, err } = await start(process.execPath, [vitepress, 'build', join(ROOT, 'docs'), '--outDir', outDir])
    .ended;
  expect(code, out + err).toBe(0);
  const first = await readFile(join(outDir, 'index.html'), 'utf8');
  expect(first).toContain('One gate.');
  // It stands by itself: nothing is fetched from elsewhere.
  expect(first).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/);
  for (const page of [
    'quick-start',
    'how-to/index',
    'concepts/proof',
    'reference/cli',
    'guides/policy',
    'threat-model',
  ])
    expect(await readFile(join(outDir, `${page}.html`), 'utf8'), page).toContain('<h1');
});
