import { join } from 'node:path';
import type { AuditLogs } from '@portreeve/audit';
import {
  type AuditWriter,
  activeReleases,
  type Clock,
  type Digest,
  type ProjectConfig,
  type Proposal,
  type ProposalId,
  type UnitOfWork,
} from '@portreeve/contract';
import type { Gate } from '@portreeve/gate';
import { type ChangeStore, createReleases, type SurfaceStore } from '@portreeve/govern';
import type { RunQueue } from '@portreeve/run';
import { createChangeDesk } from '../changes/desk.ts';
import { publicKeysByName } from '../config/keys.ts';
import type { Project } from '../config/project.ts';
import type { Database } from '../store/database.ts';
import { pilotStore } from '../store/pilots.ts';
import { releaseRequests } from '../store/release-requests.ts';
import { releaseStore } from '../store/releases.ts';
import { comparisons } from './compare-apart.ts';
import { createDesk } from './desk.ts';
import { houseTools } from './house.ts';
import { loadRelease } from './load-release.ts';
import { watchPilots } from './pilots.ts';
import { runningReleases } from './running.ts';
import { wakeRuns } from './wake-runs.ts';

type Deciding = Pick<Gate, 'submit' | 'resume' | 'get'>;

/** The register of releases, which of them run here, and how they move. */
export function wireReleases(options: {
  readonly database: Database;
  readonly audit: AuditWriter;
  readonly logs: Pick<AuditLogs, 'ofWorkflow'>;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly project: Project;
  readonly systems: ProjectConfig['systems'];
  readonly stateFolder: string;
  readonly queue: RunQueue;
  readonly proposals: { proposal(id: ProposalId): Promise<Proposal | null> };
  readonly changes: ChangeStore;
  readonly surface: SurfaceStore;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}) {
  const { database, audit, uow, clock, project, systems, queue, proposals, changes, surface, log } = options;
  const { config, workflows } = project;
  const store = releaseStore(database);
  const pilots = pilotStore(database);
  const active = activeReleases(config);
  const keys = publicKeysByName(config.releases.keys);
  const { evidence_hours_max } = config.releases;
  const moving = { store, pilots, changes, audit, uow, clock, evidence_hours_max };
  const releases = createReleases({
    ...{ ...moving, keys },
    workflows: workflows.map(({ definition }) => definition.contract.name),
  });
  const root = join(options.stateFolder, 'releases');
  const running = runningReleases({
    ...{ active, folder: workflows, store, pilots, log },
    load: (bundle, release) =>
      loadRelease(bundle, release, {
        ...{ project, keys, root, systems, clock },
        onDisagreement: (report) => log('error', 'the compiled policy and the official engine disagree', report),
      }),
    onBarred: wakeRuns({ database, uow, queue }),
  });

  const watched = watchPilots({ pilots, releases, audit: options.logs, clock });
  const declared = (name: string) =>
    workflows.find(({ definition }) => definition.contract.name === name)?.definition.contract ?? null;

  const compared = comparisons(store.bundle);
  const folder = new Map(workflows.map(({ definition, release }) => [definition.contract.name, release as Digest]));
  const inForce = async () => (active === 'promoted' ? (await store.standing()).production : folder);
  return {
    ...{ releases, running, active, compared, pilots: watched, tried: pilots.tried },
    house: houseTools({ ...moving, surface, proposals }),
    contracts: () => running.list().map(({ definition }) => definition.contract),
    /** What the server was started with is in the register too. */
    async registerLoaded(): Promise<void> {
      for (const { manifest, release } of workflows) await releases.register(manifest, release);
    },
    deskOn: (gate: Deciding) =>
      createDesk({
        ...{ releases, pilots: watched, gate, active, clock, log, declared, comparisons: compared },
        ...{ changes, audit, uow },
        requests: releaseRequests(database),
      }),
    changesOn: (gate: Deciding) => createChangeDesk({ ...moving, gate, inForce, log }),
  };
}
