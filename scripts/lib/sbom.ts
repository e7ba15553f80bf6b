import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Sbom, sbomOf } from '@portreeve/govern';
import { type Locked, lockFile, productionClosure } from './closure.ts';
import { type Published, ROOT } from './packages.ts';

/**
 * Everything of others that ships with a release, or that npm installs with it, as CycloneDX: what the console is bundled
 * from included, tools and tests not.
 */
export function releaseSbom(packages: readonly Published[], version: string): Sbom {
  const closure = productionClosure(packages, lockFile(), { platforms: true });
  return componentsOf('portreeve', version, [...closure]);
}

/**
 * Everything of others in the image, as CycloneDX: packages by name, version and digest, and what is no package (Node, the
 * libraries that it is linked with) by its path and SHA-256, from the `sums` of its files.
 */
export function imageSbom(packages: readonly Published[], version: string, sums: string) {
  const closure = [...productionClosure(packages, lockFile(), { platforms: false })];
  // What is for other platforms alone is not installed where the image is made.
  const installed = closure.filter(([path]) => existsSync(join(ROOT, path)));
  const sbom = componentsOf('portreeve-image', version, installed);
  const files = sums
    .trimEnd()
    .split('\n')
    .map((line) => ({ content: line.slice(0, 64), name: line.slice(66).replace(/^\./, '') }))
    .filter(({ name }) => /^\/(usr|lib)/.test(name))
    .map(({ name, content }) => ({ type: 'file' as const, name, hashes: [{ alg: 'SHA-256' as const, content }] }));
  return { ...sbom, components: [...files, ...sbom.components] };
}

function componentsOf(
  name: string,
  version: string,
  closure: readonly (readonly [path: string, entry: Locked])[],
): Sbom {
  // The flags say what is a development dependency of this repository, which is not asked here.
  const shipped = closure.map(([path, { name: as, version: at, license, ...rest }]) => {
    const { integrity } = rest as { readonly integrity?: string };
    return [path, { ...(as ? { name: as } : {}), version: at, license, integrity }];
  });
  return sbomOf({ name, version }, JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(shipped) }));
}
