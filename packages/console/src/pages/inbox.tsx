import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { api, type Row } from '../api/client.ts';
import { useMay, useSession } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge, StateBadge } from '../ui/badge.tsx';
import { demandsText } from '../ui/demands.ts';
import { Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { arrange, type Column, servedSort } from '../ui/table-model.ts';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { usePages } from '../ui/use-pages.ts';
import { approvalPage, Deny } from './deny.tsx';

export type Approval = Row<'GET /v1/approvals', 'approvals'>;
type State = Approval['state'];

const STATES: readonly State[] = ['pending', 'approved', 'denied', 'amended', 'expired', 'withdrawn'];
/** As many as the server gives at once. */
const PAGE = 200;

const columns: readonly Column<Approval>[] = [
  {
    id: 'action',
    title: 'Action',
    value: ({ tool }) => tool,
    cell: (row) => (
      <a href={approvalPage(row.id)}>
        <Text>{row.tool ?? 'an action that is not there any more'}</Text>
      </a>
    ),
  },
  { id: 'workflow', title: 'Workflow', value: ({ workflow }) => workflow },
  {
    id: 'risk',
    title: 'Risk',
    value: ({ tier }) => tier,
    cell: ({ tier }) => (tier ? <Risk tier={tier} /> : null),
  },
  { id: 'requester', title: 'Asked by', value: ({ requester }) => requester },
  { id: 'groups', title: 'Decided by', value: ({ demands }) => demandsText(demands) },
  {
    id: 'verdicts',
    title: 'Verdicts',
    numeric: true,
    value: ({ verdicts }) => verdicts.length,
    cell: ({ verdicts, demands }) => `${verdicts.length} of ${demands.reduce((sum, { quorum }) => sum + quorum, 0)}`,
  },
  { id: 'asked', title: 'Asked', value: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
  {
    id: 'until',
    title: 'Denied by itself',
    value: (row) => (row.state === 'pending' ? row.expires_at : null),
    cell: (row) => (row.state === 'pending' ? <Time at={row.expires_at} /> : <span className="soft">closed</span>),
  },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
];

function Risk({ tier }: { readonly tier: string }): ReactNode {
  return (
    <Badge tone={tier === 'critical' || tier === 'high' ? 'bad' : tier === 'medium' ? 'warn' : 'plain'}>{tier}</Badge>
  );
}

/** Whether this person could give a verdict on it: policy says so again when they do. */
function isMine(row: Approval, me: { id: string; groups: readonly string[] }): boolean {
  return row.groups.some((group) => me.groups.includes(group)) && !row.requesters.includes(me.id);
}

export function Inbox(): ReactNode {
  const may = useMay();
  const { principal } = useSession();
  const [url, setUrl] = useUrlState();
  const state = (STATES as readonly string[]).includes(url.state ?? '') ? (url.state as State) : 'pending';
  const sort = servedSort(url.sort, { asked: 'asked', until: 'until' });
  const pages = usePages(
    ['approvals', 'list', state, sort],
    async (after, signal) => {
      const query = {
        state,
        limit: PAGE,
        ...(sort ? { sort } : {}),
        ...(after === undefined ? {} : { after: String(after) }),
      };
      const { approvals, next } = await api.call('GET /v1/approvals', { query, signal });
      return { rows: approvals, next };
    },
    { enabled: may('approvals.read'), every: 15_000 },
  );
  const rows = useMemo(
    () =>
      url.of === 'everybody' ? pages.rows : pages.rows?.filter((row) => isMine(row, principal) || url.of !== 'me'),
    [pages.rows, principal, url.of],
  );
  const shown = useMemo(() => arrange(rows ?? [], columns, sort ? { q: url.q } : url), [rows, url, sort]);
  const selected = shown.find((row) => row.id === url.at) ?? null;
  const [denying, setDenying] = useState<Approval | null>(null);
  const list = useRef<HTMLDivElement>(null);
  useKeys(list, shown, selected, denying !== null, {
    select: (row) => setUrl({ at: row.id }),
    open: (row) => location.assign(approvalPage(row.id)),
    deny: (row) => may('approvals.decide') && row.state === 'pending' && setDenying(row),
  });
  return (
    <Page
      title="Inbox"
      needs="approvals.read"
      lead="Actions that wait for people. A verdict is signed on the page of the approval, over exactly what is shown there."
      actions={<Keys decides={may('approvals.decide')} />}
    >
      <div className="panel" ref={list}>
        <Table
          name="approvals"
          columns={columns}
          rows={rows}
          sorted={sort !== undefined}
          error={pages.error}
          retry={pages.retry}
          more={pages.more}
          rowKey={(row) => row.id}
          search={url}
          onSearch={setUrl}
          selected={selected?.id ?? null}
          onSelect={(id) => setUrl({ at: id })}
          filters={
            <>
              <Select
                label="State"
                value={state}
                options={STATES}
                any={null}
                onChange={(next) => setUrl({ state: next })}
              />
              <Select
                label="For whom"
                value={url.of}
                options={['me']}
                any="everybody"
                onChange={(of) => setUrl({ of })}
              />
            </>
          }
          empty={
            <Empty title={state === 'pending' ? 'Nothing waits for a person' : `No approval is ${state}`}>
              {state === 'pending' ? 'What policy asks people for appears here by itself.' : null}
            </Empty>
          }
        />
      </div>
      {selected ? (
        <Selected row={selected} mine={isMine(selected, principal)} onDeny={() => setDenying(selected)} />
      ) : null}
      {denying ? <Deny approval={denying} onClose={() => setDenying(null)} /> : null}
    </Page>
  );
}

function Selected({
  row,
  mine,
  onDeny,
}: {
  readonly row: Approval;
  readonly mine: boolean;
  readonly onDeny: () => void;
}): ReactNode {
  const may = useMay();
  const decides = may('approvals.decide') && row.state === 'pending';
  return (
    <section className="panel" aria-label="Selected approval" style={{ marginTop: 'var(--s4)' }}>
      <header>
        <h2>
          <Text>{row.tool}</Text>
        </h2>
        <div className="cluster">
          {row.run ? (
            <Link to={`/runs/${row.run}`} className="button">
              Its run
            </Link>
          ) : null}
          {decides ? (
            <button type="button" className="button" onClick={onDeny}>
              Deny with a reason
            </button>
          ) : null}
          <a className="button" href={approvalPage(row.id)}>
            {decides ? 'Look and decide' : 'Look'}
          </a>
        </div>
      </header>
      <div className="body stack-tight">
        <p>
          <Text>{row.requester}</Text> asked for it; <Text>{demandsText(row.demands)}</Text> must agree.
        </p>
        {decides && !mine ? (
          <p className="note">You are not among those who decide on it, or you asked for it yourself.</p>
        ) : null}
        <p className="soft small">
          Proposal digest <code className="breakable">{row.proposal_digest}</code>
        </p>
      </div>
    </section>
  );
}

function Keys({ decides }: { readonly decides: boolean }): ReactNode {
  return (
    <p className="small soft">
      In the list: <kbd>j</kbd> <kbd>k</kbd> next, back · <kbd>Enter</kbd> or <kbd>a</kbd> look and decide
      {decides ? (
        <>
          {' '}
          · <kbd>d</kbd> deny
        </>
      ) : null}
    </p>
  );
}

interface KeyActions {
  readonly select: (row: Approval) => void;
  readonly open: (row: Approval) => void;
  readonly deny: (row: Approval) => void;
}

/**
 * One hand decides on a morning's work. Keys of one letter work while the list has the focus and nowhere else, so that who
 * speaks to their computer, or touches a key, decides nothing (WCAG 2.1.4). It has the focus when the console opens with it.
 */
function useKeys(
  list: RefObject<HTMLElement | null>,
  rows: readonly Approval[],
  selected: Approval | null,
  off: boolean,
  actions: KeyActions,
): void {
  const scrolled = () => list.current?.querySelector<HTMLElement>('.table-scroll') ?? null;
  const there = rows.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list of this page stays the same element
  useEffect(() => {
    // Who came from another page hears its title and tabs on from there; nobody is taken from what they have begun.
    if (there && (document.activeElement ?? document.body) === document.body)
      scrolled()?.focus({ preventScroll: true });
  }, [there]);
  // With the change of the page itself: a key right behind a dialog that closes is heard by whom it is meant for.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (off || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!scrolled()?.contains(target) || (event.key === 'Enter' && target.closest('a, button'))) return;
      const at = selected ? rows.indexOf(selected) : -1;
      const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
      const row = step === undefined ? selected : rows[Math.min(rows.length - 1, Math.max(0, at + step))];
      if (!row) return;
      if (step !== undefined) actions.select(row);
      else if (event.key === 'Enter' || event.key === 'a') actions.open(row);
      else if (event.key === 'd') actions.deny(row);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [rows, selected, off, actions]);
}
