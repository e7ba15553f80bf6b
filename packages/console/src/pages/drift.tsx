import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge } from '../ui/badge.tsx';
import { useChosenWorkflow } from '../ui/choose-workflow.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { percentOf } from '../ui/per-mille.ts';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { Thresholds } from './thresholds-panel.tsx';

type Report = Answer<'GET /v1/workflows/:name/drift'>;
type Alarm = Report['alarms'][number];
type Change = Report['stretches'][number]['began_with'][number];
type Profile = Report['stretches'][number]['comparisons'][number] & { readonly began_with: readonly Change[] };

/** Whether what a workflow does has shifted: after each change, and over time. */
export function DriftPage(): ReactNode {
  const may = useMay();
  const { workflow, field, error: unlisted, refetch: list } = useChosenWorkflow();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['drift', workflow?.name],
    queryFn: ({ signal }) => api.call('GET /v1/workflows/:name/drift', { params: { name: workflow!.name }, signal }),
    enabled: may('metrics.read') && workflow !== undefined,
    staleTime: 60_000,
  });
  return (
    <Page
      title="Drift"
      needs="metrics.read"
      lead="What came after each change is compared with what was before it, and what came later with how it began."
      actions={field}
    >
      {unlisted ? <Failure error={unlisted} retry={() => void list()} /> : null}
      {isPending && !unlisted && may('metrics.read') ? <Loading what="the comparison" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && workflow ? (
        <div className="stack">
          <Shown report={data} />
          <Thresholds workflow={workflow.name} />
        </div>
      ) : null}
    </Page>
  );
}

const about = ({ kind, about: what }: Change): string => (what === null ? kind : `${kind} of ${what}`);
const named = ({ metric, step }: Pick<Alarm, 'metric' | 'step'>): string =>
  step === null ? metric : `${metric} of ${step}`;

const alarmColumns: readonly Column<Alarm>[] = [
  { id: 'metric', title: 'What shifted', value: named },
  { id: 'value', title: 'Value', value: ({ shift }) => shift.value },
  ...shares<Alarm>(({ shift }) => shift),
  {
    id: 'found',
    title: 'Found after',
    numeric: true,
    value: ({ shift }) => shift.after_count,
  },
  {
    id: 'at',
    title: 'When',
    value: ({ shift }) => shift.at.time,
    cell: ({ shift }) => <WholeTime at={shift.at.time} />,
  },
  {
    id: 'nearest',
    title: 'Nearest change',
    value: ({ nearest }) => (nearest === null ? null : about(nearest)),
    cell: ({ nearest }) =>
      nearest === null ? <span className="soft">none on record</span> : <Badge tone="warn">{about(nearest)}</Badge>,
  },
];

function shares<R>(shiftOf: (row: R) => Alarm['shift'] | null): readonly Column<R>[] {
  const cell = (value: number | undefined) => (value === undefined ? '–' : percentOf(value));
  return [
    {
      ...{ id: 'before', title: 'Before', numeric: true },
      value: (row) => shiftOf(row)?.before_per_mille ?? null,
      cell: (row) => cell(shiftOf(row)?.before_per_mille),
    },
    {
      ...{ id: 'now', title: 'Now', numeric: true },
      value: (row) => shiftOf(row)?.after_per_mille ?? null,
      cell: (row) => cell(shiftOf(row)?.after_per_mille),
    },
  ];
}

const profileColumns: readonly Column<Profile>[] = [
  { id: 'profile', title: 'Profile', value: named },
  {
    id: 'by',
    title: 'Compared',
    value: ({ by }) => (by === 'change' ? 'with before the change' : 'with how it began'),
  },
  { id: 'since', title: 'Since', value: ({ began_with }) => began_with.map(about).join(', ') || 'the beginning' },
  { id: 'reference', title: 'Of before', numeric: true, value: ({ reference_count }) => reference_count },
  { id: 'recent', title: 'Of now', numeric: true, value: ({ recent_count }) => recent_count },
  {
    id: 'shift',
    title: 'Shifted',
    value: ({ shift }) => shift?.value ?? null,
    cell: ({ shift }) =>
      shift === null ? (
        <Badge tone="good">no</Badge>
      ) : (
        <Badge tone="bad">
          <Text>{shift.value}</Text>
        </Badge>
      ),
  },
];

const changeColumns: readonly Column<Change>[] = [
  { id: 'time', title: 'When', value: ({ time }) => time, cell: ({ time }) => <WholeTime at={time} /> },
  { id: 'what', title: 'What changed', value: about },
  { id: 'was', title: 'From', value: ({ from }) => from, cell: ({ from }) => <Id>{from}</Id> },
  { id: 'is', title: 'To', value: ({ to }) => to, cell: ({ to }) => <Id>{to}</Id> },
  {
    id: 'record',
    title: 'Seen in record',
    numeric: true,
    value: ({ index }) => index,
    cell: ({ index }) => <Recorded index={index} />,
  },
];

function Recorded({ index }: { readonly index: number }): ReactNode {
  return useMay()('audit.read') ? <Link to={`/audit/${index}`}>{String(index)}</Link> : index;
}

function said(alarms: number, comparisons: number): string {
  if (comparisons === 0) return 'Too little has happened to compare anything with:';
  if (alarms === 0) return 'Nothing has shifted,';
  return `${alarms} ${alarms === 1 ? 'alarm' : 'alarms'}`;
}

function Shown({ report }: { readonly report: Report }): ReactNode {
  const [url, setUrl] = useUrlState();
  const { alarms, stretches, whole, false_alarms_per_mille, log } = report;
  const shared = { search: url, onSearch: setUrl };
  const profiles = stretches.flatMap(({ began_with, comparisons }) =>
    comparisons.map((comparison) => ({ ...comparison, began_with })),
  );
  const changes = stretches.flatMap(({ began_with }) => began_with);
  return (
    <>
      <p className={alarms.length > 0 ? 'note warn' : profiles.length > 0 ? 'note good' : 'note'}>
        {said(alarms.length, profiles.length)} in {profiles.length} comparisons over{' '}
        {whole ? 'the whole record' : 'the newest of the record'} of the log {log}. At most {false_alarms_per_mille} in
        1000 stretches give a false alarm.
      </p>
      <Panel title="Alarms" bare>
        <Table
          name="alarms"
          columns={alarmColumns}
          rows={alarms}
          rowKey={(row) => `${named(row)} ${row.by} ${row.shift.at.index}`}
          {...shared}
          empty={<Empty title="There is no alarm" />}
        />
      </Panel>
      <Panel title="Profiles" bare>
        <Table
          name="profiles"
          columns={profileColumns}
          rows={profiles}
          rowKey={(row) => `${named(row)} ${row.by} ${row.began_with[0]?.index ?? 0}`}
          {...shared}
          empty={<Empty title="Too little has happened to compare anything with" />}
        />
      </Panel>
      <Panel title="Changes that lie between" bare>
        <Table
          name="changes"
          columns={changeColumns}
          rows={changes}
          rowKey={(row) => `${row.index} ${about(row)}`}
          {...shared}
          empty={<Empty title="No change of release, model, prompt or policy is on record" />}
        />
      </Panel>
    </>
  );
}
