import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildProgram } from '@portreeve/cli';
import { expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { referencePages } from './reference.ts';

const FOLDER = join(ROOT, 'docs/reference');

test('J6: the reference is what the code says (UPDATE_DOCS=1 writes it anew)', async () => {
  const pages = await referencePages(buildProgram(() => {}));
  if (process.env.UPDATE_DOCS === '1') {
    await mkdir(FOLDER, { recursive: true });
    for (const [name, text] of Object.entries(pages)) await writeFile(join(FOLDER, name), text);
  }
  expect((await readdir(FOLDER)).sort()).toEqual(Object.keys(pages).sort());
  for (const [name, text] of Object.entries(pages))
    expect(text === (await readFile(join(FOLDER, name), 'utf8')), `docs/reference/${name} is current`).toBe(true);
});
