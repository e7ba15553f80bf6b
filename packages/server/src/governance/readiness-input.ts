import type { Prompt } from '@portreeve/context';
import type { EnvironmentName, ProjectConfig, ReleaseReport } from '@portreeve/contract';
import type { ReadinessInput } from '@portreeve/govern';
import { type PolicyEngine, plainOutcomes } from '@portreeve/policy';
import { shownPath } from '../check/faults.ts';
import { goldenDecisions } from '../check/golden-decisions.ts';
import { type ProjectPolicies, projectPolicies } from '../config/policies.ts';
import type { Project, ProjectWorkflow } from '../config/project.ts';

/** What readiness looks at besides the files of the project. */
export interface ReadinessFacts {
  readonly environment: EnvironmentName;
  readonly reports: readonly ReleaseReport[];
  readonly approvers: ReadinessInput['approvers'];
  readonly earlier_releases: number | null;
  readonly unreviewed: ReadinessInput['unreviewed'];
  readonly systems: ProjectConfig['systems'];
  readonly now: Date;
}

/**
 * What readiness looks at of each workflow of a project. What the files say is found out once for each, at the first
 * question.
 */
export function readinessInputs(
  project: Project,
  engine: PolicyEngine,
  policies: ProjectPolicies = projectPolicies(project),
): (workflow: ProjectWorkflow, facts: ReadinessFacts) => ReadinessInput {
  let golden: ReturnType<typeof goldenDecisions> | null = null;
  const known = new Map<ProjectWorkflow, Pick<ReadinessInput, 'outcomes' | 'looser' | 'golden_count'>>();
  const fromFiles = (workflow: ProjectWorkflow) => {
    const { contract, tools } = workflow.definition;
    golden ??= goldenDecisions(project, engine, policies);
    const folder = shownPath(project.folder, workflow.folder);
    return {
      outcomes: plainOutcomes(engine, { contract, tools }),
      // Rules that loosen a tier make no engine (`combineDeclared`): there is one, so none does.
      looser: [],
      golden_count: golden
        .filter(({ file }) => file.startsWith(`${folder}/`))
        .reduce((count, { results }) => count + results.length, 0),
    };
  };
  return (workflow, { systems, ...facts }) => {
    const found = known.get(workflow) ?? fromFiles(workflow);
    known.set(workflow, found);
    const { contract, tools, sources } = workflow.definition;
    return {
      ...{ contract, tools, sources, release: workflow.release, acceptable_use: workflow.acceptable_use },
      prompts: [...workflow.promptsByName.values()].map((prompt: Prompt) => prompt.contract),
      config: { ...project.config, systems },
      ...found,
      ...facts,
    };
  };
}
