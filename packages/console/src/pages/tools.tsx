import type { ReactNode } from 'react';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { useWorkflows, type Workflow } from './workflows.tsx';

type Tool = Workflow['tools'][number] & { readonly workflow: string };
type Source = Workflow['sources'][number] & { readonly workflow: string };

const TIERS = ['', 'automatic', 'people are told', 'people approve', 'people only'];
const INTEGRITY: Readonly<Record<string, Tone>> = { trusted: 'good', internal: 'plain', untrusted: 'untrusted' };

const UNDO = { yes: 'good', never: 'bad', 'it changes nothing': 'plain' } as const;
const takenBack = ({ reversible, effect }: Tool): keyof typeof UNDO =>
  reversible ? 'yes' : effect === 'read' ? 'it changes nothing' : 'never';

const workflowColumn = {
  id: 'workflow',
  title: 'Workflow',
  value: ({ workflow }: { workflow: string }) => workflow,
  cell: ({ workflow }: { workflow: string }) => <Link to={`/workflows/${workflow}`}>{workflow}</Link>,
};
const versionColumn = { id: 'version', title: 'Version', value: ({ version }: { version: string }) => version };

const toolColumns: readonly Column<Tool>[] = [
  { id: 'name', title: 'Tool', value: ({ name }) => name, cell: ({ name }) => <code>{name}</code> },
  { id: 'title', title: 'What it does', value: ({ title }) => title },
  {
    id: 'tier',
    title: 'Tier',
    value: ({ tier }) => tier,
    cell: ({ tier }) => <Badge tone={tier >= 3 ? 'warn' : 'plain'}>{`${tier}, ${TIERS[tier]}`}</Badge>,
  },
  {
    id: 'effect',
    title: 'Effect',
    value: ({ effect }) => effect,
    cell: ({ effect }) => (
      <Badge tone={effect === 'external' ? 'bad' : effect === 'write' ? 'warn' : 'plain'}>{effect}</Badge>
    ),
  },
  {
    id: 'undo',
    title: 'Taken back',
    value: takenBack,
    cell: (tool) => <Badge tone={UNDO[takenBack(tool)]}>{takenBack(tool)}</Badge>,
  },
  { id: 'clearance', title: 'Cleared for', value: ({ clearance }) => clearance.confidentiality },
  { id: 'sinks', title: 'Sinks', value: ({ sinks }) => sinks.map(({ path, kind }) => `${path} (${kind})`).join(', ') },
  { id: 'dry', title: 'Dry run', value: ({ dry_run }) => (dry_run ? 'yes' : 'no') },
  { id: 'connector', title: 'Connector', value: ({ connector }) => connector },
  versionColumn,
  workflowColumn,
];

const sourceColumns: readonly Column<Source>[] = [
  { id: 'name', title: 'Source', value: ({ name }) => name, cell: ({ name }) => <code>{name}</code> },
  { id: 'title', title: 'What it gives', value: ({ title }) => title },
  {
    id: 'integrity',
    title: 'Who wrote it',
    value: ({ integrity }) => integrity,
    cell: ({ integrity }) => <Badge tone={INTEGRITY[integrity] ?? 'plain'}>{integrity}</Badge>,
  },
  { id: 'confidentiality', title: 'Confidentiality', value: ({ confidentiality }) => confidentiality },
  { id: 'categories', title: 'Categories', value: ({ categories }) => categories.join(', ') || null },
  { id: 'fields', title: 'Fields that leave it', value: ({ fields }) => fields.join(', ') },
  { id: 'kind', title: 'Kind', value: ({ kind }) => kind },
  versionColumn,
  workflowColumn,
];

export function Tools(): ReactNode {
  const [url, setUrl] = useUrlState();
  const { data, error, refetch } = useWorkflows();
  const tools = data?.workflows.flatMap((each) => each.tools.map((tool) => ({ ...tool, workflow: each.name })));
  const sources = data?.workflows.flatMap((each) => each.sources.map((source) => ({ ...source, workflow: each.name })));
  const shared = { error, retry: () => void refetch(), search: url, onSearch: setUrl };
  const key = (row: { name: string; workflow: string }) => `${row.workflow} ${row.name}`;
  return (
    <Page
      title="Tools and sources"
      needs="workflows.list"
      lead="What may be done and what may be read, as their contracts say. A tool is reached with a grant alone, and a source gives no field that does not stand here."
    >
      <div className="stack">
        <Panel title="Tools" bare>
          <Table
            name="tools"
            columns={toolColumns}
            rows={tools}
            rowKey={key}
            {...shared}
            empty={<Empty title="No tool is declared" />}
          />
        </Panel>
        <Panel title="Sources" bare>
          <Table
            name="sources"
            columns={sourceColumns}
            rows={sources}
            rowKey={key}
            {...shared}
            empty={<Empty title="No source is declared" />}
          />
        </Panel>
      </div>
    </Page>
  );
}
