import { execFile } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { canonicalJson } from '@portreeve/contract';
import { seal } from '@portreeve/govern/envelope';
import { assembleImage, imageSums } from './image.ts';
import { pack } from './pack.ts';
import { publishedPackages, ROOT } from './packages.ts';
import { provenanceOf, sha256Of } from './provenance.ts';
import { imageSbom, releaseSbom } from './sbom.ts';

const run = promisify(execFile);

export interface ReleaseOptions {
  /** The Ed25519 key that signs, as PKCS #8 in PEM, in a file that only its owner may read. */
  readonly keyFile: string;
  /** Who builds, as a URI. */
  readonly builder: string;
  readonly out: string;
  /** Build what is not committed too, for trying it out: the provenance then names no commit. */
  readonly dirty: boolean;
}

export interface MadeRelease {
  readonly folder: string;
  readonly files: readonly string[];
  readonly keyId: string;
}

/** Makes everything that is published of this version. Rejects where the sources are not exactly a commit. */
export async function release({ keyFile, builder, out, dirty }: ReleaseOptions): Promise<MadeRelease> {
  const started = new Date();
  const key = await signingKey(keyFile);
  const commit = await cleanCommit(dirty);
  const tarballs = await pack(out);
  const packages = publishedPackages();
  const version = oneVersion(packages.map(({ manifest }) => manifest.version));
  const folder = join(out, 'release');
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const { file } of tarballs) {
    await cp(file, join(folder, basename(file)));
    files.push(basename(file));
  }
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    files.push(name);
  };
  await write('sbom.cdx.json', `${JSON.stringify(releaseSbom(packages, version), null, 2)}\n`);
  // Whoever builds the image, or gets it from somebody, can tell whether it is this one.
  const sums = await imageSums(await assembleImage(out, packages));
  await write('image.sha256', sums);
  await write('image.cdx.json', `${JSON.stringify(imageSbom(packages, version, sums), null, 2)}\n`);
  const paths = files.map((name) => join(folder, name));
  const provenance = await provenanceOf({
    ...{ version, commit, builder, started, files: paths },
    lockFile: join(ROOT, 'package-lock.json'),
    invocation: randomUUID(),
    finished: new Date(),
  });
  const keyId = idOf(key);
  await write(
    'provenance.dsse.json',
    `${JSON.stringify(seal('provenance', canonicalJson(provenance), { id: keyId, key }))}\n`,
  );
  const all = await Promise.all(files.map(async (name) => `${await sha256Of(join(folder, name))}  ${name}`));
  await write('SHA256SUMS', `${all.join('\n')}\n`);
  return { folder, files, keyId };
}

async function signingKey(file: string): Promise<KeyObject> {
  if (((await stat(file)).mode & 0o077) !== 0)
    throw new Error(`${file} may be read by others than its owner: chmod 600.`);
  const key = createPrivateKey(await readFile(file, 'utf8'));
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${file} is no Ed25519 key.`);
  return key;
}

/** SHA-256 of the public key (SPKI): whoever has the key can tell which it is. */
function idOf(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

async function cleanCommit(dirty: boolean): Promise<string | null> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: ROOT })).stdout.trim();
  const changes = await git('status', '--porcelain');
  if (changes === '') return git('rev-parse', 'HEAD');
  if (dirty) return null;
  throw new Error(`What is released must be committed:\n${changes}`);
}

function oneVersion(versions: readonly string[]): string {
  const [first, ...others] = [...new Set(versions)];
  if (first === undefined || others.length > 0)
    throw new Error(`The packages have several versions: ${versions.join(', ')}`);
  return first;
}
