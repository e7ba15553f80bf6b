import type { ReactNode } from 'react';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { Panel } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id } from '../ui/text.tsx';
import { Time, WholeTime } from '../ui/time.tsx';
import type { ShownRelease } from './release.tsx';

type Report = ShownRelease['evidence'][number];
type Moved = ShownRelease['moves'][number];
type Request = ShownRelease['requests'][number];

const reportColumns = (release: string): readonly Column<Report>[] => [
  {
    id: 'evidence',
    title: 'Report, by its digest',
    value: ({ evidence }) => evidence,
    cell: ({ evidence }) => (
      <Link to={`/releases/${release}/reports/${evidence}`}>
        <Id>{evidence}</Id>
      </Link>
    ),
  },
  { id: 'kind', title: 'Of', value: ({ kind }) => kind },
  {
    id: 'ok',
    title: 'Outcome',
    value: ({ ok }) => (ok ? 'passed' : 'failed'),
    cell: ({ ok }) => <StateBadge state={ok ? 'passed' : 'failed'} />,
  },
  { id: 'cases', title: 'Cases', numeric: true, value: ({ cases }) => cases },
  { id: 'ended', title: 'Made', value: ({ ended }) => ended, cell: ({ ended }) => <Time at={ended} /> },
  {
    id: 'key',
    title: 'Signed by',
    value: ({ signed_by }) => signed_by.join(', '),
    cell: ({ signed_by }) => signed_by.map((key) => <Id key={key}>{key}</Id>),
  },
];

export function Evidence({ found }: { readonly found: ShownRelease }): ReactNode {
  const [url, setUrl] = useUrlState();
  return (
    <Panel title="Evidence" bare>
      <Table
        name="reports"
        columns={reportColumns(found.release)}
        rows={found.evidence}
        rowKey={({ evidence }) => evidence}
        search={url}
        onSearch={setUrl}
        empty={<Empty title="No report is attached">portreeve release attest</Empty>}
      />
    </Panel>
  );
}

const moveColumns: readonly Column<Moved>[] = [
  { id: 'at', title: 'When', value: ({ at }) => at, cell: ({ at }) => <WholeTime at={at} /> },
  { id: 'from', title: 'From', value: ({ from }) => from, cell: ({ from }) => <StateBadge state={from} /> },
  { id: 'to', title: 'To', value: ({ to }) => to, cell: ({ to }) => <StateBadge state={to} /> },
  { id: 'why', title: 'Why', value: ({ reason }) => reason },
  { id: 'by', title: 'By', value: ({ by }) => by, cell: ({ by }) => <Id>{by}</Id> },
  { id: 'proposal', title: 'By the proposal', value: ({ proposal }) => proposal, cell: proposed },
];

function proposed({ proposal }: Moved): ReactNode {
  return proposal === null ? <span className="soft">none</span> : <Proposal id={proposal} />;
}

/** To its records, for who may read them. */
function Proposal({ id }: { readonly id: string }): ReactNode {
  const may = useMay();
  if (!may('audit.read')) return <Id>{id}</Id>;
  return (
    <Link to="/audit" search={{ proposal: id }}>
      <Id>{id}</Id>
    </Link>
  );
}

export function Moves({ found }: { readonly found: ShownRelease }): ReactNode {
  const [url, setUrl] = useUrlState();
  return (
    <Panel title="How it came to stand where it stands" bare>
      <Table
        name="moves"
        columns={moveColumns}
        rows={found.moves}
        rowKey={({ at, event }) => `${at} ${event}`}
        search={url}
        onSearch={setUrl}
        empty={<Empty title="It was added, and nothing since" />}
      />
    </Panel>
  );
}

const requestColumns: readonly Column<Request>[] = [
  { id: 'tool', title: 'Asked for', value: ({ tool }) => tool, cell: ({ tool }) => <code>{tool}</code> },
  {
    id: 'ending',
    title: 'Became',
    value: ({ ending }) => ending ?? 'open',
    cell: ({ ending }) => <StateBadge state={ending ?? 'open'} />,
  },
  {
    id: 'asked',
    title: 'When',
    value: ({ asked_at }) => asked_at,
    cell: ({ asked_at }) => <WholeTime at={asked_at} />,
  },
  { id: 'by', title: 'By', value: ({ asked_by }) => asked_by, cell: ({ asked_by }) => <Id>{asked_by}</Id> },
  {
    id: 'id',
    title: 'Proposal',
    value: ({ proposal }) => proposal,
    cell: ({ proposal }) => <Proposal id={proposal} />,
  },
];

export function Requests({ found }: { readonly found: ShownRelease }): ReactNode {
  const [url, setUrl] = useUrlState();
  if (found.requests.length === 0) return null;
  return (
    <Panel title="What was asked for it" bare>
      <Table
        name="requests"
        columns={requestColumns}
        rows={found.requests}
        rowKey={({ proposal }) => proposal}
        search={url}
        onSearch={setUrl}
        empty={<Empty title="Nothing was asked" />}
      />
    </Panel>
  );
}
