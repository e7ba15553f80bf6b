import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Clock, ToolContract } from '@portreeve/contract';
import { kindOf } from '@portreeve/govern/manifest';
import {
  baselinePolicies,
  combineDeclared,
  createPolicyEngine,
  type DeclaredTools,
  type DeclaredWorkflow,
  type DeclaringFile,
  type Disagreement,
  historyByTool,
  type PolicyEngine,
  type PolicyLayers,
  readPolicyFolder,
  type WorkflowPolicies,
} from '@portreeve/policy';
import { moduleFile } from './module-file.ts';
import type { Project, ProjectWorkflow } from './project.ts';

/** What the rules of a project are made of. */
export interface ProjectPolicies {
  /** The project's own `policies/` where it has some, else the baseline. */
  readonly base: PolicyLayers;
  /** Whether `base` is the project's own. */
  readonly own: boolean;
  /** Each workflow's `policies/`, which can only tighten. */
  readonly tightening: readonly WorkflowPolicies[];
  readonly declared: readonly DeclaredWorkflow[];
  /** What agents outside use: held to its tiers as a workflow's tools are. */
  readonly toolsets: readonly DeclaredTools[];
  readonly tools: readonly ToolContract[];
}

/** Reads the policy files of a project. Throws `no_policy` or `policy_broken` for a folder that is not one. */
export function projectPolicies(project: Project): ProjectPolicies {
  const folder = join(project.folder, 'policies');
  const own = existsSync(folder);
  const declared = project.workflows.map((workflow) => ({
    contract: workflow.definition.contract,
    tools: workflow.definition.tools,
    reads: workflow.definition.sources,
    files: declaringFiles(workflow),
  }));
  return {
    base: own ? readPolicyFolder(folder) : baselinePolicies(),
    own,
    tightening: project.workflows
      .map(({ folder, definition }) => ({ workflow: definition.contract.name, folder: join(folder, 'policies') }))
      .filter(({ folder }) => existsSync(folder))
      .map(({ workflow, folder }) => ({ workflow, layers: readPolicyFolder(folder) })),
    declared,
    toolsets: project.toolsets.map(({ config, tools }) => ({
      contract: {
        ...{ name: config.name, tier: config.risk, approvers: config.approvers },
        scope: { sources: [], prompts: [], tools: tools.map(({ name }) => name) },
      },
      tools,
      files: [declaringFile(project.folder, config.tools)],
    })),
    tools: [...declared.flatMap(({ tools }) => tools), ...project.toolsets.flatMap(({ tools }) => tools)],
  };
}

/** The sources in which a workflow and its tools are declared, so that a fault is told with its line. */
function declaringFiles({ folder, files }: ProjectWorkflow): DeclaringFile[] {
  const paths = files.map(({ path }) => path).filter((path) => kindOf(path) === 'code' && /\.[jt]s$/.test(path));
  const main = basename(moduleFile(folder, 'workflow'));
  return [main, ...paths.filter((path) => path !== main)].map((path) => declaringFile(folder, path));
}

function declaringFile(folder: string, path: string): DeclaringFile {
  const file = resolve(folder, path);
  return { file, text: readFileSync(file, 'utf8') };
}

/**
 * The rules in force. Throws `no_policy` or `policy_broken`, naming file and line: then nothing starts (requirements A1,
 * C3, C4). `onDisagreement` hears where the compiled rules and the official engine differ; that request was refused, and
 * the compiled rules judge no more.
 */
export function loadPolicies(
  project: Project,
  clock: Clock,
  onDisagreement?: (report: Disagreement) => void,
): PolicyEngine {
  return engineFor(projectPolicies(project), clock, onDisagreement);
}

/** The engine of a project's policies, after what {@link loadPolicies} says of them. */
export function engineFor(
  { base, tightening, declared, toolsets, tools }: ProjectPolicies,
  clock: Clock,
  onDisagreement?: (report: Disagreement) => void,
): PolicyEngine {
  return createPolicyEngine({
    layers: combineDeclared(base, declared, tightening, toolsets),
    clock,
    tools,
    history: historyByTool(declared),
    ...(onDisagreement ? { onDisagreement } : {}),
  });
}
