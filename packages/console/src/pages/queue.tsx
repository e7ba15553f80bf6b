import type { ReactNode } from 'react';
import { api, type Row } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge, StateBadge } from '../ui/badge.tsx';
import { Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { type Column, servedSort } from '../ui/table-model.ts';
import { Id } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { usePages } from '../ui/use-pages.ts';

export type Handoff = Row<'GET /v1/queue', 'handoffs'>;

/** What an unknown outcome asks is more urgent than what was refused: somebody may be waiting for what never came. */
export function kindBadge(kind: Handoff['kind']): ReactNode {
  const tone = kind === 'unknown_outcome' || kind === 'not_undone' ? 'bad' : kind === 'denied' ? 'plain' : 'warn';
  return <Badge tone={tone}>{kind.replaceAll('_', ' ')}</Badge>;
}

const STATES = ['unfinished', 'open', 'taken', 'done'] as const;

const columns: readonly Column<Handoff>[] = [
  { id: 'kind', title: 'Kind', value: ({ kind }) => kind, cell: ({ kind }) => kindBadge(kind) },
  {
    id: 'why',
    title: 'Why it is here',
    value: ({ why }) => why,
    cell: ({ id, why }) => <Link to={`/queue/${id}`}>{why}</Link>,
  },
  { id: 'workflow', title: 'Workflow', value: ({ workflow }) => workflow },
  {
    id: 'run',
    title: 'Run',
    value: ({ run }) => run,
    cell: ({ run }) =>
      run ? (
        <Link to={`/runs/${run}`}>
          <Id>{run}</Id>
        </Link>
      ) : (
        <span className="soft">none</span>
      ),
  },
  { id: 'due', title: 'Due', value: (row) => row.due_at, cell: (row) => <Time at={row.due_at} /> },
  { id: 'since', title: 'Since', value: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
];

export function Queue(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const state = STATES.find((each) => each === url.state) ?? 'unfinished';
  const sort = servedSort(url.sort, { since: 'since', due: 'due', kind: 'kind' });
  const pages = usePages(
    ['queue', state, sort],
    async (after, signal) => {
      const query = {
        state,
        limit: 100,
        ...(sort ? { sort } : {}),
        ...(after === undefined ? {} : { after: String(after) }),
      } as const;
      const { handoffs, next } = await api.call('GET /v1/queue', { query, signal });
      return { rows: handoffs, next };
    },
    { enabled: may('queue.read'), every: 15_000 },
  );
  return (
    <Page
      title="Queue"
      needs="queue.read"
      lead="Work that a person must finish: what failed, what nobody knows the outcome of, and what was refused on the way."
    >
      <div className="panel">
        <Table
          name="hand-offs"
          columns={columns}
          {...pages}
          sorted={sort !== undefined}
          rowKey={(row) => row.id}
          search={url}
          onSearch={setUrl}
          filters={
            <Select
              label="State"
              value={state}
              options={STATES}
              any={null}
              onChange={(next) => setUrl({ state: next })}
            />
          }
          empty={<Empty title={state === 'done' ? 'Nothing was finished yet' : 'Nothing waits here'} />}
        />
      </div>
    </Page>
  );
}
