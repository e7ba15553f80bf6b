import type { AuditLogs } from '@portreeve/audit';
import { type Digest, thresholdsOf, type WorkflowContract } from '@portreeve/contract';
import { JUDGED_BY, type LiveFigure, type LiveRecord, liveFigures } from '@portreeve/govern';
import { inOrder, newestOfType } from './newest-records.ts';

/** What the live thresholds of a workflow come to, from when on, over the records of one release, or of those that count. */
export async function figuresSince(
  audit: Pick<AuditLogs, 'ofWorkflow'>,
  contract: Pick<WorkflowContract, 'name' | 'tier' | 'thresholds'>,
  {
    since,
    now,
    of,
    counts = () => true,
  }: {
    readonly since: string;
    readonly now: Date;
    readonly of?: Digest;
    readonly counts?: (release: string) => boolean;
  },
): Promise<{ readonly since: string; readonly figures: readonly LiveFigure[] }> {
  const { log } = audit.ofWorkflow(contract.name);
  const asked = { workflow: contract.name, since, ...(of === undefined ? {} : { release: of }) };
  const seen = await Promise.all(JUDGED_BY.map((type) => newestOfType(log, { ...asked, type })));
  const { records, cut } = inOrder(seen);
  const first = cut === 0 ? since : (records[0]?.entry.time ?? since);
  const judged = records.filter(({ entry }) => entry.refs.release === undefined || counts(entry.refs.release));
  const span = { since: new Date(first), now };
  return { since: first, figures: liveFigures(judged as readonly LiveRecord[], thresholdsOf(contract), span) };
}

/** A threshold that is missed, in words. */
export const saidOfMissed = ({ threshold, value, bound, counted }: LiveFigure): string =>
  `${threshold}: ${value}, the bound is ${bound} (of ${counted})`;
