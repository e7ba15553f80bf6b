import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { releasePublicKey } from '../config/keys.ts';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { buildRelease, compareReleases, openRelease, projectReleases } from './releases.ts';

describe('H1: the release of a project', () => {
  let folder: string;
  let bundle: string;
  const state = () => join(folder, '.portreeve');
  beforeAll(async () => {
    folder = await temporaryProject(soundProject());
    bundle = join(folder, 'a.release.json');
    await writeFile(bundle, (await buildRelease(folder, undefined, state())).text);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('is the one that the server would load, and the same bytes each time', async () => {
    const [current] = await projectReleases(folder);
    const built = await buildRelease(folder, current!.workflow, state());
    expect(built.release).toBe(current!.release);
    expect(built.text).toBe(await readFile(bundle, 'utf8'));
  });

  test('is opened with the key that `keys release` shows', async () => {
    const key = await releasePublicKey(state());
    expect((await openRelease(bundle, [key])).signed_by).toEqual([key.slice(0, 12)]);
    expect((await openRelease(bundle)).signed_by).toEqual([]);
    await expect(openRelease(bundle, ['abc'])).rejects.toMatchObject({ code: 'misconfigured' });
    await expect(openRelease(join(folder, 'none'))).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is compared with the files as they are now', async () => {
    expect(await compareReleases(bundle, folder)).toEqual([]);
    const file = join(folder, 'workflows/one/ACCEPTABLE_USE.md');
    await writeFile(file, 'Ask first.\n');
    expect(await compareReleases(bundle, folder)).toEqual([
      { area: 'acceptable use', text: 'ACCEPTABLE_USE.md is new', loosens: false, lines: ['+ Ask first.', '+ '] },
    ]);
    await rm(file);
  });

  test('a workflow that is not there is named, with those that are', async () => {
    await expect(buildRelease(folder, 'other', null)).rejects.toMatchObject({ code: 'unknown_workflow' });
  });
});
