import {
  type Digest,
  isPortreeveError,
  type PolicyDecider,
  PortreeveError,
  type Principal,
  type Tx,
} from '@portreeve/contract';
import type { PilotStore, ReleaseStore } from '@portreeve/govern';
import type { LoadedWorkflow, RunReleases, Workflows } from '@portreeve/run';
import type { ProjectWorkflow } from '../config/project.ts';
import { standingPilots } from './standing-pilots.ts';

export interface RunningReleases extends Workflows, RunReleases {
  /** The rules of a release where they are not those of the server. */
  policyOf(release: string): Promise<PolicyDecider | null>;
  /** What each workflow of the project is for who looks: what is in production, else what the project's files are. */
  list(): readonly ProjectWorkflow[];
}

const UNREGISTERED_MAX = 1000;

/**
 * Which releases run in this process. New runs take what is in production, as the database has it when they begin; runs that
 * are under way keep theirs, which is loaded from its bundle when it is asked for. Several are loaded beside each other.
 */
export function runningReleases(deps: {
  readonly active: 'folder' | 'promoted';
  /** What the project's files are. */
  readonly folder: readonly ProjectWorkflow[];
  readonly store: Pick<ReleaseStore, 'standing' | 'stateIn' | 'bundle'>;
  readonly pilots: Pick<PilotStore, 'open' | 'lock' | 'count'>;
  readonly load: (bundle: string, release: Digest) => Promise<ProjectWorkflow>;
  /** Told of releases that are found to be barred, once each: what waits in their runs is to be woken. */
  readonly onBarred: (release: Digest) => Promise<void>;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}): RunningReleases {
  const { active, folder, store, log } = deps;
  const loadedByRelease = new Map<string, ProjectWorkflow>(folder.map((each) => [each.release, each]));
  const loading = new Map<string, Promise<ProjectWorkflow | null>>();
  /** Releases without a bundle, such as those of a folder and of upstreams: their rules are not looked for at each call. */
  const unregistered = new Set<string>();
  let standing: Awaited<ReturnType<ReleaseStore['standing']>> = { production: new Map(), barred: new Set() };
  const pilots = standingPilots(deps.pilots);
  /** Releases in a pilot that could not be loaded since the last look. */
  const unloadable = new Set<string>();
  const told = new Set<string>();
  const nameOf = ({ definition }: LoadedWorkflow) => definition.contract.name;
  const inFolder = (name: string) => folder.find((each) => nameOf(each) === name) ?? null;

  async function refresh(): Promise<void> {
    standing = await store.standing();
    for (const release of standing.barred) if (!told.has(release)) await tell(release as Digest);
    if (active === 'folder') return;
    const tried = await pilots.refresh();
    unloadable.clear();
    for (const release of [...standing.production.values(), ...tried]) await ready(release);
  }

  /** Before the engine has started nobody can be woken: then it is tried again at the next look. */
  async function tell(release: Digest): Promise<void> {
    try {
      await deps.onBarred(release);
      told.add(release);
    } catch (error) {
      if (!isPortreeveError(error, 'unavailable')) log('error', `runs of ${release} could not be woken`, error);
    }
  }

  /** Null where it cannot be had: the cause is in the server's log. Rejects where the database does not answer. */
  async function ready(release: string): Promise<ProjectWorkflow | null> {
    const known = loadedByRelease.get(release);
    if (known) return known;
    let under_way = loading.get(release);
    if (!under_way) {
      under_way = fetched(release as Digest).finally(() => loading.delete(release));
      loading.set(release, under_way);
    }
    return under_way;
  }

  async function fetched(release: Digest): Promise<ProjectWorkflow | null> {
    const bundle = await store.bundle(release);
    if (bundle === null) {
      if (unregistered.size >= UNREGISTERED_MAX) unregistered.clear();
      unregistered.add(release);
      return null;
    }
    unregistered.delete(release);
    try {
      const loaded = await deps.load(bundle, release);
      loadedByRelease.set(release, loaded);
      return loaded;
    } catch (error) {
      log('error', `the release ${release} cannot be loaded`, error);
      if (isPortreeveError(error)) return null;
      throw error;
    }
  }

  /** What is tried and cannot be had here leaves everything to what is not; it is not tried again at each request. */
  async function inPilot(release: Digest | null): Promise<ProjectWorkflow | null> {
    if (release === null || unloadable.has(release)) return null;
    const loaded = await ready(release);
    if (!loaded) unloadable.add(release);
    return loaded;
  }

  const productionOf = (name: string) => standing.production.get(name);

  async function choose(name: string, asker: Principal): Promise<LoadedWorkflow> {
    const own = inFolder(name);
    if (!own) throw new PortreeveError('unknown_workflow', `There is no workflow ${JSON.stringify(name)}.`);
    if (active === 'folder') {
      if (!standing.barred.has(own.release)) return own;
      throw new PortreeveError('no_release', `The release ${own.release} of ${name} is barred.`, {
        next: 'Start the server with the files of another release.',
      });
    }
    const tried = await inPilot(pilots.serving(name, asker));
    if (tried) return tried;
    if (productionOf(name) === undefined) await refresh();
    const release = productionOf(name);
    if (release === undefined) throw new PortreeveError('no_release', `No release of ${name} is in production.`);
    const loaded = await ready(release);
    if (loaded) return loaded;
    throw new PortreeveError('no_release', `The release ${release} of ${name} cannot be loaded here.`, {
      next: 'The server’s log says why. Until then go back: `portreeve release rollback`.',
    });
  }

  return {
    current(name) {
      const release = active === 'promoted' ? productionOf(name) : undefined;
      return (release === undefined ? undefined : loadedByRelease.get(release)) ?? inFolder(name);
    },
    pinned(name, release) {
      const loaded = loadedByRelease.get(release);
      return loaded && nameOf(loaded) === name ? loaded : null;
    },
    choose,
    async beside(run) {
      return active === 'folder' ? null : inPilot(pilots.shadowing(run));
    },
    async mayStart(tx: Tx, { release }, run) {
      const state = await store.stateIn(tx, release as Digest);
      if (active === 'folder') return state !== 'barred';
      if (state === 'pilot') return pilots.mayStart(tx, release as Digest, run);
      return state === 'production' && !run.shadow_of;
    },
    began: async (tx, run) => (active === 'folder' ? [] : pilots.began(tx, run)),
    async load(name, release) {
      const loaded = await ready(release);
      return loaded && nameOf(loaded) === name ? loaded : null;
    },
    isBarred: (release) => standing.barred.has(release),
    // What cannot be loaded any more is judged by the rules in force, as what runs from a folder is.
    policyOf: async (release) => (unregistered.has(release) ? null : ((await ready(release))?.policy ?? null)),
    list: () =>
      folder.map((own) => {
        const release = active === 'promoted' ? productionOf(nameOf(own)) : undefined;
        return (release === undefined ? undefined : loadedByRelease.get(release)) ?? own;
      }),
    refresh,
  };
}
