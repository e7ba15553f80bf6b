import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge } from '../ui/badge.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';

type Report = Answer<'GET /v1/oversight'>;
type Figures = Report['teams'][number];
type Planted = NonNullable<Report['planted']>[number];
type Requester = NonNullable<Report['planted_by']>[number];

const SPANS: Readonly<Record<string, number>> = { week: 7, month: 30, quarter: 92 };

/** How people decide: how long they take, how often they say yes, and what looks as if nobody had looked. */
export function OversightPage(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const span = SPANS[url.span ?? ''] === undefined ? 'month' : url.span!;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['oversight', span],
    queryFn: ({ signal }) => api.call('GET /v1/oversight', { query: { days: SPANS[span]! }, signal }),
    enabled: may('oversight.read'),
  });
  return (
    <Page
      title="Oversight"
      needs="oversight.read"
      lead="How people decide, from the record alone. Reviewers see their own figures; some of what they are asked is a test."
      actions={
        <Select
          label="Time"
          value={span}
          any={null}
          options={Object.keys(SPANS)}
          onChange={(next) => setUrl({ span: next })}
        />
      }
    >
      {isPending && may('oversight.read') ? <Loading what="the figures" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data ? <Shown report={data} /> : null}
    </Page>
  );
}

function Shown({ report }: { readonly report: Report }): ReactNode {
  const [url, setUrl] = useUrlState();
  const shared = { search: url, onSearch: setUrl };
  const table = (title: string, name: string, rows: readonly Figures[], shownAs: Column<Figures>['cell']) => (
    <Panel title={title} bare>
      <Table
        name={name}
        columns={[{ id: 'name', title: 'Name', value: ({ name }) => name, cell: shownAs! }, ...columns]}
        rows={rows}
        {...shared}
        rowKey={({ name }) => name}
        empty={<Empty title="Nobody has decided anything in this time" />}
      />
    </Panel>
  );
  return (
    <div className="stack">
      {report.cut ? <p className="note warn">There is more than one report counts: these are the newest.</p> : null}
      {table('Teams', 'teams', report.teams, ({ name }) => (
        <Text>{name}</Text>
      ))}
      {table('Reviewers', 'reviewers', report.reviewers, ({ name }) => (
        <Id>{name}</Id>
      ))}
      {table('Kinds of actions', 'kinds', report.kinds, ({ name }) => (
        <Text>{name}</Text>
      ))}
      {report.planted === null ? null : (
        <Panel title="Planted tests that are closed" bare>
          <Table
            name="planted"
            columns={plantedColumns}
            rows={report.planted}
            {...shared}
            rowKey={({ team }) => team}
            empty={
              <Empty title="No planted test has been closed in this time">
                They are set up under `oversight.planted` of the configuration.
              </Empty>
            }
          />
        </Panel>
      )}
      {report.planted_by === null || report.planted_by.length === 0 ? null : (
        <Panel title="In whose name tests are planted" bare>
          <Table
            name="planted-by"
            columns={requesterColumns}
            rows={report.planted_by}
            {...shared}
            rowKey={({ requester }) => requester}
            empty={<Empty title="Nobody" />}
          />
        </Panel>
      )}
    </div>
  );
}

const ALARMS: Readonly<Record<Figures['alarms'][number]['alarm'], string>> = {
  fast: 'faster than anybody reads',
  always_yes: 'always yes',
  large_batch: 'many at once',
};

