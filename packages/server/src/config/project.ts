import { join } from 'node:path';
import { loadPrompts, type Prompt } from '@portreeve/context';
import {
  compileSchema,
  isPortreeveError,
  PortreeveError,
  type ProjectConfig,
  RELEASE_DESK,
  type WorkflowDefinition,
} from '@portreeve/contract';
import type { LoadedWorkflow } from '@portreeve/run';
import { type DeclaredToolset, loadToolsets } from '../mcp/toolsets.ts';
import { checkSteps, loadCalibrations } from './load-calibrations.ts';
import { importDefault, loadConfig } from './load-config.ts';
import { type Definition, loadDefinition, type SharedParts, sharedParts } from './load-definition.ts';
import { checkModelSecrets } from './model-secrets.ts';
import { checkPrices } from './priced-prompts.ts';
import { checkReaderCredentials } from './reader-credentials.ts';

export interface ProjectWorkflow extends LoadedWorkflow, Definition {
  readonly release: Definition['release'];
}

export interface Project {
  readonly folder: string;
  readonly config: ProjectConfig;
  readonly workflows: readonly ProjectWorkflow[];
  /** Tools of the project's own for agents outside. */
  readonly toolsets: readonly DeclaredToolset[];
}

/** Loads `portreeve.config.ts` of a folder and every workflow that it names. Throws `misconfigured` with file and field. */
export async function loadProject(folder: string): Promise<Project> {
  const { folder: root, config } = await loadConfig(folder);
  const workflows: ProjectWorkflow[] = [];
  const shared = await sharedParts(root, config);
  for (const path of config.workflows) workflows.push(await loadWorkflow(join(root, path), shared));
  const twice = workflows.find(
    (each, index) => workflows.findIndex((other) => nameOf(other) === nameOf(each)) !== index,
  );
  if (twice) throw new PortreeveError('misconfigured', `Two workflows are called ${nameOf(twice)}.`);
  const names = [
    ...workflows.map(nameOf),
    ...[...config.mcp.toolsets, ...config.mcp.upstreams].map(({ name }) => name),
  ];
  if (names.includes(RELEASE_DESK))
    throw new PortreeveError('misconfigured', `${RELEASE_DESK} is the name of the desk by which releases move.`);
  const toolsets = await loadToolsets(root, config.mcp);
  for (const workflow of workflows) checkPrices(config, workflow);
  const definitions = definitionsOf({ workflows, toolsets });
  checkModelSecrets(config.models, definitions, config.mcp.upstreams);
  checkReaderCredentials(definitions, config.mcp.upstreams);
  return { folder: root, config, workflows, toolsets };
}

/** Everything that an installation of the project runs; the tools for agents outside have no sources. */
export const definitionsOf = ({ workflows, toolsets }: Pick<Project, 'workflows' | 'toolsets'>) => [
  ...workflows.map(({ definition }) => definition),
  ...toolsets.map(({ tools }) => ({ tools, sources: [] })),
];

const nameOf = (workflow: ProjectWorkflow): string => workflow.definition.contract.name;

export async function loadWorkflow(folder: string, shared: SharedParts): Promise<ProjectWorkflow> {
  const loaded = await loadDefinition(folder, shared);
  const { contract } = loaded.definition;
  const prompts = await loadPrompts(join(folder, 'prompts'), importDefault).catch((error: unknown) => {
    if (isPortreeveError(error)) throw error;
    // A workflow that asks no model needs no folder of prompts.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && contract.scope.prompts.length === 0) return [];
    throw new PortreeveError('misconfigured', `The prompts of ${contract.name} could not be read.`, {
      cause: error,
    });
  });
  checkScope(loaded.definition, prompts);
  checkDegraded(loaded.definition, prompts);
  const workflow = {
    ...loaded,
    promptsByName: new Map(prompts.map((prompt) => [prompt.contract.id, prompt])),
    calibrations: await loadCalibrations(folder),
  };
  checkSteps(workflow);
  return workflow;
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

/** An answer that stands in for a model's must be one that the model could have given (requirement E6). */
function checkDegraded({ contract }: WorkflowDefinition, prompts: readonly Prompt[]): void {
  if (contract.on_outage?.do !== 'degrade') return;
  for (const { contract: prompt } of prompts) {
    const answer = contract.on_outage.answers[prompt.id];
    const [error] = answer === undefined ? [] : compileSchema(prompt.output)(answer);
    if (error)
      throw new PortreeveError(
        'misconfigured',
        `${contract.name}: on_outage.answers.${prompt.id}: ${error.path} ${error.message}`,
        { next: 'Declare an answer that satisfies the output schema of the prompt.' },
      );
  }
}
