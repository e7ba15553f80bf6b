import { rm } from 'node:fs/promises';
import { isPortreeveError } from '@portreeve/contract';
import { loadProject } from '../config/project.ts';
import { temporaryProject } from './temporary-project.ts';

/** Why a project of these files is not loaded; null: it is. Throws what is no refusal. */
export async function projectRefusal(files: Readonly<Record<string, string>>): Promise<string | null> {
  const folder = await temporaryProject(files);
  try {
    await loadProject(folder);
    return null;
  } catch (error) {
    if (isPortreeveError(error, 'misconfigured')) return error.detail;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
