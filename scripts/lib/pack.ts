import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, packageFolder } from './build.ts';

const run = promisify(execFile);

export interface Tarball {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  /** Paths in it, without the leading `package/`. */
  readonly files: readonly string[];
}

/** Builds, and packs each package into a tarball in `OUT/tarballs`, as `npm publish` would send it. */
export async function pack(out: string): Promise<readonly Tarball[]> {
  const packages = await build(out);
  const folder = join(out, 'tarballs');
  await mkdir(folder, { recursive: true });
  const folders = packages.map((each) => packageFolder(out, each));
  const args = ['pack', ...folders, '--pack-destination', folder, '--json', '--ignore-scripts'];
  const { stdout } = await run('npm', args, { maxBuffer: 64 * 1024 * 1024 });
  const packed = Object.values(JSON.parse(stdout)) as {
    readonly name: string;
    readonly version: string;
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  const present = await readdir(folder);
  return packed.map(({ name, version, filename, files }) => {
    const file = present.find((each) => each === filename.replace('@', '').replace('/', '-'));
    if (!file) throw new Error(`npm pack said ${filename}, which is not in ${folder}.`);
    return { name, version, file: join(folder, file), files: files.map(({ path }) => path) };
  });
}
