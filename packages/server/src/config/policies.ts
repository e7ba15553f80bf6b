import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@portreeve/contract';
import {
  baselinePolicies,
  combineDeclared,
  createPolicyEngine,
  type Disagreement,
  historyByTool,
  type PolicyEngine,
  readPolicyFolder,
} from '@portreeve/policy';
import type { Project } from './project.ts';

/**
 * The rules in force: the project's own `policies/` where it has some, else the baseline, and each workflow's
 * `policies/`, which can only tighten. Throws `no_policy` or `policy_broken`, naming file and line: then nothing starts
 * (requirements A1, C3, C4). `onDisagreement` hears where the compiled rules and the official engine differ; that
 * request was refused, and the compiled rules judge no more.
 */
export function loadPolicies(
  project: Project,
  clock: Clock,
  onDisagreement?: (report: Disagreement) => void,
): PolicyEngine {
  const own = join(project.folder, 'policies');
  const base = existsSync(own) ? readPolicyFolder(own) : baselinePolicies();
  const declared = project.workflows.map(({ folder, definition }) => ({
    contract: definition.contract,
    tools: definition.tools,
    file: join(folder, 'workflow.ts'),
  }));
  const tightening = project.workflows
    .map(({ folder, definition }) => ({ workflow: definition.contract.name, folder: join(folder, 'policies') }))
    .filter(({ folder }) => existsSync(folder))
    .map(({ workflow, folder }) => ({ workflow, layers: readPolicyFolder(folder) }));
  return createPolicyEngine({
    layers: combineDeclared(base, declared, tightening),
    clock,
    tools: declared.flatMap(({ tools }) => tools),
    history: historyByTool(declared),
    ...(onDisagreement ? { onDisagreement } : {}),
  });
}
