import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { declaredFacts, type GoldenResult, type PolicyEngine, runGoldenTests } from '@portreeve/policy';
import { type ProjectPolicies, projectPolicies } from '../config/policies.ts';
import type { Project } from '../config/project.ts';
import { shownPath } from './faults.ts';

export interface GoldenFile {
  readonly file: string;
  readonly results: readonly GoldenResult[];
}

/**
 * Runs the golden decisions of a project: the YAML and JSON files of each workflow's `tests/` and of `policies/tests/`.
 * Throws `policy_broken`, naming the file, where one is no such file.
 */
export function goldenDecisions(
  project: Project,
  engine: PolicyEngine,
  { declared }: ProjectPolicies = projectPolicies(project),
): GoldenFile[] {
  const places = [
    ...project.workflows.map(({ folder, definition }) => ({
      folder: join(folder, 'tests'),
      workflow: definition.contract.name,
    })),
    { folder: join(project.folder, 'policies', 'tests'), workflow: null },
  ];
  return places.flatMap(({ folder, workflow }) =>
    goldenFilesIn(folder).map((file) => ({
      file: shownPath(project.folder, file),
      results: runGoldenTests(engine, file, declaredFacts(declared, workflow)),
    })),
  );
}

function goldenFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  // `*.test.yaml` are tests of the workflow itself.
  const names = readdirSync(folder).filter((name) => /(?<!\.test)\.(ya?ml|json)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}
