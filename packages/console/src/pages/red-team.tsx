import type { ReactNode } from 'react';
import { api, type Row } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge, StateBadge } from '../ui/badge.tsx';
import { Page } from '../ui/page.tsx';
import { percentOf } from '../ui/per-mille.ts';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { usePages } from '../ui/use-pages.ts';

type Report = Row<'GET /v1/release-reports', 'reports'>;

const share = (id: string, title: string, figure: string): Column<Report> => ({
  ...{ id, title, numeric: true },
  value: ({ figures }) => figures[figure] ?? null,
  cell: ({ figures }) => (figures[figure] === undefined ? '–' : percentOf(figures[figure])),
});

/** What must be nothing stands out where it is not. */
const never = (id: string, title: string, figure: string): Column<Report> => ({
  ...{ id, title, numeric: true },
  value: ({ figures }) => figures[figure] ?? null,
  cell: ({ figures: { [figure]: value } }) => (value ? <Badge tone="bad">{value}</Badge> : (value ?? '–')),
});

const columns: readonly Column<Report>[] = [
  {
    id: 'workflow',
    title: 'Report on',
    value: ({ workflow }) => workflow,
    cell: ({ workflow, release, evidence }) => <Link to={`/releases/${release}/reports/${evidence}`}>{workflow}</Link>,
  },
  {
    id: 'ok',
    title: 'Outcome',
    value: ({ ok }) => (ok ? 'passed' : 'failed'),
    cell: ({ ok }) => <StateBadge state={ok ? 'passed' : 'failed'} />,
  },
  { id: 'attempts', title: 'Attacks', numeric: true, value: ({ figures }) => figures.attempts ?? null },
  share('success', 'Succeeded', 'attack_success_per_mille'),
  never('harm', 'Unattended harm', 'unattended_harm'),
  never('leaks', 'Leaks', 'canary_leaks'),
  share('alarms', 'False alarms', 'false_alarms_per_mille'),
  share('recall', 'Noticed', 'injection_recall_per_mille'),
  { id: 'ended', title: 'Made', value: ({ ended }) => ended, cell: ({ ended }) => <Time at={ended} /> },
  { id: 'digest', title: 'Digest', value: ({ evidence }) => evidence, cell: ({ evidence }) => <Id>{evidence}</Id> },
  {
    id: 'release',
    title: 'Of the release',
    value: ({ release }) => release,
    cell: ({ release }) => (
      <Link to={`/releases/${release}`}>
        <Id>{release}</Id>
      </Link>
    ),
  },
];

/** What the red team found of each release, by the reports that are attached to them. */
export function RedTeam(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const pages = usePages(
    ['reports', 'red-team'],
    async (after, signal) => {
      const query = { kind: 'red-team', limit: 100, ...(after === undefined ? {} : { after: String(after) }) } as const;
      const { reports, next } = await api.call('GET /v1/release-reports', { query, signal });
      return { rows: reports, next };
    },
    { enabled: may('releases.read') },
  );
  return (
    <Page
      title="Red team"
      needs="releases.read"
      lead="Attacks on the real workflow, with a model that obeys every instruction it reads. A report counts for exactly the release that it is attached to."
    >
      <div className="panel">
        <Table
          name="red-team"
          columns={columns}
          {...pages}
          rowKey={({ evidence }) => evidence}
          search={url}
          onSearch={setUrl}
          empty={
            <Empty title="No red team is attached to a release">
              portreeve redteam WORKFLOW --report FILE, then portreeve release attest
            </Empty>
          }
        />
      </div>
    </Page>
  );
}
