import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { AcceptableUseNote } from '../ui/acceptable-use.tsx';
import { StateBadge } from '../ui/badge.tsx';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Reason } from '../ui/select.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Id, Json, Text, Whole } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { useAct } from '../ui/use-act.tsx';
import { kindBadge } from './queue.tsx';

/** Kinds that policy or a person has refused. */
const REFUSED: ReadonlySet<string> = new Set(['refused', 'denied', 'expired_approval']);

type Handoff = Answer<'GET /v1/queue/:id'>;

export function HandoffPage(): ReactNode {
  const { id } = useParams({ strict: false }) as { id: string };
  const may = useMay();
  const handoff = useQuery({
    queryKey: ['queue', 'one', id],
    queryFn: ({ signal }) => api.call('GET /v1/queue/:id', { params: { id }, signal }),
    enabled: may('queue.read'),
  });
  return (
    <Page title="Hand-off" needs="queue.read" lead={<Whole>{id}</Whole>}>
      {handoff.isPending ? <Loading what="the hand-off" /> : null}
      {handoff.isError ? <Failure error={handoff.error} retry={() => void handoff.refetch()} /> : null}
      {handoff.data ? <Shown handoff={handoff.data} /> : null}
    </Page>
  );
}

function Shown({ handoff }: { readonly handoff: Handoff }): ReactNode {
  const may = useMay();
  return (
    <div className="split">
      <div className="stack">
        <Panel title="Why it is here">
          <div className="stack">
            <p className="prose">
              <Text>{handoff.why}</Text>
            </p>
            <p className="note">
              <strong>What you can do: </strong>
              <Text>{handoff.next}</Text>
            </p>
            {REFUSED.has(handoff.kind) ? <AcceptableUseNote workflow={handoff.workflow} /> : null}
          </div>
        </Panel>
        <Panel title="What was tried, and what is known">
          <Json value={handoff.context} />
        </Panel>
      </div>
      <div className="stack">
        <Panel title="Facts">
          <Facts
            rows={[
              ['Kind', kindBadge(handoff.kind)],
              ['State', <StateBadge key="s" state={handoff.state} />],
              [
                'Workflow',
                <Link key="w" to={`/workflows/${handoff.workflow}`}>
                  {handoff.workflow}
                </Link>,
              ],
              [
                'Run',
                handoff.run ? (
                  <Link key="r" to={`/runs/${handoff.run}`}>
                    <Id>{handoff.run}</Id>
                  </Link>
                ) : (
                  'none'
                ),
              ],
              ['Since', <WholeTime key="c" at={handoff.created_at} />],
              ['Finished', handoff.closed_at ? <WholeTime key="d" at={handoff.closed_at} /> : 'not yet'],
            ]}
          />
        </Panel>
        {handoff.state !== 'done' && may('queue.finish') ? <Finish handoff={handoff} /> : null}
      </div>
    </div>
  );
}

const FOUND = [
  ['', 'I have not found out'],
  ['happened', 'It happened'],
  ['did_not_happen', 'It did not happen'],
] as const;

function Finish({ handoff }: { readonly handoff: Handoff }): ReactNode {
  const [note, setNote] = useState('');
  const [came, setCame] = useState<(typeof FOUND)[number][0]>('');
  const { act, busy, element } = useAct();
  const [result, setResult] = useState('');
  const wrong = result.trim() !== '' && parsed(result) === undefined;
  const given = () => {
    if (came !== '') return { found: { came } };
    if (!handoff.awaits) return {};
    return result.trim() === '' ? { declined: true as const } : { result: parsed(result) };
  };
  const finish = () =>
    act(() =>
      api.call('POST /v1/queue/:id/finish', { params: { id: handoff.id }, body: { note: note.trim(), ...given() } }),
    );
  return (
    <Panel title="Finish it">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void finish();
        }}
      >
        {element}
        {handoff.kind === 'unknown_outcome' ? (
          <fieldset className="stack-tight">
            <legend>What did you find downstream?</legend>
            {FOUND.map(([value, label]) => (
              <label key={value} className="cluster">
                <input type="radio" name="came" checked={came === value} onChange={() => setCame(value)} />
                {label}
              </label>
            ))}
          </fieldset>
        ) : null}
        {handoff.awaits ? (
          <label className="stack-tight">
            The run waits for your result, as JSON. Left empty: there is none, and the run ends.
            <textarea
              rows={6}
              value={result}
              onChange={(event) => setResult(event.target.value)}
              aria-invalid={wrong}
            />
          </label>
        ) : null}
        <Reason label="What was done" value={note} onChange={setNote} />
        <button type="submit" className="button primary" disabled={busy || wrong || note.trim() === ''}>
          Say that it is finished
        </button>
      </form>
    </Panel>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
