import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { copyOf } from './docs/reader-project.ts';
import { cli, documentIn } from './support/cli.ts';
import { cleanUp } from './support/processes.ts';

/* In processes of their own: the modules of a project are loaded by Node itself there, as they are in a server. */

afterAll(cleanUp, 60_000);

const WORKFLOW = 'workflows/triage-ticket';
const bundle = (folder: string) => join(folder, 'one.release.json');
const build = (folder: string) =>
  cli(['release', 'build', '--project', folder, '--unsigned', '--out', bundle(folder), '--json']);

test('H1: code outside of a workflow’s folder is in no release: check says so, and none is built', {
  timeout: 90_000,
}, async () => {
  const folder = await copyOf('packages/cli/template');
  await mkdir(join(folder, 'lib'));
  await writeFile(join(folder, 'lib/words.ts'), "export { word } from './word.ts';\n");
  await writeFile(join(folder, 'lib/word.ts'), "export const word = 'a word';\n");
  await writeFile(join(folder, WORKFLOW, 'own.ts'), "export const own = 'of the folder';\n");
  const tools = join(folder, WORKFLOW, 'tools.ts');
  const before = await readFile(tools, 'utf8');

  const faultsOf = async () => {
    const report = documentIn(await cli(['check', '--project', folder, '--json']));
    return report.checks.find(({ name }: { name: string }) => name === 'project');
  };
  await writeFile(tools, `import { own } from './own.ts';\nexport { own };\n${before}`);
  expect(await faultsOf()).toMatchObject({ state: 'ok', faults: [] });
  expect(await build(folder)).toMatchObject({ code: 0 });

  await writeFile(tools, `import { word } from '../../lib/words.ts';\nexport { word };\n${before}`);
  expect(await faultsOf()).toMatchObject({
    state: 'ok',
    faults: [
      {
        file: `${WORKFLOW}/tools.ts`,
        severity: 'warning',
        message: expect.stringContaining('it imports ../../lib/words.ts'),
        fix: expect.stringContaining('Move it into the folder'),
      },
    ],
  });
  const refused = await build(folder);
  expect(refused.code).not.toBe(0);
  expect(`${refused.out}${refused.err}`).toContain('tools.ts imports ../../lib/words.ts');
});
