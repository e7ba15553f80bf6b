import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@portreeve/contract';
import { loadPolicies } from '../config/policies.ts';
import { loadProject } from '../config/project.ts';
import { type GoldenFile, goldenDecisions } from './golden-decisions.ts';
import { lintProject, loosening } from './lint-project.ts';
import { MATRIX_FILE, matrixFault, projectMatrix } from './project-matrix.ts';
import type { Fault } from './report.ts';

/** What is wrong, or looks wrong, in the policies of a project's folder; what loosens its tiers once nothing is wrong. */
export async function lintFolder(folder: string): Promise<Fault[]> {
  const project = await loadProject(folder);
  const faults = lintProject(project);
  return faults.some(({ severity }) => severity === 'error') ? faults : [...faults, ...loosening(project)];
}

export async function testFolder(folder: string): Promise<GoldenFile[]> {
  const project = await loadProject(folder);
  return goldenDecisions(project, loadPolicies(project, systemClock));
}

export interface FolderMatrix {
  readonly text: string;
  readonly file: string;
  /** What is wrong with the file that is kept; `null`: it is current. */
  readonly fault: Fault | null;
}

/** The matrix of a project's folder; `write` puts it into the file. */
export async function matrixOfFolder(folder: string, { write }: { write: boolean }): Promise<FolderMatrix> {
  const project = await loadProject(folder);
  const text = projectMatrix(project, loadPolicies(project, systemClock));
  if (write) await writeFile(join(project.folder, MATRIX_FILE), text);
  return { text, file: MATRIX_FILE, fault: await matrixFault(project, text) };
}
