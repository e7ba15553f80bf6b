import { type Sbom, sbomOf } from '@portreeve/govern';
import { lockFile, productionClosure } from './closure.ts';
import type { Published } from './packages.ts';

/**
 * Everything of others that ships with a release, or that npm installs with it, as CycloneDX: what the console is bundled
 * from included, tools and tests not.
 */
export function releaseSbom(packages: readonly Published[], version: string): Sbom {
  const closure = productionClosure(packages, lockFile(), { platforms: true });
  // The flags say what is a development dependency of this repository, which is not asked here.
  const shipped = [...closure].map(([path, { name, version: at, license, ...rest }]) => {
    const { integrity } = rest as { readonly integrity?: string };
    return [path, { ...(name ? { name } : {}), version: at, license, integrity }];
  });
  return sbomOf(
    { name: 'portreeve', version },
    JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(shipped) }),
  );
}
