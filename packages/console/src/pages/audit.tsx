import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, type Row } from '../api/client.ts';
import { MAIN_LOG } from '../api/place.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { type UrlState, useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { Page } from '../ui/page.tsx';
import { Input } from '../ui/select.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { usePages } from '../ui/use-pages.ts';
import { sentenceOf } from './stages.ts';
import { VerifyLog } from './verify-log.tsx';

type AuditRecord = Row<'GET /v1/audit/records', 'records'>;

const columns: readonly Column<AuditRecord>[] = [
  {
    id: 'index',
    title: 'Place',
    numeric: true,
    value: ({ place, entry }) => (place === String(entry.index) ? entry.index : place),
    cell: ({ place }) => <Link to={`/audit/${place}`}>{place}</Link>,
  },
  { id: 'time', title: 'Time', value: ({ entry }) => entry.time, cell: ({ entry }) => <WholeTime at={entry.time} /> },
  { id: 'type', title: 'Type', value: ({ entry }) => entry.type },
  {
    id: 'outcome',
    title: 'Outcome',
    value: ({ entry }) => entry.outcome || null,
    cell: ({ entry }) => (entry.outcome ? <StateBadge state={entry.outcome} /> : null),
  },
  {
    id: 'actor',
    title: 'Who',
    value: ({ entry, payload }) => payload?.actor_name ?? entry.actor.id,
    cell: ({ entry, payload }) => (payload ? <Text>{payload.actor_name}</Text> : <Id>{entry.actor.id}</Id>),
  },
  { id: 'workflow', title: 'Workflow', value: ({ entry }) => entry.refs.workflow ?? null },
  {
    id: 'what',
    title: 'What',
    value: ({ entry, payload }) => sentenceOf(entry.type, payload?.data ?? null),
  },
  { id: 'codes', title: 'Codes', value: ({ entry }) => (entry.refs.codes ?? []).join(', ') || null },
];

/** What the server searches by: the whole of its filter, each named as in the address. */
const FILTERS = [
  ['words', 'Words in the content', 'quotes for a phrase, -word for one that must not stand there'],
  ['type', 'Type of record', 'such as decision.made'],
  ['outcome', 'Outcome', 'such as refuse'],
  ['code', 'Reason code', 'of a decision, a refusal or a failure'],
  ['actor', 'Who, by id', 'a principal, system or anonymous'],
  ['agent', 'Agent, by id', 'that acted for itself or for somebody'],
  ['log', 'Log, by name', 'main, or one of its own for some workflows'],
  ['workflow', 'Workflow', ''],
  ['tool', 'Tool', ''],
  ['run', 'Run', ''],
  ['proposal', 'Proposal', ''],
  ['approval', 'Approval', ''],
  ['model', 'Model', ''],
  ['prompt', 'Prompt', ''],
  ['prompt_version', 'Version of the prompt', ''],
  ['policy_version', 'Policy', 'its digest'],
  ['release', 'Release', 'its digest'],
  ['since', 'From', 'such as 2026-11-21T00:00:00Z'],
  ['until', 'Before', ''],
] as const;

/** Columns that the server orders by, and how it calls them. */
const SERVED: Readonly<Record<string, string>> = { index: 'time', time: 'time', type: 'type', outcome: 'outcome' };

/**
 * The order that the server is asked for; null where it has no index for it: then what is loaded is sorted here. Other
 * columns than time go with bounds of time, or within one run, proposal or approval.
 */
function servedSort(asked: string | undefined, filters: readonly string[]): string | null {
  const by = SERVED[asked?.replace(/^-/, '') ?? ''];
  if (asked === undefined || by === undefined) return null;
  const within = filters.some((name) => ['run', 'proposal', 'approval'].includes(name));
  const indexed = by === 'time' || within || filters.every((name) => name === 'since' || name === 'until');
  return indexed ? `${asked.startsWith('-') ? '-' : ''}${by}` : null;
}

export function Audit(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const filter = Object.fromEntries(FILTERS.map(([name]) => [name, url[name]]).filter(([, value]) => value));
  const order = url.order === 'oldest' ? 'oldest' : 'newest';
  const sort = servedSort(url.sort, Object.keys(filter));
  const pages = usePages(
    ['audit', filter, order, sort],
    async (after, signal) => {
      const query = {
        ...filter,
        ...(sort ? { sort } : { order }),
        limit: 100,
        ...(after === undefined ? {} : { after }),
      };
      const { records, next } = await api.call('GET /v1/audit/records', { query: query as never, signal });
      return { rows: records, next };
    },
    { enabled: may('audit.read') },
  );
  return (
    <Page
      title="Record"
      needs="audit.read"
      lead="Everything that was asked, decided, approved and done, in a log that nobody can change unseen. Reading it is recorded too."
      actions={<Head log={url.log ?? MAIN_LOG} />}
    >
      <div className="stack">
        <Search key={JSON.stringify(filter)} now={url} onSearch={setUrl} />
        <div className="panel">
          <Table
            name="records"
            columns={columns}
            {...pages}
            sorted={sort !== null}
            rowKey={({ place }) => place}
            search={url}
            onSearch={setUrl}
            empty={<Empty title="No record is like this">Take a filter away, or look at an earlier time.</Empty>}
          />
        </div>
        {may('audit.verify') ? <VerifyLog /> : null}
      </div>
    </Page>
  );
}

function Head({ log }: { readonly log: string }): ReactNode {
  const may = useMay();
  const head = useQuery({
    queryKey: ['checkpoint', log],
    queryFn: ({ signal }) => api.call('GET /v1/audit/checkpoint', { query: { log }, signal }),
    enabled: may('audit.read'),
    staleTime: 60_000,
  });
  return head.data ? (
    <p className="small soft">
      {head.data.size} records, signed by <Id>{head.data.vkey}</Id>
    </p>
  ) : null;
}

function Search({ now, onSearch }: { readonly now: UrlState; readonly onSearch: (next: UrlState) => void }): ReactNode {
  const [draft, setDraft] = useState<UrlState>(() => Object.fromEntries(FILTERS.map(([name]) => [name, now[name]])));
  const used = FILTERS.filter(([name]) => draft[name]).length;
  const field = ([name, label, hint]: (typeof FILTERS)[number]) => (
    <Input
      key={name}
      label={label}
      {...(hint ? { hint } : {})}
      value={draft[name] ?? ''}
      onChange={(value) => setDraft({ ...draft, [name]: value || undefined })}
    />
  );
  return (
    <form
      className="panel"
      aria-label="Search the record"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(draft);
      }}
    >
      <div className="body stack">
        <div className="cards">{FILTERS.slice(0, 3).map(field)}</div>
        <details open={FILTERS.slice(3).some(([name]) => now[name])}>
          <summary>All filters{used > 0 ? `, ${used} in use` : ''}</summary>
          <div className="cards" style={{ marginTop: 'var(--s3)' }}>
            {FILTERS.slice(3).map(field)}
          </div>
        </details>
        <div className="cluster">
          <button type="submit" className="button primary">
            Search
          </button>
          <button
            type="button"
            className="button"
            onClick={() => onSearch(Object.fromEntries(FILTERS.map(([name]) => [name, undefined])))}
          >
            Clear
          </button>
          <button
            type="button"
            className="button"
            onClick={() => onSearch({ order: now.order === 'oldest' ? undefined : 'oldest' })}
          >
            {now.order === 'oldest' ? 'Oldest first' : 'Newest first'}
          </button>
        </div>
      </div>
    </form>
  );
}
