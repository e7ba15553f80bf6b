import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@portreeve/contract';
import { baselinePolicies, combine, createPolicyEngine, type PolicyEngine, readPolicyFolder } from '@portreeve/policy';
import type { Project } from './project.ts';

/**
 * The rules in force: the project's own `policies/` where it has some, else the baseline, and each workflow's
 * `policies/`, which can only tighten. Throws `no_policy` or `policy_broken`: then nothing starts (requirement C4).
 */
export function loadPolicies(project: Project, clock: Clock): PolicyEngine {
  const own = join(project.folder, 'policies');
  const base = existsSync(own) ? readPolicyFolder(own) : baselinePolicies();
  const tightening = project.workflows
    .map(({ folder, definition }) => ({ workflow: definition.contract.name, folder: join(folder, 'policies') }))
    .filter(({ folder }) => existsSync(folder))
    .map(({ workflow, folder }) => ({ workflow, layers: readPolicyFolder(folder) }));
  return createPolicyEngine({ layers: combine(base, ...tightening), clock });
}
