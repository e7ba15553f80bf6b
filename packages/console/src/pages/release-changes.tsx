import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answer, api, codeOf } from '../api/client.ts';
import { useUrlState } from '../app/url-state.ts';
import { Panel } from '../ui/page.tsx';
import { Pieces } from '../ui/pieces.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Id } from '../ui/text.tsx';
import type { ShownRelease } from './release.tsx';

type Changes = Answer<'GET /v1/releases/:release/changes'>;

/** What changes to this release, in words, from what is in production or from another release of its workflow. */
export function Differences({ found: { release, workflow } }: { readonly found: ShownRelease }): ReactNode {
  const [url, setUrl] = useUrlState();
  const others = useQuery({
    queryKey: ['releases', workflow],
    queryFn: ({ signal }) => api.call('GET /v1/releases', { query: { workflow, limit: 200 }, signal }),
  });
  const choices = others.data?.releases.filter((each) => each.release !== release && each.bytes !== null) ?? [];
  const production = choices.find(({ state }) => state === 'production');
  const from = choices.find((each) => each.release === url.from)?.release ?? production?.release;
  const changes = useQuery({
    queryKey: ['changes', from, release],
    queryFn: ({ signal }) =>
      api.call('GET /v1/releases/:release/changes', { params: { release }, query: { from: from! }, signal }),
    enabled: from !== undefined,
    // A release is its content: what lies between two never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Panel
      title="What changes"
      aside={
        choices.length === 0 ? null : (
          <div className="field">
            <label htmlFor="from">Compared with</label>
            <select
              id="from"
              value={from ?? ''}
              onChange={(event) => setUrl({ from: event.target.value || undefined })}
            >
              {from === undefined ? <option value="">choose</option> : null}
              {choices.map((each) => (
                <option key={each.release} value={each.release}>
                  {`${each.version}, ${each.release.slice(7, 19)}, ${each.state}`}
                </option>
              ))}
            </select>
          </div>
        )
      }
    >
      {others.isPending || (from !== undefined && changes.isPending) ? <Loading what="the comparison" /> : null}
      {changes.error && codeOf(changes.error) !== 'conflict' ? (
        <Failure error={changes.error} retry={() => void changes.refetch()} />
      ) : null}
      {others.data && from === undefined ? (
        <p className="soft">There is nothing in production to compare it with.</p>
      ) : null}
      {codeOf(changes.error) === 'conflict' ? (
        <p className="soft">There is no bundle of one of them to compare.</p>
      ) : null}
      {changes.data ? <Shown changes={changes.data} /> : null}
    </Panel>
  );
}

function Shown({ changes: { from, changes, cut } }: { readonly changes: Changes }): ReactNode {
  if (changes.length === 0)
    return (
      <p>
        Nothing: they are the same as <Id>{from}</Id>.
      </p>
    );
  const loosens = changes.filter((each) => each.loosens).length;
  // What loosens is read first; what packages it was built with can be hundreds of lines.
  const ordered = changes.toSorted((a, b) => Number(b.loosens) - Number(a.loosens));
  const components = ordered.filter((each) => each.area === 'components' && !each.loosens);
  return (
    <div className="stack">
      <p className={loosens === 0 ? 'note good' : 'note warn'}>
        {changes.length === 1 ? 'One change' : `${changes.length} changes`};{' '}
        {loosens === 0 ? 'none lets more be done, seen or sent.' : `${loosens} of them let more be done, seen or sent.`}
      </p>
      <Pieces pieces={ordered.filter((each) => !components.includes(each))} />
      {components.length === 0 ? null : (
        <details>
          <summary>{components.length === 1 ? 'One component' : `${components.length} components`}</summary>
          <Pieces pieces={components} />
        </details>
      )}
      {cut ? <p className="soft">There is more: portreeve release diff prints all of it.</p> : null}
    </div>
  );
}
