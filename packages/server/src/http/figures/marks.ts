import type { AuditLogs } from '@portreeve/audit';
import type { RecordData, RecordEntry } from '@portreeve/contract';

export interface Mark {
  readonly at: string;
  /** The record that says so. */
  readonly place: string;
  readonly what: string;
}

const MARKS_MAX = 100;
/** Marks that one change of the configuration makes. */
const MODELS_MAX = 8;
const LOADED = ['policy.loaded', 'release.loaded'] as const;
const CHANGED = ['environment.changed', 'config.changed'] as const;

/** When a policy, a release, a model or the environment became another one: what a change in the figures may come from. */
export async function marksOf(
  audit: Pick<AuditLogs, 'search'>,
  time: { readonly since: string; readonly until: string },
): Promise<Mark[]> {
  const [{ records }, earlier] = await Promise.all([
    audit.search({ ...time, types: [...LOADED, ...CHANGED], order: 'oldest', limit: MARKS_MAX }),
    audit.search({ until: time.since, types: [...LOADED], limit: MARKS_MAX }),
  ]);
  // Each start says what it has loaded: only what is another than before is a change.
  const lastByWhat = new Map(
    earlier.records.map(({ entry }) => [loadedBy(entry), versionIn(entry)] as const).reverse(),
  );
  return records.flatMap(({ entry, payload, place }) => {
    const { time: at, type } = entry;
    if (type === 'environment.changed') {
      const { subject = '', state = '' } = (payload?.data ?? {}) as { subject?: string; state?: string };
      return [{ at, place, what: `${subject} ${state}`.trim() || 'environment' }];
    }
    if (type === 'config.changed') {
      const { changes = [] } = (payload?.data ?? {}) as Partial<RecordData<'config.changed'>>;
      const names = changes.flatMap(({ part }) => /^models\.([^.]+)/.exec(part)?.[1] ?? []);
      return [...new Set(names)].slice(0, MODELS_MAX).map((name) => ({ at, place, what: `another model ${name}` }));
    }
    const what = loadedBy(entry);
    const is = versionIn(entry);
    const before = lastByWhat.get(what);
    lastByWhat.set(what, is);
    return before === is ? [] : [{ at, place, what: before === undefined ? `${what} loaded` : `another ${what}` }];
  });
}

const loadedBy = ({ type, refs }: RecordEntry): string =>
  type === 'policy.loaded' ? 'policy' : `release of ${refs.workflow ?? 'a workflow'}`;

const versionIn = ({ type, refs, payload_digest }: RecordEntry): string =>
  (type === 'policy.loaded' ? refs.policy_version : refs.release) ?? payload_digest;
