import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { type Answer, api, queryClient } from '../api/client.ts';
import { type LiveState, useLiveRun } from '../api/live-run.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { AcceptableUseNote } from '../ui/acceptable-use.tsx';
import { Badge, StateBadge } from '../ui/badge.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Reason } from '../ui/select.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Id, Json, Text, Whole } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { StageBar, Timeline } from '../ui/timeline.tsx';
import { useAct } from '../ui/use-act.tsx';
import { approvalPage } from './deny.tsx';

type Run = Answer<'GET /v1/runs/:id'>;

const LIVE: Readonly<Record<LiveState, readonly ['good' | 'warn' | 'plain' | 'accent', string]>> = {
  connecting: ['plain', 'connecting'],
  live: ['accent', 'live'],
  ended: ['plain', 'ended'],
  broken: ['warn', 'connection lost, trying again'],
};

export function RunPage(): ReactNode {
  const { id } = useParams({ strict: false }) as { id: string };
  const may = useMay();
  const run = useQuery({
    queryKey: ['run', id],
    queryFn: ({ signal }) => api.call('GET /v1/runs/:id', { params: { id }, signal }),
    enabled: may('runs.read'),
  });
  return (
    <Page
      title={run.data ? `Run of ${run.data.workflow}` : 'Run'}
      needs="runs.read"
      lead={<Whole>{id}</Whole>}
      actions={run.data ? <Actions run={run.data} /> : null}
    >
      {run.isPending ? <Loading what="the run" /> : null}
      {run.isError ? <Failure error={run.error} retry={() => void run.refetch()} /> : null}
      {run.data ? <Story run={run.data} /> : null}
    </Page>
  );
}

function Actions({ run }: { readonly run: Run }): ReactNode {
  const may = useMay();
  const [asking, setAsking] = useState(false);
  return (
    <>
      {run.approval && run.state !== 'completed' ? (
        <a className="button primary" href={approvalPage(run.approval)}>
          Its approval
        </a>
      ) : null}
      {may('audit.read') ? (
        <Link to={`/replay/${run.id}`} className="button">
          Check against the log
        </Link>
      ) : null}
      {may('executions.undo') && run.ended_at ? (
        <button type="button" className="button danger" onClick={() => setAsking(true)}>
          Take it back
        </button>
      ) : null}
      {asking ? <TakeBack id={run.id} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function TakeBack({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactNode {
  const [reason, setReason] = useState('');
  const { act, busy, element } = useAct();
  const submit = async (): Promise<void> => {
    const did = await act(() =>
      api.call('POST /v1/runs/:id/undo', { params: { id }, body: { reason: reason.trim() } }),
    );
    if (did) onClose();
  };
  return (
    <Dialog title="Take back what this run did" onClose={onClose} onSubmit={() => void submit()}>
      <p>
        Each effect is taken back by a proposal of its own, latest first. Policy decides on each, and may ask people.
      </p>
      {element}
      <Reason value={reason} onChange={setReason} />
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button danger" disabled={busy || reason.trim() === ''}>
          Ask for it
        </button>
      </footer>
    </Dialog>
  );
}

function Story({ run }: { readonly run: Run }): ReactNode {
  const may = useMay();
  const { records, state } = useLiveRun(run.id);
  const [tone, words] = LIVE[state];
  const last = records.at(-1)?.entry.index;
  const refusal = records.find(({ acceptable_use }) => typeof acceptable_use === 'string');
  useEffect(() => {
    // What the record tells has changed the run.
    if (last !== undefined) void queryClient.invalidateQueries({ queryKey: ['run', run.id] });
  }, [last, run.id]);
  return (
    <div className="stack">
      <div className="panel">
        <StageBar records={records} />
      </div>
      {refusal ? <AcceptableUseNote workflow={run.workflow} link={refusal.acceptable_use} /> : null}
      <div className="split">
        <Panel
          title="What happened"
          aside={
            <span role="status">
              <Badge tone={tone}>{words}</Badge>
            </span>
          }
        >
          {records.length === 0 ? (
            <Loading what="the records of the run" />
          ) : (
            <Timeline records={records} linked={may('audit.read')} />
          )}
        </Panel>
        <div className="stack">
          <Panel title="The run">
            <Facts
              rows={[
                ['State', <StateBadge key="s" state={run.state} />],
                ['Ending', <Text key="e">{run.ending ?? 'it goes on'}</Text>],
                ['Asked by', <Text key="b">{run.principal.name}</Text>],
                [
                  'Through',
                  run.principal.act.length === 0 ? 'nobody' : run.principal.act.map(({ id }) => <Id key={id}>{id}</Id>),
                ],
                ['Begun', <WholeTime key="a" at={run.created_at} />],
                ['Release', <Id key="r">{run.release}</Id>],
                ['Policy', <Id key="p">{run.policy_version}</Id>],
                [
                  'Workflow',
                  <Link key="w" to={`/workflows/${run.workflow}`}>
                    {run.workflow}
                  </Link>,
                ],
              ]}
            />
          </Panel>
          <Panel title="What was asked">
            <Json value={run.input} />
          </Panel>
          {run.result ? (
            <Panel title="Result">
              <Json value={run.result} />
            </Panel>
          ) : null}
        </div>
      </div>
    </div>
  );
}
