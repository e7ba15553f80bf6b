import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from './load-config.ts';
import { moduleFile } from './module-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-module-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('J5: a project that was built to JavaScript loads, and what was written goes before what was made', async () => {
  const name = 'portreeve.config';
  // Nothing there: the error names what an author writes.
  expect(moduleFile(folder, name)).toBe(join(folder, 'portreeve.config.ts'));
  await expect(loadConfig(folder)).rejects.toThrow('There is no portreeve.config.ts');
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, `${name}.js`), `export default { environment: 'staging', workflows: ['a'] };\n`);
  expect((await loadConfig(folder)).config.environment).toBe('staging');
  await writeFile(join(folder, `${name}.ts`), `export default { workflows: ['a'] as string[] };\n`);
  expect((await loadConfig(folder)).config.environment).toBe('development');
});
