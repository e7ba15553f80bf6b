import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, type Row } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge } from '../ui/badge.tsx';
import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id } from '../ui/text.tsx';

export type Workflow = Row<'GET /v1/workflows', 'workflows'>;

export function tierBadge(tier: string): ReactNode {
  return (
    <Badge tone={tier === 'critical' || tier === 'high' ? 'bad' : tier === 'medium' ? 'warn' : 'plain'}>{tier}</Badge>
  );
}

export function useWorkflows() {
  const may = useMay();
  return useQuery({
    queryKey: ['workflows'],
    queryFn: ({ signal }) => api.call('GET /v1/workflows', { signal }),
    enabled: may('workflows.list'),
    staleTime: 60_000,
  });
}

/** What a list can be narrowed to: the workflows that are loaded, and those in the rows that are not any more. */
export function useWorkflowNames(inRows: readonly string[] = []): readonly string[] {
  const loaded = useWorkflows().data?.workflows.map(({ name }) => name) ?? [];
  return [...new Set([...loaded, ...inRows])].sort();
}

const columns: readonly Column<Workflow>[] = [
  {
    id: 'title',
    title: 'Workflow',
    value: ({ title }) => title,
    cell: ({ name, title }) => <Link to={`/workflows/${name}`}>{title}</Link>,
  },
  { id: 'tier', title: 'Risk', value: ({ tier }) => tier, cell: ({ tier }) => tierBadge(tier) },
  { id: 'version', title: 'Version', value: ({ version }) => version },
  { id: 'tools', title: 'Tools', numeric: true, value: ({ tools }) => tools.length },
  { id: 'sources', title: 'Sources', numeric: true, value: ({ sources }) => sources.length },
  { id: 'approvers', title: 'Approved by', value: ({ approvers }) => approvers.join(', ') },
  { id: 'owner', title: 'Business owner', value: ({ owners }) => owners.business },
  {
    id: 'use',
    title: 'Acceptable use',
    value: ({ acceptable_use }) => (acceptable_use === null ? 'missing' : 'stated'),
    cell: ({ acceptable_use }) => (
      <Badge tone={acceptable_use === null ? 'warn' : 'good'}>{acceptable_use === null ? 'missing' : 'stated'}</Badge>
    ),
  },
  { id: 'release', title: 'Release', value: ({ release }) => release, cell: ({ release }) => <Id>{release}</Id> },
];

export function Workflows(): ReactNode {
  const [url, setUrl] = useUrlState();
  const { data, error, refetch } = useWorkflows();
  return (
    <Page
      title="Workflows"
      needs="workflows.list"
      lead="What may run here, what each may touch, who answers for it, and what it may be used for."
    >
      <div className="panel">
        <Table
          name="workflows"
          columns={columns}
          rows={data?.workflows}
          error={error}
          retry={() => void refetch()}
          rowKey={({ name }) => name}
          search={url}
          onSearch={setUrl}
          empty={<Empty title="No workflow is loaded">portreeve.config.ts names those that are.</Empty>}
        />
      </div>
    </Page>
  );
}
