import { isPortreeveError, type ModelEndpoint, systemClock } from '@portreeve/contract';
import { modelKeysOf } from '../config/model.ts';
import type { Project } from '../config/project.ts';
import { openSecrets } from '../config/secrets.ts';
import { type Finding, fault, orWell } from './finding.ts';

/** Whether each secret that the configuration and the contracts name is in the store. Its value is shown nowhere. */
export async function ofSecrets(
  { config, folder, workflows }: Project,
  stateFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Finding[]> {
  const credentials = workflows.flatMap(({ definition: { tools, sources } }) =>
    [...tools, ...sources].flatMap(({ binding }) =>
      'credential' in binding && typeof binding.credential === 'string' ? [binding.credential] : [],
    ),
  );
  const dynamic = config.secrets.store === 'vault' ? Object.keys(config.secrets.dynamic) : [];
  const named = [...new Set(credentials)].filter((name) => !dynamic.includes(name)).sort();
  const keys = config.environment === 'production' ? {} : modelKeysOf(env);
  const models = [...new Set(config.models.flatMap(secretOf))].filter((name) => !keys[name as keyof typeof keys]);
  const secrets = openSecrets({ config, projectFolder: folder, stateFolder, clock: systemClock });
  try {
    const faults: Finding[] = [];
    for (const name of named) faults.push(...(await ofSecret(name, secrets)));
    const ofModels: Finding[] = [];
    for (const name of models) ofModels.push(...(await ofSecret(name, secrets)));
    // Without any key of a model the simulated one stands in, outside production; with some of them nothing starts.
    const simulated = config.environment !== 'production' && ofModels.length === config.models.flatMap(secretOf).length;
    const simulatedNote = simulated && ofModels.length > 0 ? '; no model has a key, so a simulated one answers' : '';
    return orWell('secrets', simulated ? faults : [...faults, ...ofModels], `none is missing${simulatedNote}`);
  } finally {
    await secrets.close();
  }
}

const secretOf = (endpoint: ModelEndpoint): string[] =>
  'secret' in endpoint && endpoint.secret !== undefined ? [endpoint.secret] : [];

async function ofSecret(name: string, secrets: Pick<ReturnType<typeof openSecrets>, 'read'>): Promise<Finding[]> {
  try {
    if ((await secrets.read(name)) !== null) return [];
    return [fault('secrets', `There is no secret ${name}.`, `portreeve secrets set ${name}`)];
  } catch (error) {
    if (!isPortreeveError(error)) throw error;
    return [fault('secrets', `${name}: ${error.detail}`, error.next)];
  }
}
