import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, type Row } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { usePages } from '../ui/use-pages.ts';

type Run = Row<'GET /v1/runs', 'runs'>;

const STATES: readonly Run['state'][] = [
  'queued',
  'running',
  'waiting',
  'completed',
  'refused',
  'handed_off',
  'failed',
];

const columns: readonly Column<Run>[] = [
  {
    id: 'run',
    title: 'Run',
    value: ({ id }) => id,
    cell: ({ id }) => (
      <Link to={`/runs/${id}`}>
        <Id>{id}</Id>
      </Link>
    ),
  },
  { id: 'workflow', title: 'Workflow', value: ({ workflow }) => workflow },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  { id: 'by', title: 'Asked by', value: ({ principal }) => principal.name },
  {
    id: 'agent',
    title: 'Through',
    value: ({ principal }) => principal.act.map((each) => each.kind).join(', ') || null,
    cell: ({ principal }) =>
      principal.act.length === 0 ? <span className="soft">nobody</span> : <Id>{principal.act[0]?.id}</Id>,
  },
  { id: 'begun', title: 'Begun', value: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  {
    id: 'took',
    title: 'Took',
    numeric: true,
    value: (row) => (row.ended_at ? Date.parse(row.ended_at) - Date.parse(row.created_at) : null),
    cell: (row) =>
      row.ended_at ? `${((Date.parse(row.ended_at) - Date.parse(row.created_at)) / 1000).toFixed(1)} s` : '…',
  },
  { id: 'ending', title: 'How it ended', value: ({ ending }) => ending },
];

export function Runs(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const workflows = useQuery({
    queryKey: ['workflows'],
    queryFn: ({ signal }) => api.call('GET /v1/workflows', { signal }),
    enabled: may('workflows.list'),
    staleTime: 60_000,
  });
  const state = STATES.find((each) => each === url.state);
  // Runs are numbered by the time at which they began: the server gives them in either order.
  const sorted = /^-?(run|begun)$/.test(url.sort ?? '');
  const order = sorted && !url.sort?.startsWith('-') ? 'oldest' : 'newest';
  const pages = usePages(
    ['runs', state, url.workflow, order],
    async (before, signal) => {
      const query = {
        ...({ limit: 100, order } as const),
        ...(state ? { state } : {}),
        ...(url.workflow ? { workflow: url.workflow } : {}),
        ...(before === undefined ? {} : { before: String(before) }),
      };
      const { runs, next } = await api.call('GET /v1/runs', { query, signal });
      return { rows: runs, next };
    },
    { enabled: may('runs.read'), every: 5000 },
  );
  return (
    <Page
      title="Runs"
      needs="runs.read"
      lead="Each is one task on its way through the gate, pinned to the release and the policy that it began with."
    >
      <div className="panel">
        <Table
          name="runs"
          columns={columns}
          {...pages}
          sorted={sorted}
          rowKey={(row) => row.id}
          search={url}
          onSearch={setUrl}
          filters={
            <>
              <Select label="State" value={state} options={STATES} onChange={(next) => setUrl({ state: next })} />
              <Select
                label="Workflow"
                value={url.workflow}
                options={(workflows.data?.workflows ?? []).map(({ name }) => name)}
                onChange={(workflow) => setUrl({ workflow })}
              />
            </>
          }
          empty={
            <Empty title={state || url.workflow ? 'No run is like this' : 'Nothing has run yet'}>
              {state || url.workflow
                ? 'Choose another state or workflow.'
                : 'Start one: portreeve run WORKFLOW --input FILE'}
            </Empty>
          }
        />
      </div>
    </Page>
  );
}
