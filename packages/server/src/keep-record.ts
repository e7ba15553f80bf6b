import { join } from 'node:path';
import { isPortreeveError, PortreeveError } from '@portreeve/contract';
import { checkLogs } from './config/audit-logs.ts';
import type { Project } from './config/project.ts';
import { assertNotBehind } from './not-behind.ts';
import type { House } from './open-house.ts';
import { presentLogs } from './store/present-logs.ts';
import { acceptedRollbacks } from './store/restores.ts';
import type { GateKept } from './wire-gate.ts';
import type { Shared } from './wire-shared.ts';

/** The record for the process that leads it: `open` before anything is recorded, `signFirst` before anybody is answered. */
export async function keepRecord(
  { database, state, config, project }: Pick<House, 'database' | 'state' | 'config' | 'project'>,
  { audit }: Pick<Shared, 'audit'>,
  { publisher }: Pick<GateKept, 'publisher'>,
): Promise<{ signFirst(): Promise<void> }> {
  await checkLogs(config, namesOf(project), presentLogs(database));
  const accepted = await acceptedRollbacks(database);
  // Before the first record: what lies outside a partition of its log keeps the log from ever having any.
  await audit.prepare();
  // Before anything is recorded on a database that may be an older one than the world has seen.
  await assertNotBehind(publisher, state.path, accepted);
  return {
    async signFirst() {
      // Another key than the one that signed this log before would fork it: found now, and not at the first receipt.
      await audit.checkpoint().catch((error: unknown) => {
        if (!isPortreeveError(error, 'log_broken')) throw error;
        throw new PortreeveError('log_broken', error.detail, {
          next: `Either the log was changed, or the keys in ${join(state.path, 'keys')} are not those that signed it: use the state folder that belongs to this database.`,
          cause: error,
        });
      });
      // A database without any checkpoint had nothing to show before.
      await assertNotBehind(publisher, state.path, accepted);
    },
  };
}

/** What a log can be for: to policy and on record, a set of tools for agents outside is what a workflow is. */
function namesOf({ workflows, config: { mcp } }: Project): string[] {
  const own = workflows.map(({ definition }) => definition.contract.name);
  return [...own, ...[...mcp.toolsets, ...mcp.upstreams].map(({ name }) => name)];
}
