import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadPrompts, type Prompt } from '@portreeve/context';
import {
  bindingFaults,
  type Digest,
  digestOf,
  digestOfText,
  dryRunFault,
  fieldErrors,
  historyProblems,
  isPortreeveError,
  PortreeveError,
  type ProjectConfig,
  projectConfigSchema,
  sourceContractSchema,
  toolContractSchema,
  type WorkflowDefinition,
  workflowContractSchema,
} from '@portreeve/contract';
import type { LoadedWorkflow } from '@portreeve/run';
import { z } from 'zod';

export interface ReleaseFile {
  readonly path: string;
  readonly digest: Digest;
}

export interface ProjectWorkflow extends LoadedWorkflow {
  readonly folder: string;
  readonly files: readonly ReleaseFile[];
}

export interface Project {
  readonly folder: string;
  readonly config: ProjectConfig;
  readonly workflows: readonly ProjectWorkflow[];
}

const FILES_MAX = 2000;

/** Loads `portreeve.config.ts` of a folder and every workflow that it names. Throws `misconfigured` with file and field. */
export async function loadProject(folder: string): Promise<Project> {
  const root = resolve(folder);
  const file = join(root, 'portreeve.config.ts');
  if (!(await stat(file).catch(() => null))) {
    throw new PortreeveError('misconfigured', `There is no portreeve.config.ts in ${root}.`, {
      next: 'Name the project’s folder with --project, or try the example with --demo.',
    });
  }
  const parsed = projectConfigSchema.safeParse(await importDefault(file));
  if (!parsed.success) {
    throw new PortreeveError('misconfigured', `${file} is not a configuration.`, { errors: fieldErrors(parsed.error) });
  }
  const workflows: ProjectWorkflow[] = [];
  for (const path of parsed.data.workflows) workflows.push(await loadWorkflow(join(root, path)));
  const twice = workflows.find(
    (each, index) => workflows.findIndex((other) => nameOf(other) === nameOf(each)) !== index,
  );
  if (twice) throw new PortreeveError('misconfigured', `Two workflows are called ${nameOf(twice)}.`);
  return { folder: root, config: parsed.data, workflows };
}

const nameOf = (workflow: ProjectWorkflow): string => workflow.definition.contract.name;

async function loadWorkflow(folder: string): Promise<ProjectWorkflow> {
  const definition = parseDefinition(await importDefault(join(folder, 'workflow.ts')), join(folder, 'workflow.ts'));
  const { contract } = definition;
  const prompts = await loadPrompts(join(folder, 'prompts')).catch((error: unknown) => {
    if (isPortreeveError(error)) throw error;
    throw new PortreeveError('misconfigured', `The prompts of ${contract.name} could not be read.`, {
      cause: error,
    });
  });
  checkScope(definition, prompts);
  const files = await releaseFiles(folder);
  return {
    folder,
    files,
    definition,
    promptsByName: new Map(prompts.map((prompt) => [prompt.contract.id, prompt])),
    release: digestOf({ v: 1, workflow: contract.name, files: files.map((each) => ({ ...each })) }),
  };
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

/** What the scope names must exist, and what exists must be named: nothing comes in by the side (requirement A3). */
function checkScope({ contract, tools, sources }: WorkflowDefinition, prompts: readonly Prompt[]): void {
  const sets = [
    ['tools', contract.scope.tools, tools.map((tool) => tool.name)],
    ['sources', contract.scope.sources, sources.map((source) => source.name)],
    ['prompts', contract.scope.prompts, prompts.map((prompt) => prompt.contract.id)],
  ] as const;
  for (const [kind, declared, present] of sets) {
    const missing = declared.filter((name) => !present.includes(name));
    const extra = present.filter((name) => !declared.includes(name));
    const twice = present.find((name, index) => present.indexOf(name) !== index);
    if (twice) throw new PortreeveError('misconfigured', `${contract.name}: two ${kind} are called ${twice}.`);
    if (missing.length > 0) {
      throw new PortreeveError(
        'misconfigured',
        `${contract.name}: the scope declares ${kind} that do not exist: ${missing.join(', ')}.`,
      );
    }
    if (extra.length > 0) {
      throw new PortreeveError(
        'misconfigured',
        `${contract.name}: ${kind} that the scope does not declare: ${extra.join(', ')}.`,
      );
    }
  }
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

async function importDefault(file: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    if (isPortreeveError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PortreeveError('misconfigured', `${file} could not be loaded: ${reason}`, { cause: error });
  }
}
