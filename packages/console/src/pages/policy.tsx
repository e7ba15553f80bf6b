import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { type Answer, api, errorsOf, queryClient, wordsOf } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { type Fault, faultsOf, goTo, PolicyFiles, placeText } from './policy-files.tsx';
import { Result } from './policy-result.tsx';

export type InForce = Answer<'GET /v1/policy/files'>;
export type RuleFile = InForce['files'][number];
export type Replay = Answer<'POST /v1/policy/replays'>;

const DAY_MS = 86_400_000;
/** Days of each span that is offered; null: all that is on record. */
const SPANS: Readonly<Record<string, number | null>> = { day: 1, week: 7, month: 30, quarter: 92, all: null };

/** What somebody tries. It outlives the page, because its results lead to others, and ends with the session. */
interface Draft {
  /** Null: as they are in force. */
  readonly files: readonly RuleFile[] | null;
  readonly found: Found | null;
}
type Found =
  | { readonly of: readonly RuleFile[]; readonly replay: Replay }
  | { readonly of: readonly RuleFile[]; readonly fault: string; readonly faults: readonly Fault[] };
const DRAFT = ['policy', 'draft'] as const;
queryClient.setQueryDefaults(DRAFT, { gcTime: Number.POSITIVE_INFINITY });

/** Other rules, tried on the decisions that were recorded. */
export function PolicyPage(): ReactNode {
  const may = useMay();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['policy', 'files'],
    queryFn: ({ signal }) => api.call('GET /v1/policy/files', { signal }),
    enabled: may('policy.replay'),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Page
      title="What if"
      needs="policy.replay"
      lead="Other rules, tried on decisions that were recorded: what would have been decided otherwise, and which of them cannot be judged anew."
    >
      {isPending && may('policy.replay') ? <Loading what="the rules in force" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data ? <Trial inForce={data} /> : null}
    </Page>
  );
}

function Trial({ inForce }: { readonly inForce: InForce }): ReactNode {
  const [draft, setDraft] = useState<Draft>(
    () => queryClient.getQueryData<Draft>(DRAFT) ?? { files: null, found: null },
  );
  const [url, setUrl] = useUrlState();
  const span = Object.hasOwn(SPANS, url.span ?? '') ? url.span! : 'month';
  // Its buttons stay where the focus is: what they cannot do now they only say.
  const [asking, setAsking] = useState<AbortController | null>(null);
  const [stopped, setStopped] = useState(false);
  const result = useRef<HTMLElement>(null);
  useEffect(() => {
    queryClient.setQueryData<Draft>(DRAFT, draft);
  }, [draft]);
  // Whoever leaves waits for nothing: the server stops, too.
  useEffect(() => () => asking?.abort(), [asking]);

  const { found } = draft;
  const arrived = useRef(false);
  // Where the answer is is where one reads on, once it is drawn; not where somebody has come back to it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is an occasion
  useEffect(() => {
    if (!arrived.current) return;
    arrived.current = false;
    result.current?.focus({ preventScroll: true });
    result.current?.scrollIntoView({ block: 'start' });
  }, [found]);
  const files = draft.files ?? inForce.files;
  const replay = async (): Promise<void> => {
    if (asking) return;
    const stop = new AbortController();
    setAsking(stop);
    const found = await ask(files, SPANS[span] ?? null, stop.signal);
    setAsking(null);
    setStopped(found === null);
    if (found === null) return;
    arrived.current = true;
    setDraft((now) => ({ ...now, found }));
  };
  const status = asking
    ? 'Checking the rules, then judging the decisions…'
    : found && !areSame(found.of, files)
      ? 'Edited since: what stands below is of the rules before.'
      : stopped
        ? 'Stopped.'
        : '';
  return (
    <div className="stack">
      <HowRulesGetIn own={inForce.own} />
      <PolicyFiles
        files={files}
        inForce={inForce.files}
        faults={found && 'faults' in found ? found.faults : []}
        onFiles={(files) => setDraft((now) => ({ ...now, files }))}
        onReset={draft.files === null ? null : () => setDraft({ files: null, found: null })}
      >
        <form
          className="table-tools"
          onSubmit={(event) => {
            event.preventDefault();
            void replay();
          }}
        >
          <Select
            label="Decisions of the last"
            value={span}
            any={null}
            options={Object.keys(SPANS)}
            onChange={(next) => setUrl({ span: next })}
          />
          <button type="submit" className="button primary" aria-disabled={asking !== null}>
            Replay
          </button>
          <button type="button" className="button" aria-disabled={asking === null} onClick={() => asking?.abort()}>
            Stop
          </button>
          <span role="status" className="small soft">
            {status}
          </span>
        </form>
      </PolicyFiles>
      <section ref={result} tabIndex={-1} aria-label="Result" className="stack result">
        {found && 'replay' in found ? <Result replay={found.replay} /> : null}
        {found && 'fault' in found ? <Refused fault={found.fault} faults={found.faults} /> : null}
      </section>
    </div>
  );
}

const areSame = (a: readonly RuleFile[], b: readonly RuleFile[]): boolean =>
  a === b || (a.length === b.length && a.every(({ name, text }, n) => name === b[n]?.name && text === b[n].text));

/** Null: it was stopped. */
async function ask(files: readonly RuleFile[], days: number | null, signal: AbortSignal): Promise<Found | null> {
  const since = days === null ? {} : { since: new Date(Date.now() - days * DAY_MS).toISOString() };
  try {
    const replay = await api.call('POST /v1/policy/replays', { body: { files: [...files], ...since }, signal });
    return { of: files, replay };
  } catch (error) {
    if (signal.aborted) return null;
    const { what, next } = wordsOf(error);
    const faults = faultsOf(errorsOf(error), files);
    return { of: files, fault: faults.length > 0 ? 'Correct what is named here.' : `${what} ${next}`, faults };
  }
}

function HowRulesGetIn({ own }: { readonly own: boolean }): ReactNode {
  const may = useMay();
  const linked = (right: string, to: string, words: string) => (may(right) ? <Link to={to}>{words}</Link> : words);
  return (
    <div className="note stack-tight">
      <p>
        <strong>Nothing is changed here.</strong> A rule gets in as a file under policies/ of the project: with the next
        start as {linked('changes.read', '/changes', 'a change')} that its owners agree to, and into what runs by a
        release with {linked('releases.read', '/releases', 'the next release')}. The rules of workflows stay as they
        are.
      </p>
      {own ? null : (
        <p>
          This project has no rules of its own: these are those of the baseline. Whoever wants others puts all of them
          under policies/.
        </p>
      )}
    </div>
  );
}

function Refused({ fault, faults }: { readonly fault: string; readonly faults: readonly Fault[] }): ReactNode {
  return (
    <div className="note bad stack-tight" role="alert">
      <p>
        {faults.length > 0 ? <strong>With these rules nothing would start, so nothing was replayed. </strong> : null}
        <Text>{fault}</Text>
      </p>
      <ul className="stack-tight">
        {faults.map((each) => (
          <li key={`${placeText(each)} ${each.message}`} className="breakable">
            {each.file === null ? (
              <strong>
                <Text>{placeText(each)}</Text>
              </strong>
            ) : (
              <button type="button" className="button" onClick={() => goTo(each)}>
                <Text>{placeText(each)}</Text>
              </button>
            )}{' '}
            <Text>{each.message}</Text>
          </li>
        ))}
      </ul>
    </div>
  );
}
