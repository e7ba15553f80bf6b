import { PortreeveError } from '@portreeve/contract';
import { z } from 'zod';

const componentSchema = z.strictObject({
  type: z.literal('library'),
  name: z.string(),
  version: z.string(),
  purl: z.string(),
  licenses: z.array(z.strictObject({ expression: z.string() })).optional(),
  hashes: z.array(z.strictObject({ alg: z.enum(['SHA-512', 'SHA-1']), content: z.string() })).optional(),
});

/** The components that a release runs with, as CycloneDX 1.6 (ECMA-424) without what would differ from build to build. */
export const sbomSchema = z.strictObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  version: z.literal(1),
  metadata: z.strictObject({
    component: z.strictObject({ type: z.literal('application'), name: z.string(), version: z.string() }),
  }),
  components: z.array(componentSchema).max(20_000),
});
export type Sbom = z.infer<typeof sbomSchema>;
export type Component = Sbom['components'][number];

const lockSchema = z.object({
  lockfileVersion: z.union([z.literal(2), z.literal(3)]),
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string().optional(),
      license: z.string().optional(),
      integrity: z.string().optional(),
      link: z.boolean().optional(),
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
    }),
  ),
});

/** Reads `package-lock.json`. What only tests and tools need is left out. Throws `misconfigured` for another kind of file. */
export function sbomOf(workflow: { readonly name: string; readonly version: string }, lock: string): Sbom {
  const found = lockSchema.safeParse(parse(lock));
  if (!found.success)
    throw new PortreeveError('misconfigured', 'package-lock.json is no lockfile of npm 7 or later.', {
      next: 'Write it anew with `npm install`, and commit it.',
    });
  const components = Object.entries(found.data.packages).flatMap(([path, entry]): Component[] => {
    if (path === '' || entry.link || entry.dev || entry.devOptional || entry.version === undefined) return [];
    const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return [
      {
        ...{ type: 'library', name, version: entry.version, purl: purlOf(name, entry.version) },
        ...(entry.license === undefined ? {} : { licenses: [{ expression: entry.license }] }),
        ...(entry.integrity === undefined ? {} : { hashes: hashesOf(entry.integrity) }),
      },
    ];
  });
  const unique = new Map(components.map((component) => [component.purl, component]));
  return {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 },
    metadata: { component: { type: 'application', name: workflow.name, version: workflow.version } },
    components: [...unique.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1)),
  };
}

/** Package URL (purl-spec): the `@` of a scope is percent-encoded. */
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.split('/').map(encodeURIComponent).join('/')}@${encodeURIComponent(version)}`;
}

/** Subresource Integrity, base64, as hex. */
function hashesOf(integrity: string): NonNullable<Component['hashes']> {
  return integrity.split(/\s+/).flatMap((text) => {
    const [, name, encoded] = /^(sha512|sha1)-([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
    if (name === undefined || encoded === undefined) return [];
    return [
      {
        alg: name === 'sha512' ? ('SHA-512' as const) : ('SHA-1' as const),
        content: Buffer.from(encoded, 'base64').toString('hex'),
      },
    ];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
