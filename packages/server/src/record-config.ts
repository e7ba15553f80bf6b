import type { AuditLogs } from '@portreeve/audit';
import { draft, type ProjectConfig, SYSTEM_ACTOR } from '@portreeve/contract';
import {
  changesOf,
  configInForce,
  digestOfPlain,
  type InForce,
  partsOf,
  runBy,
  toolsInForce,
} from './config/in-force.ts';
import type { ProjectWorkflow } from './config/project.ts';

/** The parts of what a server runs by: its configuration, tools, sources, workflows, policy, and the database under it. */
export function serverInForce(started: {
  readonly config: ProjectConfig;
  readonly workflows: readonly ProjectWorkflow[];
  readonly policy_version: string;
  /** The newest migration, and whether the database tells the roles apart. */
  readonly database: { readonly schema: string; readonly roles: boolean };
}): InForce {
  const { config, workflows, policy_version, database } = started;
  const definitions = workflows.map(({ definition }) => definition);
  const releases = workflows.map(({ definition, release }) => ({ name: definition.contract.name, release }));
  return {
    ...configInForce(config),
    ...partsOf('workflow', releases),
    ...toolsInForce(definitions.flatMap(({ tools }) => tools)),
    ...partsOf(
      'source',
      definitions.flatMap(({ sources }) => sources),
    ),
    policy: digestOfPlain(policy_version),
    'database.schema': digestOfPlain(database.schema),
    'database.roles': digestOfPlain(database.roles),
  };
}

/**
 * Puts on record what differs from what was in force the last time, and who runs it: configuration is read at the start
 * alone. Where nothing differs nothing is written.
 */
export async function recordConfig(audit: AuditLogs, now: InForce): Promise<void> {
  const last = await audit.search({ type: 'config.changed', order: 'newest', limit: 1 });
  const before = last.records[0]?.payload?.data.in_force ?? {};
  const changes = changesOf(before as Record<string, string>, now);
  if (changes.length === 0) return;
  const data = { by: runBy(), changes, in_force: now };
  await audit.record([draft({ type: 'config.changed', actor: SYSTEM_ACTOR, outcome: 'in_force', data })]);
}
