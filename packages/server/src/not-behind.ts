import { isPortreeveError, PortreeveError } from '@portreeve/contract';
import type { LogsPublisher, Seen } from './publish-each.ts';

/**
 * Refuses the start where an anchor or a witness has seen more of the log than the database holds. Throws `log_broken`
 * with what can be done. What was accepted when a backup was put
 * back is passed over. Those that do not answer do not hold it up; `doctor` shows them.
 */
export async function assertNotBehind(
  publisher: LogsPublisher,
  stateFolder: string,
  accepted: readonly Seen[],
): Promise<void> {
  await publisher.assertNotBehind(accepted).catch((error: unknown) => {
    if (!isPortreeveError(error, 'log_broken')) throw error;
    throw new PortreeveError('log_broken', error.detail, {
      next:
        `The database was put back to an older state, rewritten, or is not the one that belongs to ${stateFolder}. ` +
        'Restore the newest backup (`portreeve restore`; with --accept-rollback where it is older than what was seen). If the records are lost for good, keep the database and the anchors as evidence and ' +
        'begin another log: set a new `log_origin` in portreeve.config.ts, on an empty database.',
      cause: error,
    });
  });
}
