import { join, resolve } from 'node:path';
import { type EnvironmentName, type ProjectConfig, type ReleaseReport, systemClock } from '@portreeve/contract';
import { type Readiness, readinessOf } from '@portreeve/govern';
import { checkSystems } from '../config/bind-systems.ts';
import { engineFor, type ProjectPolicies, projectPolicies } from '../config/policies.ts';
import { loadProject, type Project, type ProjectWorkflow } from '../config/project.ts';
import { readinessInputs } from '../governance/readiness-input.ts';
import { faultOf, shownPath } from './faults.ts';
import { goldenDecisions } from './golden-decisions.ts';
import { lintProject, loosening } from './lint-project.ts';
import { MATRIX_FILE, matrixFault, projectMatrix } from './project-matrix.ts';
import { CHECKS, type Check, type CheckName, type CheckReport, type Fault } from './report.ts';

export interface CheckOptions {
  /** Where readiness is asked for; left out: where the configuration says. */
  readonly environment?: EnvironmentName | undefined;
  /** Reports on releases; those on others than the present ones count for nothing. */
  readonly reports?: readonly ReleaseReport[];
}

type Found = { readonly detail: string; readonly faults: readonly Fault[] };

/**
 * Everything that can be known of a project without running it: it loads with sound scopes and contracts, its systems are
 * configured, its policies lint clean and loosen nothing, its golden decisions hold, its reviewed matrix is current. Each
 * check that fails skips those behind it, which would only repeat it. What a workflow lacks before it goes live is told
 * besides, and fails the check in production alone.
 */
export async function checkProject(folder: string, options: CheckOptions = {}): Promise<CheckReport> {
  const root = resolve(folder);
  const checks: Check[] = [];
  const look = async <T>(name: CheckName, work: () => Promise<{ found: Found; made: T }>): Promise<T | null> => {
    let result: { found: Found; made: T | null };
    try {
      result = await work();
    } catch (error) {
      result = { found: { detail: '', faults: [faultOf(error)] }, made: null };
    }
    const failed = result.found.faults.some(({ severity }) => severity === 'error');
    checks.push({ name, state: failed ? 'failed' : 'ok', ...result.found });
    return failed ? null : result.made;
  };
  const readiness = await inOrder(root, look, options);
  const done = new Set(checks.map(({ name }) => name));
  for (const name of CHECKS) if (!done.has(name)) checks.push({ name, state: 'skipped', detail: '', faults: [] });
  const isReady = readiness.every(({ ready, environment }) => ready || environment !== 'production');
  return { ok: checks.every(({ state }) => state === 'ok') && isReady, project: root, checks, readiness };
}

/** Code that a workflow runs and its release does not hold. */
const notInRelease =
  (root: string) =>
  ({ folder, outside }: ProjectWorkflow): Fault[] =>
    outside.map(({ file, imports }) => ({
      file: shownPath(root, join(folder, file)),
      line: null,
      severity: 'warning',
      message: `it imports ${imports}, which lies outside of the workflow's folder: no release holds it, and it changes under the same release id`,
      fix: `Move it into the folder, or make it a package and import it by its name. \`portreeve release build\` refuses it as it is.`,
    }));

type Look = <T>(name: CheckName, work: () => Promise<{ found: Found; made: T }>) => Promise<T | null>;

async function inOrder(root: string, look: Look, options: CheckOptions): Promise<Readiness[]> {
  const project = await look('project', async () => {
    const made = await loadProject(root);
    return { found: { detail: contentOf(made), faults: made.workflows.flatMap(notInRelease(root)) }, made };
  });
  if (project === null) return [];
  await look('systems', async () => {
    const systems = expectedSystems(project.config);
    for (const { definition } of project.workflows) checkSystems(definition, systems);
    return { found: { detail: counted(Object.keys(systems).length, 'system'), faults: [] }, made: true };
  });
  const policies = await look('policies', async () => {
    const made = projectPolicies(project);
    return { found: { detail: 'read and linted', faults: lintProject(project, made) }, made };
  });
  if (policies === null) return [];
  const isStrict = await look('tiers', async () => {
    const tools = counted(policies.tools.length, 'tool');
    return { found: { detail: `${tools} against their tiers`, faults: loosening(project, policies) }, made: true };
  });
  if (isStrict === null) return [];
  const engine = engineFor(policies, systemClock);
  const decided = await look('decisions', async () => ({ found: golden(project, engine, policies), made: true }));
  await look('matrix', async () => {
    const fault = await matrixFault(project, projectMatrix(project, engine, policies));
    return { found: { detail: MATRIX_FILE, faults: fault === null ? [] : [fault] }, made: true };
  });
  if (decided === null) return [];
  const inputs = readinessInputs(project, engine, policies);
  const facts = {
    environment: options.environment ?? project.config.environment,
    reports: options.reports ?? [],
    ...{
      approvers: null,
      earlier_releases: null,
      unreviewed: null,
      systems: expectedSystems(project.config),
      now: systemClock.now(),
    },
  };
  return project.workflows.map((workflow) => readinessOf(inputs(workflow, facts)));
}

function golden(project: Project, engine: ReturnType<typeof engineFor>, policies: ProjectPolicies): Found {
  const files = goldenDecisions(project, engine, policies);
  const total = files.reduce((sum, { results }) => sum + results.length, 0);
  const faults = files.flatMap(({ file, results }) =>
    results
      .filter(({ ok }) => !ok)
      .map(
        ({ name, differences }): Fault => ({
          file,
          line: null,
          severity: 'error',
          message: `${name}: ${differences.join('; ')}`,
          fix: 'Correct the rule, or the golden decision if the new one is meant.',
        }),
      ),
  );
  if (total > 0) return { detail: `${total - faults.length} of ${total} hold`, faults };
  const message = 'there are no golden decisions, so nothing says what the rules are meant to do';
  const fix = 'Write some into workflows/NAME/tests/decisions.yaml (docs/guides/policy.md).';
  return { detail: 'none', faults: [{ file: null, line: null, severity: 'warning', message, fix }] };
}

/** Those of the configuration, and those that `portreeve up` starts and then knows the address of. */
function expectedSystems({ systems, companions }: ProjectConfig): ProjectConfig['systems'] {
  const started = companions.map(({ system }) => [system, { url: 'http://127.0.0.1/', private: true }] as const);
  return { ...Object.fromEntries(started), ...systems };
}

function contentOf({ workflows }: Project): string {
  const sum = (of: (workflow: Project['workflows'][number]) => number) =>
    workflows.reduce((total, workflow) => total + of(workflow), 0);
  return [
    counted(workflows.length, 'workflow'),
    counted(
      sum(({ definition }) => definition.tools.length),
      'tool',
    ),
    counted(
      sum(({ definition }) => definition.sources.length),
      'source',
    ),
    counted(
      sum(({ promptsByName }) => promptsByName.size),
      'prompt',
    ),
  ].join(', ');
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
