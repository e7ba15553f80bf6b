import type { AuditLogs } from '@portreeve/audit';
import type { RecordData } from '@portreeve/contract';

export interface Mark {
  readonly at: string;
  /** The record that says so. */
  readonly place: string;
  readonly what: string;
}

const MARKS_MAX = 100;
/** Marks that one change of the configuration makes. */
const EACH_MAX = 8;
const TYPES = ['environment.changed', 'config.changed', 'release.moved'] as const;
/** States of a release in which new runs take it. */
const TAKEN: readonly string[] = ['pilot', 'production'];

/** When a policy, a release, a model or the environment became another one: what a change in the figures may come from. */
export async function marksOf(
  audit: Pick<AuditLogs, 'search'>,
  time: { readonly since: string; readonly until: string },
): Promise<Mark[]> {
  const { records } = await audit.search({ ...time, types: [...TYPES], order: 'oldest', limit: MARKS_MAX });
  return records.flatMap(({ entry, payload, place }) =>
    whatChanged(entry.type, payload?.data).map((what) => ({ at: entry.time, place, what })),
  );
}

function whatChanged(type: string, data: unknown): string[] {
  switch (type) {
    case 'environment.changed': {
      const { subject = '', state = '' } = (data ?? {}) as { subject?: string; state?: string };
      return [`${subject} ${state}`.trim() || 'environment'];
    }
    case 'release.moved': {
      const { workflow = '', to = '' } = (data ?? {}) as { workflow?: string; to?: string };
      return TAKEN.includes(to) ? [`release of ${workflow} to ${to}`] : [];
    }
    default: {
      // A start that finds another thing than the last one says so; one that finds the same says nothing.
      const { changes = [] } = (data ?? {}) as Partial<RecordData<'config.changed'>>;
      return [...new Set(changes.flatMap(partChanged))].slice(0, EACH_MAX);
    }
  }
}

type Change = RecordData<'config.changed'>['changes'][number];

function partChanged({ part, change }: Change): string[] {
  const model = /^models\.([^.]+)/.exec(part)?.[1];
  if (model !== undefined) return [`another model ${model}`];
  const workflow = /^workflow\.(.+)$/.exec(part)?.[1];
  const what = part === 'policy' ? 'policy' : workflow === undefined ? null : `release of ${workflow}`;
  if (what === null) return [];
  return [change === 'changed' ? `another ${what}` : `${what} ${change === 'added' ? 'loaded' : 'gone'}`];
}
