import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { StateBadge } from '../ui/badge.tsx';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Id, Text, Whole } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { type Asked, DeskNote, type Move, MoveRelease, Promote, RollBack } from './release-acts.tsx';
import { Differences } from './release-changes.tsx';
import { Evidence, Moves, Requests } from './release-history.tsx';
import { signed } from './releases.tsx';
import { tierBadge } from './workflows.tsx';

export type ShownRelease = Answer<'GET /v1/releases/:release'>;

export function ReleasePage(): ReactNode {
  const { release } = useParams({ strict: false }) as { release: string };
  const may = useMay();
  const [asked, setAsked] = useState<Asked | null>(null);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['release', release],
    queryFn: ({ signal }) => api.call('GET /v1/releases/:release', { params: { release }, signal }),
    enabled: may('releases.read'),
    refetchInterval: 10_000,
  });
  return (
    <Page
      title={data ? `${data.workflow} ${data.version}` : 'Release'}
      needs="releases.read"
      lead={<Whole>{release}</Whole>}
      actions={data ? <Acts found={data} onAsked={setAsked} /> : null}
    >
      {isPending && may('releases.read') ? <Loading what="the release" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data ? (
        <div className="stack">
          <DeskNote asked={asked} />
          <Shown found={data} />
        </div>
      ) : null}
    </Page>
  );
}

function Shown({ found }: { readonly found: ShownRelease }): ReactNode {
  return (
    <div className="split">
      <div className="stack">
        <Pilot found={found} />
        <Lacks found={found} />
        <Evidence found={found} />
        <Differences key={found.release} found={found} />
        <Moves found={found} />
        <Requests found={found} />
      </div>
      <div className="stack">
        <Panel title="Facts">
          <Facts
            rows={[
              ['State', <StateBadge key="s" state={found.state} />],
              [
                'Workflow',
                <Link key="w" to={`/workflows/${found.workflow}`}>
                  {found.workflow}
                </Link>,
              ],
              ['Risk', tierBadge(found.risk)],
              ['Signed by', signed(found)],
              ['Bundle', found.bytes === null ? 'none' : `${Math.ceil(found.bytes / 1024)} KiB`],
              ['Made for', <Text key="p">{`the core ${found.portreeve} of Portreeve`}</Text>],
              ['Added', <WholeTime key="a" at={found.added_at} />],
              ['Added by', <Id key="b">{found.added_by}</Id>],
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

/** What stands between this release and production; of one that has left the way, nothing. */
function Lacks({ found: { lacks, state } }: { readonly found: ShownRelease }): ReactNode {
  if (!['added', 'testing', 'staging', 'pilot'].includes(state)) return null;
  return (
    <Panel title="What it lacks for going on">
      {lacks.length === 0 ? (
        <p>Nothing: its tests and its red team are attached, and keep to the thresholds. Its owners decide.</p>
      ) : (
        <ul className="stack-tight">
          {lacks.map(({ path, message }) => (
            <li key={`${path} ${message}`} className="breakable">
              <code>
                <Text>{path}</Text>
              </code>{' '}
              <Text>{message}</Text>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** The step of its rollout that it is in: whom it serves, how far it is, and what it takes to leave it. */
function Pilot({ found: { pilot } }: { readonly found: ShownRelease }): ReactNode {
  if (pilot === null) return null;
  return (
    <Panel title={`Step ${pilot.step} of ${pilot.steps} of its rollout`}>
      <div className="stack">
        <p>
          <Text>{pilot.serves}</Text>
        </p>
        <Facts
          rows={[
            ['Runs', `${pilot.taken} of at most ${pilot.runs_max}`],
            ['Ended', `${pilot.ended}, of them ${pilot.failed} failed or left to a person`],
            ['Since', <WholeTime key="s" at={pilot.entered_at} />],
          ]}
        />
        {pilot.unmet.length === 0 ? (
          <p className="note good">It may leave this step: its owners decide.</p>
        ) : (
          <ul className="stack-tight">
            {pilot.unmet.map(({ path, message }) => (
              <li key={path}>
                <code>{path}</code> <Text>{message}</Text>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Panel>
  );
}

type Act = Move | 'stage' | 'promote' | 'restore' | 'back';

/** What may become of a release, by where it stands; the server judges whether it can. */
const ACTS: Readonly<Record<ShownRelease['state'], readonly (readonly [Act, string])[]>> = {
  added: [
    ['test', 'Let it be tested'],
    ['retire', 'Give it up'],
  ],
  testing: [
    ['stage', 'Stage it'],
    ['retire', 'Give it up'],
  ],
  staging: [
    ['promote', 'Let it go on'],
    ['retire', 'Give it up'],
  ],
  pilot: [
    ['promote', 'Let it go on'],
    ['withdraw', 'End the pilot'],
  ],
  production: [['back', 'Roll back']],
  retired: [
    ['restore', 'Roll back to this'],
    ['test', 'Let it be tested'],
  ],
  barred: [],
};

function Acts({
  found,
  onAsked,
}: {
  readonly found: ShownRelease;
  readonly onAsked: (asked: Asked) => void;
}): ReactNode {
  const may = useMay();
  const [act, setAct] = useState<Act | null>(null);
  const close = () => setAct(null);
  const { release, workflow, state, moves } = found;
  const was = moves.some(({ to }) => to === 'production');
  const offered = ACTS[state].filter(([each]) => may('releases.move') && (each !== 'restore' || was));
  const asking = { onAsked, onClose: close };
  return (
    <>
      {offered.map(([each, title]) => (
        <button
          key={each}
          type="button"
          className={['back', 'restore', 'retire', 'withdraw'].includes(each) ? 'button danger' : 'button'}
          onClick={() => setAct(each)}
        >
          {title}
        </button>
      ))}
      {state !== 'barred' && may('releases.bar') ? (
        <button type="button" className="button danger" onClick={() => setAct('bar')}>
          Bar for ever
        </button>
      ) : null}
      {act === 'back' || act === 'restore' ? (
        <RollBack workflow={workflow} to={act === 'restore' ? release : null} {...asking} />
      ) : null}
      {act === 'stage' || act === 'promote' ? <Promote release={release} on={act} {...asking} /> : null}
      {act === 'test' || act === 'retire' || act === 'withdraw' || act === 'bar' ? (
        <MoveRelease release={release} event={act} onClose={close} />
      ) : null}
    </>
  );
}
