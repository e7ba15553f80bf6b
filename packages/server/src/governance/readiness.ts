import type { AuditLogs } from '@portreeve/audit';
import {
  type Clock,
  type Digest,
  type PortreeveError as Failure,
  PortreeveError,
  type Principal,
  type ProjectConfig,
  type ReleaseReport,
} from '@portreeve/contract';
import { type Readiness, type ReadinessInput, readinessOf, UNREVIEWED } from '@portreeve/govern';
import type { PolicyEngine } from '@portreeve/policy';
import type { Project, ProjectWorkflow } from '../config/project.ts';
import { isReleased } from '../releases/load-release.ts';
import { readReports } from './read-reports.ts';
import { readinessInputs } from './readiness-input.ts';

export interface ReadinessWatch {
  /** Looks anew. Throws `not_found`. */
  of(workflow: string): Promise<Readiness>;
  /** The workflows that are not ready for where this server is, with what they lack. */
  unready(): Promise<Readiness[]>;
  /** Throws `not_ready` in production where an item fails that stops runs ({@link UNREVIEWED}); elsewhere it says nothing. */
  assertReady(workflow: string): Promise<void>;
}

export interface ReadinessOptions {
  readonly project: Project;
  readonly systems: ProjectConfig['systems'];
  readonly engine: PolicyEngine;
  /** What each workflow is now: the release in production where one runs, else what the project's files are. */
  readonly workflows: () => readonly ProjectWorkflow[];
  readonly stateFolder: string;
  readonly audit: Pick<AuditLogs, 'search'>;
  readonly identity: { accounts(page: { limit: number; after: Principal['id'] | null }): Promise<Principal[]> };
  readonly clock: Clock;
  /** Reports that stand in the register as evidence of exactly this release. */
  readonly attached: (release: Digest) => Promise<readonly ReleaseReport[]>;
  /** What is in force, touches a workflow and was changed without its owners. */
  readonly unreviewed: (workflow: string) => Promise<NonNullable<ReadinessInput['unreviewed']>>;
  readonly log: (level: 'warn', message: string, error?: unknown) => void;
}

/** A workflow that was ready is looked at again after so long. */
const READY_MS = 10_000;
const PAGE = 200;

/** Whether the workflows of a running server may go live (requirement H5). */
export function watchReadiness(options: ReadinessOptions): ReadinessWatch {
  const { project, systems, stateFolder, clock, log } = options;
  const { environment } = project.config;
  const inputs = inputsOf(project, options.engine);
  const readyUntil = new Map<string, number>();

  async function of(name: string): Promise<Readiness> {
    const workflow = options.workflows().find(({ definition }) => definition.contract.name === name);
    if (!workflow) throw new PortreeveError('not_found', `There is no workflow ${name}.`);
    const { contract } = workflow.definition;
    const skipped = (error: Failure) => log('warn', error.detail);
    const [here, attached, approvers, earlier_releases, unreviewed] = await Promise.all([
      readReports(stateFolder, skipped),
      options.attached(workflow.release as Digest),
      countApprovers(options.identity, contract.approvers),
      earlierReleases(options.audit, name, workflow.release),
      options.unreviewed(name),
    ]);
    const facts = { environment, approvers, earlier_releases, unreviewed, systems, now: clock.now() };
    return readinessOf(inputs(workflow)(workflow, { ...facts, reports: [...here, ...attached] }));
  }

  return {
    of,
    async unready() {
      const all: Readiness[] = [];
      for (const { definition } of options.workflows()) all.push(await of(definition.contract.name));
      return all.filter(({ ready }) => !ready);
    },
    async assertReady(name) {
      const now = clock.now().getTime();
      if (environment !== 'production' || (readyUntil.get(name) ?? 0) > now) return;
      const readiness = await of(name);
      const stops = readiness.items.some(({ id, state }) => state === 'fail' && id !== UNREVIEWED);
      if (stops) throw notReady(readiness);
      readyUntil.set(name, now + READY_MS);
    },
  };
}

type Inputs = ReturnType<typeof readinessInputs>;

/**
 * Who gives what readiness looks at. A release that runs from its bundle is looked at where it was unpacked, by its own
 * rules: those of the project's files say nothing of it.
 */
function inputsOf(project: Project, engine: PolicyEngine): (workflow: ProjectWorkflow) => Inputs {
  const inFolder = readinessInputs(project, engine);
  const released = new WeakMap<ProjectWorkflow, Inputs>();
  return (workflow) => {
    if (!isReleased(workflow)) return inFolder;
    const known = released.get(workflow) ?? readinessInputs(workflow.alone, workflow.policy);
    released.set(workflow, known);
    return known;
  };
}

/** What is missing, each with what to write where. */
export function notReady({ workflow, environment, items }: Readiness): PortreeveError {
  const missing = items.flatMap((item) => (item.state === 'fail' ? [item] : []));
  return new PortreeveError(
    'not_ready',
    `${workflow} is not ready for ${environment}: ${missing.map(({ title }) => title.toLowerCase()).join(', ')}.`,
    {
      next: `Mend what \`errors\` names; \`portreeve check\` shows all of it.`,
      errors: missing.map(({ id, reason, fix }) => ({
        path: id,
        message: `${reason}. ${fix.file === null ? '' : `In ${fix.file}: `}${fix.write}`,
      })),
    },
  );
}

/** How many people may approve for each of these groups. */
async function countApprovers(
  identity: ReadinessOptions['identity'],
  groups: readonly string[],
): Promise<Record<string, number>> {
  const counts = Object.fromEntries(groups.map((group) => [group, 0]));
  let after: Principal['id'] | null = null;
  for (;;) {
    const page: Principal[] = await identity.accounts({ limit: PAGE, after });
    for (const { kind, roles, groups: of } of page)
      if (kind === 'person' && roles.includes('approver'))
        for (const group of of) if (Object.hasOwn(counts, group)) counts[group]! += 1;
    if (page.length < PAGE) return counts;
    after = page.at(-1)!.id;
  }
}

/** Other releases of a workflow that the record has seen loaded, as far as a page of it tells. */
async function earlierReleases(audit: ReadinessOptions['audit'], workflow: string, release: string): Promise<number> {
  const { records } = await audit.search({ type: 'release.loaded', workflow, limit: PAGE });
  const others = new Set(records.map(({ entry }) => entry.refs.release).filter((each) => each !== release));
  others.delete(undefined);
  return others.size;
}
