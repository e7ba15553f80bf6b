import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { StateBadge } from '../ui/badge.tsx';
import { Change } from '../ui/change.tsx';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Pieces } from '../ui/pieces.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Id, Text, Whole } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { DeskNote } from './release-acts.tsx';
import { tierBadge } from './workflows.tsx';

type ShownChange = Answer<'GET /v1/changes/:change'>;
type Asked = Answer<'POST /v1/changes/:change/approvals'>;

export function ChangePage(): ReactNode {
  const { change } = useParams({ strict: false }) as { change: string };
  const may = useMay();
  const [asked, setAsked] = useState<Asked | null>(null);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['change', change],
    queryFn: ({ signal }) => api.call('GET /v1/changes/:change', { params: { change }, signal }),
    enabled: may('changes.read'),
    refetchInterval: 10_000,
  });
  return (
    <Page
      title="Change"
      needs="changes.read"
      lead={data ? <Whole>{data.subject}</Whole> : null}
      actions={data ? <Acts found={data} onAsked={setAsked} onDone={() => void refetch()} /> : null}
    >
      {isPending && may('changes.read') ? <Loading what="the change" /> : null}
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

function Shown({ found }: { readonly found: ShownChange }): ReactNode {
  const { kind, subject, workflows, owners, pieces } = found;
  return (
    <div className="split">
      <div className="stack">
        <Panel title="What is otherwise">
          {pieces.length === 0 ? <p>Nothing that can be told in words.</p> : <Pieces pieces={pieces} />}
        </Panel>
        <Evidence found={found} />
        <Decisions found={found} />
      </div>
      <div className="stack">
        <Panel title="Facts">
          <Facts
            rows={[
              ['State', <StateBadge key="s" state={found.state} />],
              ['Kind', kind],
              ['Risk', tierBadge(found.risk)],
              ['Touches', <Text key="w">{workflows.join(', ') || 'no workflow'}</Text>],
              ['Who speaks for it', <Text key="o">{owners.join(', ')}</Text>],
              ['Opened', <WholeTime key="t" at={found.opened_at} />],
              ['By', <Id key="b">{found.opened_by}</Id>],
              ['Why', <Text key="r">{found.reason}</Text>],
              ['From', found.from === null ? 'it is new' : <Id key="f">{found.from}</Id>],
              ['To', <Id key="d">{found.to}</Id>],
            ]}
          />
        </Panel>
        {kind === 'release' ? (
          <p className="note">
            It is decided with its release: <Link to={`/releases/${subject}`}>look at it there</Link>.
          </p>
        ) : null}
        {kind === 'definition' ? (
          <p className="note">It is decided with its definition: portreeve tool approve, or portreeve tool withdraw.</p>
        ) : null}
      </div>
    </div>
  );
}

/** What was run again since, workflow by workflow; what is missing stands in the way of an approval. */
function Evidence({ found: { evidence } }: { readonly found: ShownChange }): ReactNode {
  return (
    <Panel title="Tests and red team since">
      {evidence.length === 0 ? <p>It touches no workflow, so that there is nothing to run again.</p> : null}
      <ul className="stack-tight">
        {evidence.map(({ workflow, release, reports, lacks }) => (
          <li key={workflow} className="breakable">
            <div className="cluster">
              <StateBadge state={lacks.length === 0 ? 'pass' : 'fail'} />
              <Text>{workflow}</Text>
              {release === null ? <span>nothing of it runs</span> : null}
              {reports.map((report) => (
                <Link key={report} to={`/releases/${release}/reports/${report}`}>
                  <Id>{report}</Id>
                </Link>
              ))}
            </div>
            {lacks.length === 0 ? null : (
              <ul>
                {lacks.map(({ path, message }) => (
                  <li key={`${path} ${message}`}>
                    <code>{path}</code> <Text>{message}</Text>
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Decisions({ found: { moves } }: { readonly found: ShownChange }): ReactNode {
  return (
    <Panel title="Who decided">
      {moves.length === 0 ? <p>Nobody yet.</p> : null}
      <ul className="stack-tight">
        {moves.map(({ event, to, at, by, reason, proposal }) => (
          <li key={`${at} ${event}`} className="breakable">
            <div className="cluster">
              <StateBadge state={to} />
              <WholeTime at={at} />
              <Id>{by}</Id>
              <Text>{reason}</Text>
              {proposal === null ? null : (
                <span>
                  by the proposal <Id>{proposal}</Id>
                </span>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** What of its own can be decided here; a release and a definition are decided where they are. */
function Acts({
  found: { change, kind, state, evidence, asked },
  onAsked,
  onDone,
}: {
  readonly found: ShownChange;
  readonly onAsked: (asked: Asked) => void;
  readonly onDone: () => void;
}): ReactNode {
  const may = useMay();
  const [act, setAct] = useState<'approve' | 'reject' | null>(null);
  const here = kind === 'configuration' || kind === 'model';
  if (!here || (state !== 'open' && state !== 'rejected')) return null;
  const lacking = evidence.some(({ lacks }) => lacks.length > 0);
  const params = { change };
  const close = () => {
    setAct(null);
    onDone();
  };
  return (
    <>
      {may('changes.approve') ? (
        <button
          type="button"
          className="button"
          disabled={lacking || asked !== null}
          title={lacking ? 'Its tests and red team come first' : undefined}
          onClick={() => setAct('approve')}
        >
          {asked === null ? 'Have it approved' : 'Its owners are asked'}
        </button>
      ) : null}
      {may('changes.reject') && state === 'open' ? (
        <button type="button" className="button danger" onClick={() => setAct('reject')}>
          Reject it
        </button>
      ) : null}
      {act === 'approve' ? (
        <Change
          title="Have this change approved"
          explained="A person who speaks for what it touches is asked to agree, and sees what is otherwise and which reports it rests on."
          verb="Ask the owners"
          change={async (reason) => {
            onAsked(await api.call('POST /v1/changes/:change/approvals', { params, body: { reason } }));
          }}
          onClose={close}
        />
      ) : null}
      {act === 'reject' ? (
        <Change
          title="Reject this change"
          explained="What is in force stays in force, and counts as not reviewed: nothing that it touches is promoted on tests from before. Take it back, or have it approved after all."
          verb="Reject it now"
          change={(reason) => api.call('POST /v1/changes/:change/rejections', { params, body: { reason } })}
          onClose={close}
        />
      ) : null}
    </>
  );
}
