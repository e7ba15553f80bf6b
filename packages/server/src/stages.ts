import type { KeyWrapper, Principal, ProjectConfig } from '@portreeve/contract';
import { type Task, taskSubmitter } from '@portreeve/run';
import type { Keys } from './config/keys.ts';
import type { Models } from './config/model.ts';
import { type CallFollowers, callFollowers } from './mcp/follow-calls.ts';
import type { Rehearsal } from './redteam/rehearsal.ts';
import { createTracing, type Tracing } from './telemetry/tracing.ts';
import { type GateFaces, wireGate } from './wire-gate.ts';
import { sealingOf } from './wire-keys.ts';
import { wireMcp } from './wire-mcp.ts';
import { type Shared, type SharedOptions, wireShared } from './wire-shared.ts';

export interface StagesOptions extends Omit<SharedOptions, 'record' | 'sealing' | 'tracing' | 'instance'> {
  /** Null: runs are carried out in other processes. */
  readonly models: Models | null;
  readonly systems: ProjectConfig['systems'];
  readonly keys: Keys;
  /** Wraps the keys of data subjects by the root key. */
  readonly wrapper: KeyWrapper;
  /** What stands in for sources and tools, where nothing outside may be touched. */
  readonly rehearsal?: Rehearsal | undefined;
  /** The name of this process, as leases and executions know it. */
  readonly executor: string;
  readonly debugpoint: (name: string) => void;
  /** Left out: there are no spans. */
  readonly tracing?: Tracing;
}

/** Joins every stage to its store and to what it needs from outside. Opens nothing by itself but the egress guard. */
export async function wireStages(options: StagesOptions) {
  const { keys, tracing = createTracing({ sink: null, clock: options.clock }) } = options;
  const shared = await wireShared({
    ...{ ...options, tracing, record: { keys }, sealing: sealingOf(options) },
    instance: options.executor,
  });
  const kept = await wireGate(shared, { ...options, rehearsal: options.rehearsal });
  const letIn = wireLetIn(shared, kept.faces, { executor: keys.executor, followers: kept.followers });
  return { ...shared, ...kept, ...letIn };
}

/** What lets tasks and agents in, on a gate in this process or in another one. */
export function wireLetIn(
  shared: Shared,
  { outside }: Pick<GateFaces, 'outside'>,
  {
    executor,
    followers = callFollowers(),
  }: { readonly executor: Keys['executor']; readonly followers?: CallFollowers },
) {
  const { stage, database, project, config, systems, secrets, queue, log, policy, keys } = shared;
  const { environment, egress, workflows, planting, approvals, runs, changes } = shared;
  const submit = taskSubmitter({
    ...stage,
    store: runs,
    workflows,
    releases: workflows,
    policy,
    environment,
    queue,
    noShadow: (of, error) => log('error', `the run ${of} has no shadow`, error),
  });
  const agents = wireMcp({
    ...{ ...stage, database, config, systems, secrets, egress, outside, approvals, followers, log, changes },
    ...{ toolsets: project.toolsets, folder: project.folder, key: keys.redaction, executes: executor !== null },
  });
  return {
    agents,
    plantDue: () => planting.plantDue(submit),
    submit: (task: Task, who: Principal) => submit(task, who, (tx) => planting.admitted(tx, task.workflow)),
  };
}
