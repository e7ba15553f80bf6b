import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Digest, fixedClock, PortreeveError, type ReleaseReport } from '@portreeve/contract';
import { shownPath } from '../check/faults.ts';
import { goldenDecisions } from '../check/golden-decisions.ts';
import { engineFor, projectPolicies } from '../config/policies.ts';
import { loadProject, type Project, type ProjectWorkflow } from '../config/project.ts';
import { VERSION } from '../version.ts';
import { readCaseFile } from './case-file.ts';
import { runCase } from './run-case.ts';
import { runCodeTests } from './run-code-tests.ts';

export interface TestOptions {
  /** The workflow; left out: all of the project. */
  readonly workflow?: string | undefined;
  /** Leaves out `*.test.ts`, which run in processes of their own. */
  readonly declaredOnly?: boolean;
  /** What the report says of when it was. */
  readonly now?: () => Date;
}

/** What came of the tests of one workflow: a report on its release, as it is now. */
export interface TestedWorkflow {
  readonly report: ReleaseReport;
  /** What the tests took, without the loading of the project and of its policies. */
  readonly took_ms: number;
}

/**
 * Runs the tests of a project's workflows: declared cases (`tests/*.test.yaml`), golden decisions, and `tests/*.test.ts`.
 * Throws where the project does not load or a file of cases is none.
 */
export async function runWorkflowTests(folder: string, options: TestOptions = {}): Promise<TestedWorkflow[]> {
  const project = await loadProject(resolve(folder));
  const chosen = project.workflows.filter(
    ({ definition }) => options.workflow === undefined || definition.contract.name === options.workflow,
  );
  if (chosen.length === 0)
    throw new PortreeveError('unknown_workflow', `There is no workflow ${options.workflow} here.`, {
      next: `Name one of: ${project.workflows.map(({ definition }) => definition.contract.name).join(', ')}.`,
    });
  const tested: TestedWorkflow[] = [];
  for (const workflow of chosen) tested.push(await testOne(project, workflow, options));
  return tested;
}

async function testOne(project: Project, workflow: ProjectWorkflow, options: TestOptions): Promise<TestedWorkflow> {
  const now = options.now ?? (() => new Date());
  // One engine, made once: its clock stands where each case says.
  const policies = projectPolicies(project);
  const clock = fixedClock(now());
  const engine = engineFor(policies, clock);
  const started = now();
  const cases: ReleaseReport['cases'] = [];
  const add = (file: string, name: string, ok: boolean, differences: readonly string[]) =>
    cases.push({
      ...{ name: name.slice(0, 300), group: shownPath(project.folder, file).slice(0, 300), ok },
      detail: differences.length === 0 ? null : differences.join('; ').slice(0, 2000),
    });
  const counts = { declared: 0, golden: 0, code: 0 };

  const tests = join(workflow.folder, 'tests');
  const files = await filesOf(tests);
  for (const file of files.filter((each) => /\.test\.ya?ml$/.test(each)))
    for (const test of await readCaseFile(file)) {
      clock.set(test.now);
      const { name, ok, differences } = await runCase(engine, workflow, test, file);
      add(file, name, ok, differences);
      counts.declared++;
    }
  const own = shownPath(project.folder, workflow.folder);
  for (const { file, results } of goldenDecisions(project, engine, policies))
    if (file.startsWith(`${own}/`) || file.startsWith('policies/'))
      for (const { name, ok, differences } of results) {
        add(join(project.folder, file), name, ok, differences);
        counts.golden++;
      }
  if (!options.declaredOnly) {
    const code = files.filter((each) => each.endsWith('.test.ts'));
    for (const { file, name, ok, differences } of await runCodeTests(project.folder, code)) {
      add(file, name, ok, differences);
      counts.code++;
    }
  }
  const ended = now();
  const failed = cases.filter(({ ok }) => !ok).length;
  return {
    took_ms: ended.getTime() - started.getTime(),
    report: {
      ...{ kind: 'tests', workflow: workflow.definition.contract.name, release: workflow.release as Digest },
      ...{ portreeve: VERSION, started: started.toISOString(), ended: ended.toISOString() },
      // No test at all shows nothing.
      ok: failed === 0 && cases.length > 0,
      figures: { cases: cases.length, failed, ...counts },
      cases,
    },
  };
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.sort().map((name) => join(folder, name));
}
