import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, type Row } from '../api/client.ts';
import { useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { Panel } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';

type Figure = Row<'GET /v1/workflows/:name/thresholds', 'figures'>;

const stateOf = ({ missed, value }: Figure): string =>
  missed ? 'missed' : value === null ? 'too_little_seen' : 'kept';

const columns: readonly Column<Figure>[] = [
  { id: 'threshold', title: 'Threshold', value: ({ threshold }) => threshold.replaceAll('_', ' ') },
  { id: 'bound', title: 'Bound', numeric: true, value: ({ bound }) => bound },
  { id: 'comes', title: 'Comes to', numeric: true, value: ({ value }) => value },
  { id: 'counted', title: 'Counted', numeric: true, value: ({ counted }) => counted },
  { id: 'kept', title: 'State', value: stateOf, cell: (row) => <StateBadge state={stateOf(row)} /> },
];

/** What the live thresholds of a workflow come to now; one that is missed suspends it. */
export function Thresholds({ workflow }: { readonly workflow: string }): ReactNode {
  const [url, setUrl] = useUrlState();
  const { data, error, refetch } = useQuery({
    queryKey: ['thresholds', workflow],
    queryFn: ({ signal }) => api.call('GET /v1/workflows/:name/thresholds', { params: { name: workflow }, signal }),
  });
  return (
    <Panel title="Stop conditions" bare>
      <Table
        name="thresholds"
        columns={columns}
        rows={data?.figures}
        error={error}
        retry={() => void refetch()}
        rowKey={({ threshold }) => threshold}
        search={url}
        onSearch={setUrl}
        empty={<Empty title="No threshold is watched" />}
      />
    </Panel>
  );
}
