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
import { usePages } from '../ui/use-pages.ts';
import { tierBadge, useWorkflowNames } from './workflows.tsx';

type Change = Row<'GET /v1/changes', 'changes'>;

const STATES: readonly Change['state'][] = ['open', 'approved', 'rejected', 'settled', 'withdrawn'];
const KINDS: readonly Change['kind'][] = ['release', 'definition', 'configuration', 'model'];

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
  const kind = KINDS.find((each) => each === url.kind);
  const state = STATES.find((each) => each === url.state);
  const { workflow } = url;
  const pages = usePages(
    ['changes', kind, state, workflow],
    async (after, signal) => {
      const query = {
        limit: 100,
        ...(kind ? { kind } : {}),
        ...(state ? { state } : {}),
        ...(workflow ? { workflow } : {}),
        ...(after === undefined ? {} : { after: String(after) }),
      };
      const { changes, next } = await api.call('GET /v1/changes', { query, signal });
      return { rows: changes, next };
    },
    { enabled: may('changes.read'), every: 15_000 },
  );
  const workflows = useWorkflowNames(pages.rows?.flatMap((each) => each.workflows));
  const filtered = kind ?? state ?? workflow;
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
            {...pages}
            rowKey={({ change }) => change}
            search={url}
            onSearch={setUrl}
            filters={
              <>
                <Select label="State" value={state} options={STATES} onChange={(next) => setUrl({ state: next })} />
                <Select label="Kind" value={kind} options={KINDS} onChange={(next) => setUrl({ kind: next })} />
                <Select
                  label="Workflow"
                  value={workflow}
                  options={workflows}
                  onChange={(next) => setUrl({ workflow: next })}
                />
              </>
            }
            empty={
              <Empty title={filtered ? 'No change is like this' : 'Nothing was changed'}>
                {filtered
                  ? 'Choose another state, kind or workflow.'
                  : 'Everything is as its owners have agreed to it.'}
              </Empty>
            }
          />
        </Panel>
      </div>
    </Page>
  );
}
