import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { useChosenWorkflow } from '../ui/choose-workflow.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';

type Readiness = Answer<'GET /v1/workflows/:name/readiness'>;
type Item = Readiness['items'][number];

const columns: readonly Column<Item>[] = [
  { id: 'title', title: 'What', value: ({ title }) => title },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  {
    id: 'reason',
    title: 'Why',
    value: ({ reason }) => reason,
    cell: ({ reason }) => (
      <span title={reason}>
        <Text>{reason}</Text>
      </span>
    ),
  },
  { id: 'fix', title: 'Fix', value: ({ fix }) => fix?.write ?? null },
  { id: 'requirement', title: 'Requirement', value: ({ requirement }) => requirement },
];

/** Whether a workflow may go live: every item, and what to write where for each that fails. */
export function ReadinessPage(): ReactNode {
  const may = useMay();
  const { workflow, field, error: unlisted, refetch: list } = useChosenWorkflow();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['readiness', workflow?.name],
    queryFn: ({ signal }) =>
      api.call('GET /v1/workflows/:name/readiness', { params: { name: workflow!.name }, signal }),
    enabled: may('workflows.readiness') && workflow !== undefined,
  });
  return (
    <Page
      title="Readiness"
      needs="workflows.readiness"
      lead="Nothing is weighed against anything else: production takes no task of a workflow while one item fails."
      actions={field}
    >
      {unlisted ? <Failure error={unlisted} retry={() => void list()} /> : null}
      {isPending && !unlisted && may('workflows.readiness') ? <Loading what="the items" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data ? <Shown readiness={data} /> : null}
    </Page>
  );
}

function Shown({ readiness: { items, ready, environment, release } }: { readonly readiness: Readiness }): ReactNode {
  const [url, setUrl] = useUrlState();
  const failed = items.filter(({ state }) => state === 'fail');
  return (
    <div className="stack">
      <p className={ready ? 'note good' : 'note bad'}>
        {ready ? `Ready for ${environment}` : `Not ready for ${environment}: ${failed.length} of ${items.length} fail`}.
        Release <Id>{release}</Id>
      </p>
      {failed.length === 0 ? null : (
        <Panel title="What to mend">
          <ul className="stack">
            {failed.map(({ id, title, reason, fix }) => (
              <li key={id} className="stack-tight">
                <strong>{title}</strong>
                <p>
                  <Text>{reason}</Text>
                </p>
                {fix === null ? null : (
                  <>
                    <p className="small soft">{fix.file === null ? 'Do this' : `Write this into ${fix.file}`}</p>
                    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
                    <pre className="json" tabIndex={0}>
                      <Text>{fix.write}</Text>
                    </pre>
                  </>
                )}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Every item" bare>
        <Table
          name="readiness"
          columns={columns}
          rows={items}
          rowKey={({ id }) => id}
          search={url}
          onSearch={setUrl}
          empty={<Empty title="There are no items" />}
        />
      </Panel>
    </div>
  );
}
