/**
 * What a release is (requirement H1). Apart from `index.ts`: an executor names releases too, and has no policy loaded.
 */
import {
  type Digest,
  digestOf,
  digestOfText,
  digestSchema,
  modelRouteSchema,
  type ProjectConfig,
  sourceContractSchema,
  toolContractSchema,
  type WorkflowDefinition,
  workflowContractSchema,
} from '@portreeve/contract';
import { z } from 'zod';

export const FILE_KINDS = ['code', 'prompt', 'policy', 'test', 'red-team', 'acceptable-use'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** Files of one release at the most, and bytes of all of them. */
export const RELEASE_FILES_MAX = 2000;
export const RELEASE_BYTES_MAX = 32 * 1024 * 1024;

/** Relative, `/` between the parts, and leading nowhere else. */
const pathSchema = z
  .string()
  .min(1)
  .max(500)
  .refine((path) => !/[\\\p{Cc}]/u.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part)), {
    message: 'use a relative path without `..`',
  });

const fileSchema = z.strictObject({
  path: pathSchema,
  kind: z.enum(FILE_KINDS),
  digest: digestSchema,
  bytes: z.int().min(0).max(RELEASE_BYTES_MAX),
});

export const releaseManifestSchema = z.strictObject({
  v: z.literal(1),
  /** The core of Portreeve that it was made for: baseline policies, texts around prompts, and the steps of a run belong to it. */
  portreeve: z.string().min(1).max(64),
  contract: workflowContractSchema,
  tools: z.array(toolContractSchema).max(64),
  sources: z.array(sourceContractSchema).max(64),
  models: z.array(modelRouteSchema).max(16),
  /** Sorted by path. What stands in `policies/` of the project, for all of its workflows, is under `project/policies/`. */
  files: z.array(fileSchema).max(RELEASE_FILES_MAX),
});
export type ReleaseManifest = z.infer<typeof releaseManifestSchema>;

/** One file of a release, with its bytes. */
export interface ReleaseFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export const PROJECT_POLICIES = 'project/policies/';

/** Says what a release consists of. The same parts give the same manifest, in any order of files. */
export function releaseManifest(parts: {
  readonly portreeve: string;
  readonly definition: WorkflowDefinition;
  readonly models: ProjectConfig['models'];
  readonly files: readonly ReleaseFile[];
}): ReleaseManifest {
  const { definition, portreeve } = parts;
  const byName = <T extends { readonly name: string }>(all: readonly T[]) =>
    all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return releaseManifestSchema.parse({
    ...{ v: 1, portreeve, contract: definition.contract },
    tools: byName(definition.tools),
    sources: byName(definition.sources),
    // In the order in which they are tried.
    models: parts.models.map(({ name, kind, model, where, clearance }) => ({ name, kind, model, where, clearance })),
    files: parts.files
      .map(({ path, bytes }) => ({
        ...{ path, kind: kindOf(path), digest: digestOfText(bytes), bytes: bytes.length },
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  });
}

/** The name of a release: the digest of its manifest, and so of every byte in it. */
export function releaseId(manifest: ReleaseManifest): Digest {
  return digestOf(manifest);
}

export function kindOf(path: string): FileKind {
  if (path === 'ACCEPTABLE_USE.md') return 'acceptable-use';
  if (path.startsWith('prompts/')) return 'prompt';
  if (path.startsWith('redteam/')) return 'red-team';
  if (path.startsWith('tests/') || /\.test\.[jt]s$/.test(path)) return 'test';
  if (path.startsWith(PROJECT_POLICIES) || path.startsWith('policies/')) return 'policy';
  return 'code';
}
