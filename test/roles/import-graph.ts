import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { importsOf } from '../imports.ts';
import type { Manifest, SourceText } from '../repository.ts';

const SCOPE = '@portreeve/';

/**
 * Everything that is loaded with a file, or may be while it runs: our files by their path, other packages by their name.
 * Types are not counted. Each with the file that first names it, so that a failure shows the way.
 */
export function reachableFrom(
  roots: readonly string[],
  sources: readonly SourceText[],
  manifests: ReadonlyMap<string, Manifest>,
): Map<string, string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Map<string, string>(roots.map((root) => [root, '']));
  for (const [path] of reached) {
    const source = byPath.get(path);
    if (!source) continue;
    for (const { specifier, kind } of importsOf(source)) {
      if (specifier === null || kind === 'type' || isBuiltin(specifier)) continue;
      const target = resolved(specifier, path, manifests);
      if (!reached.has(target)) reached.set(target, path);
    }
  }
  return reached;
}

function resolved(specifier: string, from: string, manifests: ReadonlyMap<string, Manifest>): string {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier));
  if (!specifier.startsWith(SCOPE)) return specifier;
  const [name = '', ...rest] = specifier.slice(SCOPE.length).split('/');
  const folder = `packages/${name}`;
  const file = manifests.get(folder)?.exports?.[rest.length === 0 ? '.' : `./${rest.join('/')}`];
  if (typeof file !== 'string') throw new Error(`${from} imports ${specifier}, which is not exported`);
  return posix.normalize(posix.join(folder, file));
}
