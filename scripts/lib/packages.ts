import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package as it is published. */
export interface Published {
  /** Its folder under `packages/`. */
  readonly folder: string;
  /** Its name in the registry. */
  readonly name: string;
  /** Others may import it, so it brings types. What is not public is a part of `portreeve`, and promises nothing. */
  readonly isPublic: boolean;
  readonly manifest: SourceManifest;
  /** Files and folders beside `src` that it needs, or that its users are told of. */
  readonly beside: readonly string[];
}

/** What an author of workflows, a system downstream and an auditor import. */
const PUBLIC = ['contract', 'sdk', 'verify'];
/** `npx portreeve` asks for a package of that name. */
const COMMAND = { folder: 'cli', name: 'portreeve' } as const;
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  // What `portreeve init` makes a project from.
  cli: ['bin', 'template'],
  policy: ['baseline', 'schema.cedarschema'],
  sdk: ['claude-code'],
};

/** Every package of ours, as it is published (docs/decisions: publishing). */
export function publishedPackages(): Published[] {
  return globSync('packages/*/package.json', { cwd: ROOT })
    .map((path) => basename(dirname(path)))
    .sort()
    .map((folder) => {
      const manifest = JSON.parse(
        readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8'),
      ) as SourceManifest;
      return {
        ...{ folder, manifest },
        name: folder === COMMAND.folder ? COMMAND.name : manifest.name,
        isPublic: PUBLIC.includes(folder),
        beside: BESIDE[folder] ?? [],
      };
    });
}

/** Whether a file of the sources ships: no tests, nothing that only tests use, no text that only a test compares. */
export function ships(folder: string, path: string): boolean {
  if (/\.test\.[jt]sx?$/.test(path)) return false;
  if (/(^|\/)testing\//.test(path)) return folder === 'sdk';
  return !/(^|\/)(api\.txt|specification-examples\.json|matrix\.txt)$/.test(path);
}
