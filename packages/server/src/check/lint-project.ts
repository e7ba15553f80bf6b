import { findLoosening, lintPolicies, together } from '@portreeve/policy';
import { type ProjectPolicies, projectPolicies } from '../config/policies.ts';
import type { Project } from '../config/project.ts';
import { toFault } from './faults.ts';
import type { Fault } from './report.ts';

/** Everything that is wrong, or looks wrong, in the policy files of a project. */
export function lintProject(project: Project, policies: ProjectPolicies = projectPolicies(project)): Fault[] {
  const layers = together(policies.base, policies.tightening);
  return lintPolicies(layers, policies).map(toFault(project.folder));
}

/** Everything by which a project is less strict than its tiers. Its policy files must lint without an error. */
export function loosening(project: Project, policies: ProjectPolicies = projectPolicies(project)): Fault[] {
  const { base, declared, tightening, toolsets } = policies;
  return findLoosening(base, declared, tightening, toolsets).map(toFault(project.folder));
}
