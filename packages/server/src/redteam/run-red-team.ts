import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PortreeveError, systemClock } from '@portreeve/contract';
import {
  importList,
  type Pack,
  packsIn,
  type RedTeamOptions,
  type RedTeamReport,
  redTeam,
  shippedPacks,
} from '@portreeve/govern';
import { loadProject, type Project, type ProjectWorkflow } from '../config/project.ts';
import { openSecrets } from '../config/secrets.ts';
import { throwaway } from '../throwaway.ts';
import { VERSION } from '../version.ts';
import { openHouse } from './house.ts';

export const RED_TEAM_MODELS = ['worst-case', 'configured'] as const;

export interface RunRedTeamOptions extends Pick<RedTeamOptions, 'seed' | 'budget'> {
  /** Folder with `portreeve.config.ts`. */
  readonly project: string;
  /** This workflow alone. */
  readonly workflow?: string | undefined;
  /** These packs alone, by name. */
  readonly packs?: readonly string[] | undefined;
  /** Files of promptfoo and garak lists. */
  readonly imports?: readonly string[] | undefined;
  readonly model: (typeof RED_TEAM_MODELS)[number];
  /** Where the keys of the configured models are; for `configured` alone. */
  readonly stateFolder?: string | undefined;
  /** Keys by the name of the secret that each stands in for. */
  readonly modelKeys?: Readonly<Record<string, string | undefined>> | undefined;
  /** Another PostgreSQL than an embedded one: an empty database of its own. */
  readonly databaseUrl?: string | undefined;
  /** Told of each attempt: the workflow, how many are over, and whether something was found. */
  readonly onAttempt?: (workflow: string, number: number, found: string | null) => void;
}

/**
 * Attacks the workflows of a project in a house of their own: one report each. Whatever is made for it is gone afterwards;
 * nothing outside is read or written. Throws `misconfigured` and `bad_input` as the project and the files deserve.
 */
export async function runRedTeam(options: RunRedTeamOptions): Promise<RedTeamReport[]> {
  const project = await loadProject(options.project);
  const workflows = chosen(project, options.workflow);
  const shared = [...(await shippedPacks()), ...(await Promise.all((options.imports ?? []).map(imported)))];
  const own = new Map(
    await Promise.all(
      workflows.map(async (workflow) => [workflow, await packsIn(join(workflow.folder, 'redteam'))] as const),
    ),
  );
  const packsOf = (workflow: ProjectWorkflow) => choosePacks([...shared, ...(own.get(workflow) ?? [])], options.packs);
  for (const workflow of workflows) packsOf(workflow);
  const configured = options.model === 'configured';
  const house = {
    project: options.project,
    groups: groupsOf(workflows),
    credentials: credentialsOf(workflows),
    environment: project.config.environment === 'production' ? ('staging' as const) : project.config.environment,
    models: configured ? project.config.models : null,
    modelKeys: configured ? await keysOf(project, options) : {},
  };
  return throwaway({ name: 'redteam', databaseUrl: options.databaseUrl }, async (given) => {
    const { play, log } = await openHouse(given, house);
    const reports: RedTeamReport[] = [];
    for (const workflow of workflows) {
      const { name } = workflow.definition.contract;
      const report = await redTeam({
        ...{ definition: workflow.definition, release: workflow.release, portreeve: VERSION, model: options.model },
        ...{ packs: packsOf(workflow), own: own.get(workflow) ?? [], seed: options.seed, budget: options.budget },
        ...{ clock: systemClock, log, play: (stage) => play(name, stage) },
        onResult: (result, number) => options.onAttempt?.(name, number, result.judged.harm ?? result.judged.leak),
      });
      reports.push(report);
    }
    return reports;
  });
}

function chosen({ workflows }: Project, name: string | undefined): readonly ProjectWorkflow[] {
  if (name === undefined) return workflows;
  const found = workflows.filter(({ definition }) => definition.contract.name === name);
  if (found.length === 0) throw new PortreeveError('unknown_workflow', `There is no workflow ${JSON.stringify(name)}.`);
  return found;
}

function choosePacks(packs: readonly Pack[], names: readonly string[] | undefined): readonly Pack[] {
  if (names === undefined || names.length === 0) return packs;
  const missing = names.find((name) => !packs.some((pack) => pack.name === name));
  if (missing !== undefined)
    throw new PortreeveError('bad_input', `There is no pack ${JSON.stringify(missing)}.`, {
      next: `There are: ${packs.map(({ name }) => name).join(', ')}.`,
    });
  return packs.filter(({ name }) => names.includes(name));
}

async function imported(path: string): Promise<Pack> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PortreeveError('bad_input', `${path} could not be read.`, { cause });
  });
  return importList(text, basename(path));
}

/** Who approves, and whose work hand-offs are. */
function groupsOf(workflows: readonly ProjectWorkflow[]): string[] {
  const named = workflows.flatMap(({ definition: { contract } }) => [
    ...contract.approvers,
    ...Object.values(contract.procedures).flatMap(({ group }) => group ?? []),
  ]);
  return [...new Set(named)];
}

/** The names of all credentials that tools and sources want. */
function credentialsOf(workflows: readonly ProjectWorkflow[]): string[] {
  const bindings = workflows.flatMap(({ definition: { tools, sources } }) =>
    [...tools, ...sources].map((each) => each.binding),
  );
  return [
    ...new Set(
      bindings.flatMap((binding) =>
        'credential' in binding && typeof binding.credential === 'string' ? [binding.credential] : [],
      ),
    ),
  ];
}

/** The keys of the configured models alone, out of the project's own secret store or the environment. */
async function keysOf({ config, folder }: Project, options: RunRedTeamOptions): Promise<Record<string, string>> {
  const stateFolder = options.stateFolder ?? join(folder, '.portreeve');
  const secrets = openSecrets({ config, projectFolder: folder, stateFolder, clock: systemClock });
  try {
    const keys: Record<string, string> = {};
    for (const endpoint of config.models) {
      const name = 'secret' in endpoint ? endpoint.secret : undefined;
      const key = name === undefined ? null : ((await secrets.read(name)) ?? options.modelKeys?.[name]);
      if (name !== undefined && key) keys[name] = key;
    }
    return keys;
  } finally {
    await secrets.close();
  }
}
