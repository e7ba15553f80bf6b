import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<
    string,
    { resolved?: string; link?: boolean; version?: string; optionalDependencies?: Record<string, string> }
  >;
};
const names = new Set(Object.keys(lock.packages).map((path) => path.split('node_modules/').at(-1)));

test('J1: the lock file names every optional platform package, so that `npm ci` accepts it everywhere', () => {
  const missing = Object.values(lock.packages)
    .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    .filter((name) => !names.has(name));
  // If you are here because this failed: run `node scripts/complete-lock.mjs` after `npm install`.
  expect(missing).toEqual([]);
});

test('the lock file names no registry host', () => {
  const remote = Object.values(lock.packages).filter((entry) => entry.resolved && /^https?:/.test(entry.resolved));
  expect(remote).toEqual([]);
});

test('every dependency of ours has an exact version', () => {
  const manifests = Object.keys(lock.packages).filter((path) => /^((packages|examples)\/[^/]+)?$/.test(path));
  const loose = manifests.flatMap((path) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {})
        .filter(([, version]) => !/^\d/.test(version))
        .map(([name, version]) => `${path}: ${name}@${version}`),
    );
  });
  expect(loose).toEqual([]);
});