const columns: readonly Column<Figures>[] = [
  {
    id: 'verdicts',
    title: 'Verdicts',
    numeric: true,
    value: ({ verdicts }) => verdicts,
    cell: ({ verdicts, records }) =>
      records[0] === undefined ? verdicts : <Link to={`/audit/${records[0]}`}>{verdicts}</Link>,
  },
  { id: 'approved', title: 'Approved', numeric: true, value: ({ approved }) => approved },
  { id: 'denied', title: 'Denied', numeric: true, value: ({ denied }) => denied },
  { id: 'amended', title: 'Amended', numeric: true, value: ({ amended }) => amended },
  { id: 'yes', title: 'Yes', numeric: true, value: (row) => row.approved_percent, cell: percentCell },
  {
    id: 'median',
    title: 'Half decided in',
    numeric: true,
    value: ({ to_verdict_p50_ms }) => to_verdict_p50_ms,
    cell: ({ to_verdict_p50_ms }) => lasting(to_verdict_p50_ms),
  },
  {
    id: 'view',
    title: 'Half looked for',
    numeric: true,
    value: ({ in_view_p50_ms }) => in_view_p50_ms,
    cell: ({ in_view_p50_ms }) => lasting(in_view_p50_ms),
  },
  {
    id: 'alarms',
    title: 'Looks like stamping',
    value: ({ alarms }) => alarms.map(({ alarm }) => ALARMS[alarm]).join(', ') || null,
    cell: ({ alarms }) =>
      alarms.map(({ alarm, rule }) => (
        <span key={alarm} title={rule}>
          <Badge tone="bad">{ALARMS[alarm]}</Badge>{' '}
        </span>
      )),
  },
];

const plantedColumns: readonly Column<Planted>[] = [
  { id: 'team', title: 'Team', value: ({ team }) => team, cell: ({ team }) => <Text>{team}</Text> },
  {
    id: 'planted',
    title: 'Planted',
    numeric: true,
    value: ({ planted }) => planted,
    cell: ({ planted, records }) =>
      records[0] === undefined ? planted : <Link to={`/audit/${records[0]}`}>{planted}</Link>,
  },
  { id: 'caught', title: 'Caught', numeric: true, value: ({ caught }) => caught },
  { id: 'missed', title: 'Let pass', numeric: true, value: ({ missed }) => missed },
  { id: 'unanswered', title: 'Nobody looked', numeric: true, value: ({ unanswered }) => unanswered },
  {
    id: 'rate',
    title: 'Catch rate',
    numeric: true,
    value: ({ caught_percent }) => caught_percent,
    cell: ({ caught_percent }) => (caught_percent === null ? '–' : `${caught_percent}%`),
  },
  {
    id: 'tests-took',
    title: 'Half of the tests in',
    numeric: true,
    value: ({ to_verdict_p50_ms }) => to_verdict_p50_ms,
    cell: ({ to_verdict_p50_ms }) => lasting(to_verdict_p50_ms),
  },
  {
    id: 'real-took',
    title: 'Half of the real in',
    numeric: true,
    value: ({ real_to_verdict_p50_ms }) => real_to_verdict_p50_ms,
    cell: ({ real_to_verdict_p50_ms }) => lasting(real_to_verdict_p50_ms),
  },
  {
    id: 'looked',
    title: 'Looked for, tests and real',
    value: ({ in_view_p50_ms, real_in_view_p50_ms }) => `${lasting(in_view_p50_ms)}, ${lasting(real_in_view_p50_ms)}`,
  },
];

const requesterColumns: readonly Column<Requester>[] = [
  {
    id: 'requester',
    title: 'Requester',
    value: ({ requester }) => requester,
    cell: ({ requester }) => <Id>{requester}</Id>,
  },
  { id: 'asked', title: 'Asked for', numeric: true, value: ({ asked }) => asked },
  { id: 'tests', title: 'Of them tests', numeric: true, value: ({ planted }) => planted },
  {
    id: 'share',
    title: 'Share',
    numeric: true,
    value: ({ planted_percent }) => planted_percent,
    cell: ({ planted_percent }) =>
      planted_percent > 20 ? <Badge tone="warn">{planted_percent}% gives them away</Badge> : `${planted_percent}%`,
  },
];

function percentCell({ approved_percent }: Figures): ReactNode {
  return approved_percent === null ? '–' : `${approved_percent}%`;
}

/** Whole seconds, or minutes, or hours. */
function lasting(ms: number | null): string {
  if (ms === null) return '–';
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}
