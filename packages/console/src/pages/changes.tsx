import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, type Row } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge, StateBadge } from '../ui/badge.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { tierBadge } from './workflows.tsx';

type Change = Row<'GET /v1/changes', 'changes'>;

const STATES: readonly Change['state'][] = ['open', 'approved', 'rejected', 'settled', 'withdrawn'];
const KINDS: readonly Change['kind'][] = ['release', 'definition', 'configuration', 'model'];
/** The most that the server tells at once. */
const LIST_MAX = 200;

const columns: readonly Column<Change>[] = [
  {
    id: 'subject',
    title: 'What was changed',
    value: ({ subject }) => subject,
    cell: ({ change, subject, kind }) => (
      <Link to={`/changes/${change}`}>{kind === 'release' ? <Id>{subject}</Id> : <Text>{subject}</Text>}</Link>
    ),
  },
  { id: 'kind', title: 'Kind', value: ({ kind }) => kind },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  { id: 'risk', title: 'Risk', value: ({ risk }) => risk, cell: ({ risk }) => tierBadge(risk) },
  { id: 'pieces', title: 'Pieces', numeric: true, value: ({ pieces }) => pieces },
  {
    id: 'looser',
    title: 'Loosen',
    numeric: true,
    value: ({ looser }) => looser,
    cell: ({ looser }) => (looser === 0 ? '0' : <Badge tone="bad">{String(looser)}</Badge>),
  },
  { id: 'workflows', title: 'Touches', value: ({ workflows }) => workflows.join(', ') || null },
  { id: 'owners', title: 'Who speaks for it', value: ({ owners }) => owners.join(', ') },
  {
    id: 'opened',
    title: 'Opened',
    value: ({ opened_at }) => opened_at,
    cell: ({ opened_at }) => <Time at={opened_at} />,
  },
];

export function Changes(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const { data, error, refetch } = useQuery({
    queryKey: ['changes'],
    queryFn: ({ signal }) => api.call('GET /v1/changes', { query: { limit: LIST_MAX }, signal }),
    enabled: may('changes.read'),
    refetchInterval: 15_000,
  });
  const rows = data?.changes.filter(
    ({ kind, state, workflows }) =>
      (url.kind ?? kind) === kind &&
      (url.state ?? state) === state &&
      (url.workflow === undefined || workflows.includes(url.workflow)),
  );
  const workflows = [...new Set(data?.changes.flatMap((each) => each.workflows))].sort();
  return (
    <Page
      title="Changes"
      needs="changes.read"
      lead="What is new or otherwise in what workflows rest on: releases, tools behind the gateway, rules, rights, sources, models. The owners of what it touches agree, once its tests and red team were run again."
    >
      <div className="stack">
        <Panel title="Register" bare>
          <Table
            name="changes"
            columns={columns}
            rows={rows}
            error={error}
            retry={() => void refetch()}
            rowKey={({ change }) => change}
            search={url}
            onSearch={setUrl}
            filters={
              <>
                <Select label="State" value={url.state} options={STATES} onChange={(state) => setUrl({ state })} />
                <Select label="Kind" value={url.kind} options={KINDS} onChange={(kind) => setUrl({ kind })} />
                <Select
                  label="Workflow"
                  value={url.workflow}
                  options={workflows}
                  onChange={(workflow) => setUrl({ workflow })}
                />
              </>
            }
            empty={<Empty title="Nothing was changed">Everything is as its owners have agreed to it.</Empty>}
          />
        </Panel>
        {data?.changes.length === LIST_MAX ? <p className="note">These are the newest {LIST_MAX}.</p> : null}
      </div>
    </Page>
  );
}
