import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  fieldErrors,
  isPortreeveError,
  PortreeveError,
  type ProjectConfig,
  projectConfigSchema,
} from '@portreeve/contract';
import { moduleFile } from './module-file.ts';

/** Loads the `portreeve.config.ts` of a folder. Throws `misconfigured` with file and field. */
export async function loadConfig(folder: string): Promise<{ readonly folder: string; readonly config: ProjectConfig }> {
  const root = resolve(folder);
  const file = moduleFile(root, 'portreeve.config');
  if (!(await stat(file).catch(() => null))) {
    throw new PortreeveError('misconfigured', `There is no portreeve.config.ts in ${root}.`, {
      next: 'Name the project’s folder with --project, or try the example with --demo.',
    });
  }
  const parsed = projectConfigSchema.safeParse(await importDefault(file));
  if (!parsed.success) {
    throw new PortreeveError('misconfigured', `${file} is not a configuration.`, { errors: fieldErrors(parsed.error) });
  }
  return { folder: root, config: parsed.data };
}

/** What a file of the project exports by default. */
export async function importDefault(file: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    if (isPortreeveError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PortreeveError('misconfigured', `${file} could not be loaded: ${reason}`, { cause: error });
  }
}
