import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { importsOf } from '../imports.ts';

/** A package as it is packed. */
export interface Packed {
  readonly folder: string;
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly exports?: unknown;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  /** Its files, from its folder. */
  readonly paths: readonly string[];
}

export function packedIn(out: string): Packed[] {
  return globSync('packages/*/package.json', { cwd: out }).map((path) => {
    const folder = dirname(join(out, path));
    const files = globSync('**/*', { cwd: folder, withFileTypes: true }).filter((each) => each.isFile());
    return {
      folder,
      manifest: JSON.parse(readFileSync(join(out, path), 'utf8')),
      paths: files.map((each) => relative(folder, join(each.parentPath, each.name)).replaceAll('\\', '/')),
    };
  });
}

/**
 * What a package names and does not have: files that its code imports or reads, packages that are not declared, files of
 * `exports`. `seen` counts what was looked at.
 */
export function missingIn({ folder, manifest, paths }: Packed): { readonly missing: string[]; readonly seen: number } {
  const declared = [manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })];
  const targets = targetsOf(manifest.exports);
  const missing = targets.filter((target) => !existsSync(join(folder, target)));
  let seen = targets.length;
  for (const path of paths.filter((each) => /\.m?js$/.test(each))) {
    for (const { specifier } of importsOf({ path, text: readFileSync(join(folder, path), 'utf8') })) {
      if (specifier === null || specifier.startsWith('node:')) continue;
      seen += 1;
      const there = specifier.startsWith('.')
        ? existsSync(join(folder, dirname(path), specifier))
        : declared.includes(packageOf(specifier));
      if (!there) missing.push(`${manifest.name} ${path}: ${specifier}`);
    }
  }
  return { missing, seen };
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Every file that `exports` names. */
function targetsOf(exports: unknown): string[] {
  if (typeof exports === 'string') return [exports];
  return Object.values((exports ?? {}) as Record<string, unknown>).flatMap(targetsOf);
}
