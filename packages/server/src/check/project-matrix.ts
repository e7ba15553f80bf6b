import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { matrix, type PolicyEngine } from '@portreeve/policy';
import { type ProjectPolicies, projectPolicies } from '../config/policies.ts';
import type { Project } from '../config/project.ts';
import type { Fault } from './report.ts';

/** The reviewed matrix of a project, kept beside its configuration. */
export const MATRIX_FILE = 'policy-matrix.txt';

/** What policy says of each tool of a project, by role, environment and tier. */
export function projectMatrix(
  project: Project,
  engine: PolicyEngine,
  { declared }: ProjectPolicies = projectPolicies(project),
): string {
  return matrix(engine, declared);
}

/** What is wrong with the reviewed file; `null`: it is current. */
export async function matrixFault(project: Project, text: string): Promise<Fault | null> {
  const kept = await readFile(join(project.folder, MATRIX_FILE), 'utf8').catch(() => null);
  if (kept === text) return null;
  const fix = 'Run `portreeve policy matrix --write`, review what changed in it, and commit it.';
  const fault = { file: MATRIX_FILE, severity: 'error', fix } as const;
  if (kept === null) return { ...fault, line: null, message: 'there is no reviewed matrix' };
  const [was, is] = [kept.split('\n'), text.split('\n')];
  const at = is.findIndex((line, index) => line !== was[index]);
  const line = at < 0 ? is.length : at;
  return { ...fault, line: line + 1, message: `policy now says: ${(is[line] ?? 'nothing more').trim()}` };
}
