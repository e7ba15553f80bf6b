import type { AuditLogs } from '@portreeve/audit';

export interface Mark {
  readonly at: string;
  /** The record that says so. */
  readonly place: string;
  readonly what: string;
}

const MARKS_MAX = 100;

/** When a policy, a release or the environment became another one: what a change in the figures may come from. */
export async function marksOf(
  audit: Pick<AuditLogs, 'search'>,
  time: { readonly since: string; readonly until: string },
): Promise<Mark[]> {
  const { records } = await audit.search({
    ...time,
    types: ['policy.loaded', 'release.loaded', 'environment.changed'],
    order: 'oldest',
    limit: MARKS_MAX,
  });
  // Each start says what it has loaded: only what is another than before is a change.
  const lastByWhat = new Map<string, string>();
  return records.flatMap(({ entry, payload, place }) => {
    const { time: at, type, refs } = entry;
    if (type === 'environment.changed') {
      const { subject = '', state = '' } = (payload?.data ?? {}) as { subject?: string; state?: string };
      return [{ at, place, what: `${subject} ${state}`.trim() || 'environment' }];
    }
    const what = type === 'policy.loaded' ? 'policy' : `release of ${refs.workflow ?? 'a workflow'}`;
    const is = (type === 'policy.loaded' ? refs.policy_version : refs.release) ?? entry.payload_digest;
    const before = lastByWhat.get(what);
    lastByWhat.set(what, is);
    return before === is ? [] : [{ at, place, what: before === undefined ? `${what} loaded` : `another ${what}` }];
  });
}
