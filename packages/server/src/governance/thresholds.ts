import type { AuditLogs } from '@portreeve/audit';
import { type AuditWriter, type Clock, draft, PortreeveError, SYSTEM_ACTOR } from '@portreeve/contract';
import type { EnvironmentService } from '@portreeve/gate';
import type { LiveFigure, PilotStore } from '@portreeve/govern';
import type { LoadedWorkflow } from '@portreeve/run';
import { figuresSince, saidOfMissed } from './live-figures.ts';

export interface LiveThresholds {
  readonly workflow: string;
  readonly release: string;
  /** From when on records are judged: when this release came, or a person let the workflow run again. */
  readonly since: string;
  readonly figures: readonly LiveFigure[];
}

export interface ThresholdWatch {
  /** Reads the log anew. Throws `not_found`. */
  of(workflow: string): Promise<LiveThresholds>;
  /** Looks at every workflow, and suspends one that does not meet its thresholds. */
  look(): Promise<void>;
}

/**
 * Stop conditions (requirement H4): a workflow that does not meet its thresholds while it runs is frozen, and whoever hears of
 * freezes is told. Only a person lifts that; what was judged before is not judged again then.
 */
export function watchThresholds(deps: {
  readonly audit: Pick<AuditLogs, 'ofWorkflow'> & AuditWriter;
  /** As they are now. */
  readonly workflows: () => readonly LoadedWorkflow[];
  readonly environment: Pick<EnvironmentService, 'suspend' | 'history' | 'current'>;
  readonly pilots: Pick<PilotStore, 'tried'>;
  readonly clock: Clock;
}): ThresholdWatch {
  const { audit, environment, clock } = deps;

  async function of(workflow: string): Promise<LiveThresholds> {
    const loaded = deps.workflows().find(({ definition }) => definition.contract.name === workflow);
    if (!loaded) throw new PortreeveError('not_found', `There is no workflow ${workflow}.`);
    const { contract } = loaded.definition;
    const since = await judgedSince(workflow, loaded.release);
    // What is tried beside it is judged by itself: it ends its pilot, and freezes nothing.
    const tried = new Set<string>(await deps.pilots.tried(workflow));
    const counts = (release: string) => release === loaded.release || !tried.has(release);
    return {
      workflow,
      release: loaded.release,
      ...(await figuresSince(audit, contract, { since, now: clock.now(), counts })),
    };
  }

  /** The later of: this release came into production or was loaded; a freeze of the workflow was lifted. */
  async function judgedSince(workflow: string, release: string): Promise<string> {
    const { log } = audit.ofWorkflow(workflow);
    const asked = { workflow, release: release as `sha256:${string}`, order: 'newest' as const, limit: 1 };
    const [moved, loaded] = await Promise.all([
      log.search({ ...asked, type: 'release.moved', outcome: 'production' }),
      log.search({ ...asked, type: 'release.loaded' }),
    ]);
    const subject = `freeze:workflow:${workflow}`;
    const lifted = (await environment.history(HISTORY_MAX)).find(
      (change) => change.subject === subject && change.state === 'lifted',
    );
    const times = [moved.records[0]?.entry.time, loaded.records[0]?.entry.time, lifted?.at];
    return (
      times
        .filter((time) => time !== undefined)
        .toSorted()
        .at(-1) ?? BEGINNING
    );
  }

  return {
    of,
    async look() {
      for (const { definition } of deps.workflows()) {
        const { name } = definition.contract;
        if (environment.current().some(({ subject }) => subject === `freeze:workflow:${name}`)) continue;
        const { release, since, figures } = await of(name);
        const missed = figures.filter((figure) => figure.missed);
        if (missed.length === 0) continue;
        await environment.suspend(`workflow:${name}`, reasonOf(name, missed.map(saidOfMissed)));
        await audit.record(
          missed.map(({ threshold, value, bound, counted }) =>
            draft({
              type: 'workflow.suspended',
              actor: SYSTEM_ACTOR,
              outcome: threshold,
              refs: { workflow: name, release: release as `sha256:${string}` },
              data: { threshold, value: value ?? 0, bound, counted, since },
              key: `suspended:${name}:${since}:${threshold}`,
            }),
          ),
        );
      }
    },
  };
}

const HISTORY_MAX = 500;
const BEGINNING = '2000-01-01T00:00:00.000Z';

function reasonOf(workflow: string, missed: readonly string[]): string {
  return (
    `Suspended by its own thresholds. ${missed.join('; ')}. Look at the record, then either go back ` +
    `(portreeve release rollback ${workflow}), or let it run again (portreeve thaw workflow:${workflow}).`
  );
}
