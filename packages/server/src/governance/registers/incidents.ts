import type { PlacedRecord } from '@portreeve/audit';
import type { RecordType } from '@portreeve/contract';
import { oversightReport } from '../../oversight.ts';
import type { Paged, Register, Row } from './register.ts';

type Severity = 'high' | 'medium' | 'low';

type Data = Readonly<Record<string, unknown>>;
/** What a record tells as an incident; null where it tells none. */
type Reading = (record: PlacedRecord, data: Data) => readonly [severity: Severity, what: string] | null;

const always =
  (severity: Severity, what: string): Reading =>
  () => [severity, what];
const only =
  (outcome: string, severity: Severity, what: string): Reading =>
  ({ entry }) =>
    entry.outcome === outcome ? [severity, what] : null;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Which records are incidents, and how grave. An outcome or a state that is not named here is none. */
export const INCIDENTS = {
  'environment.changed': (_, { subject, state }) => {
    if (state === 'off' || state === 'lifted') return null;
    if (text(subject).startsWith('freeze:'))
      return ['high', `Frozen (${text(state)}): ${text(subject).slice('freeze:'.length)}`];
    if (subject === 'incident') return ['high', 'Incident mode was turned on'];
    return text(subject).startsWith('outage:')
      ? ['medium', `No answer from ${text(subject).slice('outage:'.length)}`]
      : null;
  },
  'identity.holdings_revoked': always('high', 'An agent was stopped, and what it held was taken back'),
  'identity.passkey_revoked': (_, { why }) => (why === 'cloned' ? ['high', 'A passkey has a double'] : null),
  'identity.sign_in_failed': (_, { reason }) =>
    reason === 'locked' ? ['medium', 'Sign-in is held up after many failures'] : null,
  'identity.refused': always('medium', 'A sign-in or a token was refused'),
  'api.refused': always('low', 'Somebody tried what they may not do'),
  'approval.refused_verdict': always('high', 'A verdict was refused'),
  'grant.refused': always('medium', 'A grant was refused at its use'),
  'tool.answered': only('flagged', 'medium', 'A tool gave an agent something suspicious'),
  'source.read': only('flagged', 'medium', 'A source gave something suspicious'),
  'mcp.definition_withheld': always('medium', 'A tool from outside came with a definition that nobody has approved'),
  'deidentification.failed': always('medium', 'A question could not be de-identified, and was not sent'),
  'execution.result': only('unknown', 'high', 'Nobody knows what became of an action'),
  'oversight.opened': (_, { state }) =>
    state === 'approved' ? ['high', 'A planted test proposal was approved'] : null,
  'drift.alarm': always('medium', 'What a workflow does has shifted'),
  'audit.place': (_, { state, name }) => {
    if (state === 'ahead') return ['high', `${text(name)} has seen records that the log does not hold`];
    return state === 'failing' ? ['medium', `${text(name)} does not take the log`] : null;
  },
  'audit.verified': (_, { ok }) => (ok === false ? ['high', 'A verification found a fault in the log'] : null),
  'audit.restored': always('high', 'The database was put back to a backup'),
  'backup.ended': (_, { state }) => (state === 'failed' ? ['medium', 'A backup failed'] : null),
  'notification.failed': always('low', 'People could not be told of something'),
} as const satisfies Partial<Record<RecordType, Reading>>;

const TYPES = Object.keys(INCIDENTS) as (keyof typeof INCIDENTS)[];

/** What went wrong or was held back, from the record, newest first. */
export const incidents: Register = {
  title: 'Incidents',
  columns: {
    key: 'The place of its record',
    time: 'When',
    severity: '`high`, `medium` or `low`',
    kind: 'The type of its record, or `stamping`',
    what: 'What happened',
    workflow: 'The workflow',
    run: 'The run',
    actor: 'Who did it',
    code: 'Why, as a code',
  },
  page: async (asked) => {
    const { services, reader, span, limit, after } = asked;
    const scope = services.auditScope(reader);
    const { records, next } = await services.audit.search({
      ...{ types: TYPES, since: span.from, until: span.to, order: 'newest', limit },
      ...(scope === null ? {} : { workflows: [...scope] }),
      ...(after === null ? {} : { after }),
    });
    const first = after === null && scope === null ? await stamping(asked) : [];
    return { rows: [...first, ...records.flatMap(rowOf)], next };
  },
};

function rowOf(record: PlacedRecord): Row[] {
  const { place, entry, payload } = record;
  const reading: Reading = INCIDENTS[entry.type as keyof typeof INCIDENTS];
  const told = reading(record, payload?.data ?? {});
  if (!told) return [];
  const [severity, what] = told;
  const { workflow = null, run = null, codes } = entry.refs;
  return [
    {
      ...{ key: place, time: entry.time, severity, kind: entry.type, what, workflow, run, actor: entry.actor.id },
      code: codes?.join(', ') ?? (entry.outcome || null),
    },
  ];
}

/** Ways of deciding that look like stamping are no record of their own: they are counted now, on the first page. */
async function stamping({ services, reader, span }: Paged): Promise<Row[]> {
  const report = await oversightReport(services, reader, { since: span.from, until: span.to }, services.stamping);
  return report.reviewers.flatMap(({ name, alarms, records }) =>
    alarms.map(
      ({ alarm, counted, of }): Row => ({
        ...{ key: records[0] ?? `stamping ${name}`, time: span.to, severity: 'medium', kind: 'stamping' },
        what: `A reviewer’s way of deciding looks like stamping: ${alarm}, ${counted} of ${of}`,
        ...{ workflow: null, run: null, actor: name, code: alarm },
      }),
    ),
  );
}
