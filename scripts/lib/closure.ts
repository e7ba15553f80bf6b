import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Published, ROOT } from './packages.ts';

/** An entry of `package-lock.json`, format 3. */
export interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}
export type LockedByPath = Readonly<Record<string, Locked>>;

export function lockFile(): LockedByPath {
  return (JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: LockedByPath }).packages;
}

export interface ClosureOptions {
  /** Whether optional dependencies of our own packages count: the Node and the PostgreSQL of each platform. */
  readonly platforms: boolean;
}

/** What the console is built with in a checkout; its bundle holds nothing of them. */
const BUILDS_THE_CONSOLE = ['@vitejs/plugin-react', 'vite'];

/**
 * Everything of others that a production installation runs, by its path in the lock file: what our packages depend on, and
 * what that depends on, at exactly the locked versions. What the console is bundled from is in it, because its code ships.
 * Throws where the lock file lacks something.
 */
export function productionClosure(
  packages: readonly Published[],
  lock: LockedByPath,
  { platforms }: ClosureOptions,
): Map<string, Locked> {
  const found = new Map<string, Locked>();
  const take = (from: string, name: string, optional: boolean): void => {
    const path = resolvePath(lock, from, name);
    const entry = path === null ? undefined : lock[path];
    if (path === null || entry === undefined) {
      if (optional) return;
      throw new Error(`package-lock.json has no ${name} for ${from}: run npm install.`);
    }
    if (entry.link || found.has(path)) return;
    found.set(path, entry);
    takeAll(path, entry);
  };
  const takeAll = (from: string, { dependencies, optionalDependencies, peerDependencies, ...rest }: Locked): void => {
    for (const name of Object.keys(dependencies ?? {})) take(from, name, false);
    for (const name of Object.keys(optionalDependencies ?? {})) take(from, name, true);
    for (const name of Object.keys(peerDependencies ?? {}))
      take(from, name, rest.peerDependenciesMeta?.[name]?.optional === true);
  };
  for (const { folder, manifest } of packages) {
    const { dependencies, optionalDependencies } = manifest;
    takeAll(`packages/${folder}`, {
      dependencies: Object.fromEntries(
        Object.entries(dependencies ?? {}).filter(([name]) => !BUILDS_THE_CONSOLE.includes(name)),
      ),
      ...(platforms && optionalDependencies ? { optionalDependencies } : {}),
    });
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where a package that stands at `from` finds `name`, as Node looks for it: in each folder upwards. */
function resolvePath(lock: LockedByPath, from: string, name: string): string | null {
  const parts = from.split('/node_modules/');
  for (let depth = parts.length; depth > 0; depth--) {
    const path = [...parts.slice(0, depth), name].join('/node_modules/');
    if (lock[path]) return path;
  }
  return lock[`node_modules/${name}`] ? `node_modules/${name}` : null;
}

/** The name of the package at a path of the lock file. */
export function nameAt(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
