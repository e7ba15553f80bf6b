import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import {
  bindingFaults,
  type Digest,
  digestOf,
  digestOfText,
  dryRunFault,
  fieldErrors,
  historyProblems,
  PortreeveError,
  sourceContractSchema,
  toolContractSchema,
  type WorkflowDefinition,
  workflowContractSchema,
} from '@portreeve/contract';
import { z } from 'zod';
import { importDefault } from './load-config.ts';

export interface ReleaseFile {
  readonly path: string;
  readonly digest: Digest;
}

/** A workflow's code and contracts, and the digest over all of its files that names the release. */
export interface Definition {
  readonly folder: string;
  readonly definition: WorkflowDefinition;
  readonly release: Digest;
  readonly files: readonly ReleaseFile[];
  /** What the workflow's `ACCEPTABLE_USE.md` says; null without one. */
  readonly acceptable_use: string | null;
}

const FILES_MAX = 2000;

/** Loads the `workflow.ts` of a folder. Throws `misconfigured` with file and field. */
export async function loadDefinition(folder: string): Promise<Definition> {
  const file = join(folder, 'workflow.ts');
  const definition = parseDefinition(await importDefault(file), file);
  const files = await releaseFiles(folder);
  const { name } = definition.contract;
  return {
    folder,
    definition,
    files,
    acceptable_use: await acceptableUse(folder),
    release: digestOf({ v: 1, workflow: name, files: files.map((each) => ({ ...each })) }),
  };
}

const ACCEPTABLE_USE_CHARS_MAX = 50_000;

async function acceptableUse(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, 'ACCEPTABLE_USE.md'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text !== null && text.length > ACCEPTABLE_USE_CHARS_MAX)
    throw new PortreeveError(
      'misconfigured',
      `${join(folder, 'ACCEPTABLE_USE.md')} is too long to be read by anybody.`,
    );
  return text;
}

const partsSchema = z.object({ tools: z.array(toolContractSchema), sources: z.array(sourceContractSchema) });

/** Everything behind this relies on the contracts, whether or not the SDK has made them (requirements A3, F2). */
function parseDefinition(exported: unknown, file: string): WorkflowDefinition {
  const { contract: head, run, tools, sources } = (exported ?? {}) as Partial<WorkflowDefinition>;
  const contract = workflowContractSchema.safeParse(head);
  if (!contract.success || typeof run !== 'function') {
    throw new PortreeveError('misconfigured', `${file} exports no workflow.`, {
      ...(contract.success ? {} : { errors: fieldErrors(contract.error) }),
      next: 'Export `defineWorkflow({ … })` of @portreeve/sdk by default.',
    });
  }
  const parts = partsSchema.safeParse({ tools, sources });
  if (!parts.success) {
    const errors = fieldErrors(parts.error);
    throw new PortreeveError('misconfigured', `${file}: ${errors[0]?.path} ${errors[0]?.message}`, { errors });
  }
  const faults = [
    ...historyProblems(contract.data.history, parts.data.tools),
    ...parts.data.tools.flatMap((tool) =>
      bindingFaults(tool).map(({ path, message }) => ({ path: `${tool.name}.${path}`, message })),
    ),
    ...parts.data.tools.flatMap((tool) => {
      const message = dryRunFault(tool, parts.data.tools);
      return message === null ? [] : [{ path: `${tool.name}.dry_run`, message }];
    }),
  ];
  if (faults.length > 0) {
    throw new PortreeveError('misconfigured', `${file}: ${faults[0]?.path}: ${faults[0]?.message}`, { errors: faults });
  }
  return { contract: contract.data, ...parts.data, run };
}

/** Every file of the workflow's folder, sorted: together they are the release. */
async function releaseFiles(folder: string): Promise<ReleaseFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (paths.length > FILES_MAX) {
    throw new PortreeveError('misconfigured', `${basename(folder)} holds more than ${FILES_MAX} files.`);
  }
  const files = await Promise.all(
    paths.map(async (path) => ({
      path: relative(folder, path).replaceAll('\\', '/'),
      digest: digestOfText(await readFile(path)),
    })),
  );
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
