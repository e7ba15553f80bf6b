import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { useUrlState } from '../app/url-state.ts';
import { Badge } from '../ui/badge.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { Freeze, Incident, Maintain, Thaw } from './environment-acts.tsx';

type State = Answer<'GET /v1/environment'>;
type Change = State['history'][number];

const columns: readonly Column<Change>[] = [
  { id: 'at', title: 'When', value: ({ at }) => at, cell: ({ at }) => <WholeTime at={at} /> },
  { id: 'subject', title: 'What', value: ({ subject }) => subject },
  { id: 'state', title: 'Became', value: ({ state }) => state },
  { id: 'reason', title: 'Why', value: ({ reason }) => reason },
  { id: 'by', title: 'By', value: ({ by }) => by },
  {
    id: 'until',
    title: 'Until',
    value: ({ until }) => until,
    cell: ({ until }) => (until ? <WholeTime at={until} /> : <span className="soft">further notice</span>),
  },
];

type Act = 'freeze' | 'incident' | 'maintain' | { readonly thaw: string };

export function EnvironmentPage(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const [doing, setDoing] = useState<Act | null>(null);
  const environment = useQuery({
    queryKey: ['environment', 'whole'],
    queryFn: ({ signal }) => api.call('GET /v1/environment', { query: { history: 200 }, signal }),
    enabled: may('environment.read'),
    refetchInterval: 5000,
  });
  const { data } = environment;
  const close = () => setDoing(null);
  return (
    <Page
      title="Environment"
      needs="environment.read"
      lead="What holds for everybody now. A freeze stops new calls, grants that nobody has used yet, and approvals; what has reached a tool is not called back."
      actions={
        may('environment.freeze') ? (
          <>
            <button type="button" className="button" onClick={() => setDoing('maintain')}>
              Plan maintenance
            </button>
            <button type="button" className="button" onClick={() => setDoing('incident')}>
              {data?.incident ? 'End the incident' : 'Declare an incident'}
            </button>
            <button type="button" className="button danger" onClick={() => setDoing('freeze')}>
              Freeze
            </button>
          </>
        ) : null
      }
    >
      {environment.isPending ? <Loading what="the environment" /> : null}
      {environment.isError ? <Failure error={environment.error} retry={() => void environment.refetch()} /> : null}
      {data ? (
        <div className="stack">
          <Holds state={data} onThaw={(target) => setDoing({ thaw: target })} />
          <Panel title="What has changed" bare>
            <Table
              name="changes"
              columns={columns}
              rows={data.history}
              rowKey={(row) => `${row.at} ${row.subject} ${row.state}`}
              search={url}
              onSearch={setUrl}
              empty={<Empty title="Nothing has changed yet" />}
            />
          </Panel>
        </div>
      ) : null}
      {doing === 'freeze' ? <Freeze onClose={close} /> : null}
      {doing === 'incident' && data ? <Incident on={data.incident} onClose={close} /> : null}
      {doing === 'maintain' ? <Maintain onClose={close} /> : null}
      {typeof doing === 'object' && doing ? <Thaw target={doing.thaw} onClose={close} /> : null}
    </Page>
  );
}

function Holds({ state, onThaw }: { readonly state: State; readonly onThaw: (target: string) => void }): ReactNode {
  const may = useMay();
  if (state.holds.length === 0)
    return <p className="note good">Nothing is frozen, there is no incident, and no endpoint is out.</p>;
  return (
    <div className="cards">
      {state.holds.map((hold) => {
        const [kind = '', ...rest] = hold.subject.split(':');
        const target = rest.join(':');
        const frozen = kind === 'freeze' ? target : null;
        return (
          <section key={hold.subject} className="panel" aria-label={hold.subject}>
            <header>
              <h2>
                <Text>{target || kind}</Text>
              </h2>
              <Badge tone={kind === 'maintenance' ? 'warn' : 'bad'}>
                {kind === 'freeze' ? `frozen: ${hold.state}` : `${kind} ${hold.state}`}
              </Badge>
            </header>
            <div className="body stack-tight">
              <p>
                <Text>{hold.reason}</Text>
              </p>
              <p className="small soft">
                <Text>{hold.by}</Text>, <WholeTime at={hold.at} />
              </p>
              {frozen !== null && may('environment.thaw') ? (
                <div>
                  <button type="button" className="button" onClick={() => onThaw(frozen)}>
                    Thaw
                  </button>
                </div>
              ) : null}
            </div>
          </section>
        );
      })}
    </div>
  );
}
