import type { ReactNode } from 'react';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { demandsText } from '../ui/demands.ts';
import { Panel } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import type { Replay } from './policy.tsx';

type Change = Replay['changed'][number];
type Remedy = Change['remedies'][number];
interface Count {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}
type Unjudged = Replay['cannot_judge'][number];

const NUMBER = new Intl.NumberFormat('en-GB');
const numberOf = (count: number): string => NUMBER.format(count);

/** What would have come out otherwise, in a sentence and one by one. */
export function Result({ replay }: { readonly replay: Replay }): ReactNode {
  const [url, setUrl] = useUrlState();
  const shared = { search: url, onSearch: setUrl };
  const { changed, changed_total, changes, cannot_judge } = replay;
  const counts = Object.entries(changes).map(([kind, count]): Count => {
    const [from = '', to = ''] = kind.split('>');
    return { from, to, count };
  });
  return (
    <>
      <Sum replay={replay} />
      {counts.length === 0 ? null : (
        <Panel title="What would change" bare>
          <Table
            name="what-would-change"
            columns={countColumns}
            rows={counts}
            rowKey={({ from, to }) => `${from}>${to}`}
            {...shared}
            empty={<Empty title="Nothing would change" />}
          />
        </Panel>
      )}
      {changed.length === 0 ? null : (
        <Panel
          title="Decisions that would come out differently"
          bare
          aside={
            changed_total > changed.length ? (
              <span className="small soft">the newest {numberOf(changed.length)}</span>
            ) : null
          }
        >
          <Table
            name="changed-decisions"
            columns={changeColumns}
            rows={changed}
            rowKey={({ decision }) => decision}
            {...shared}
            empty={<Empty title="Nothing would change" />}
          />
        </Panel>
      )}
      {cannot_judge.length === 0 ? null : (
        <Panel title="What cannot be judged" bare>
          <Table
            name="cannot-be-judged"
            columns={unjudgedColumns}
            rows={cannot_judge}
            rowKey={({ why }) => why}
            {...shared}
            empty={<Empty title="All of them can be judged" />}
          />
        </Panel>
      )}
    </>
  );
}

function Sum({ replay }: { readonly replay: Replay }): ReactNode {
  const { total, changed_total, cannot_judge, cut, earliest, policy_version, in_force } = replay;
  const unjudged = cannot_judge.reduce((sum, { count }) => sum + count, 0);
  const calm = changed_total === 0 && unjudged === 0 && cut === null;
  return (
    <div className={calm ? 'note good' : 'note warn'} role="status">
      <p>
        <strong>
          {total === 0
            ? 'No decision was recorded in this time.'
            : `Of ${numberOf(total)} recorded ${total === 1 ? 'decision' : 'decisions'} ${changed_total === 0 ? 'none' : numberOf(changed_total)} would come out differently; ${unjudged === 0 ? 'all could be judged' : `${numberOf(unjudged)} cannot be judged`}.`}
        </strong>
        {policy_version === in_force ? ' These are the rules in force.' : ''}
      </p>
      {cut === null ? null : (
        <p>
          These are the newest{earliest === null ? '' : ', back to '}
          {earliest === null ? null : <WholeTime at={earliest} />}:{' '}
          {cut === 'limit' ? 'as many as are judged at once' : 'the time for it was up'}. Earlier ones were not judged:
          choose a shorter time, or use portreeve policy replay, which judges all.
        </p>
      )}
    </div>
  );
}

/** Where the outcome is the same, what is otherwise is whom it concerns. */
const SAME: Readonly<Record<string, string>> = { approve: 'other people, or more', notify: 'others are told' };

const countColumns: readonly Column<Count>[] = [
  { id: 'from', title: 'Recorded as', value: ({ from }) => from, cell: ({ from }) => <StateBadge state={from} /> },
  { id: 'to', title: 'Would be', value: ({ to }) => to, cell: ({ to }) => <StateBadge state={to} /> },
  { id: 'count', title: 'How many', numeric: true, value: ({ count }) => count, cell: ({ count }) => numberOf(count) },
  {
    id: 'otherwise',
    title: 'What is otherwise',
    value: ({ from, to }) => (from === to ? (SAME[to] ?? 'to whom it applies') : 'the outcome'),
  },
];

const changeColumns: readonly Column<Change>[] = [
  {
    id: 'record',
    title: 'Record',
    value: ({ record }) => record,
    cell: ({ record }) => <Recorded place={record} />,
  },
  { id: 'asked', title: 'What was asked', value: ({ asked }) => asked },
  { id: 'was', title: 'Recorded as', value: ({ from }) => from, cell: ({ from }) => <StateBadge state={from} /> },
  { id: 'would', title: 'Would be', value: ({ to }) => to, cell: ({ to }) => <StateBadge state={to} /> },
  {
    id: 'rules',
    title: 'Rules that would decide',
    value: ({ rules }) => rules.join(', '),
    cell: ({ rules }) => (
      <span title={rules.join(', ')}>
        <Text>{rules.join(', ')}</Text>
      </span>
    ),
  },
  { id: 'then', title: 'Would be asked for', value: ({ remedies }) => remedies.map(wordsOfRemedy).join('; ') || null },
];

const unjudgedColumns: readonly Column<Unjudged>[] = [
  {
    id: 'why',
    title: 'Why',
    value: ({ why }) => why,
    cell: ({ why }) => (
      <span title={why}>
        <Text>{why}</Text>
      </span>
    ),
  },
  { id: 'count', title: 'How many', numeric: true, value: ({ count }) => count, cell: ({ count }) => numberOf(count) },
];

function wordsOfRemedy(remedy: Remedy): string {
  switch (remedy.kind) {
    case 'approval':
      return demandsText([remedy]);
    case 'confirm':
      return 'a confirmation of who asks';
    case 'narrow':
      return `the profile ${remedy.profile}`;
    case 'deidentify':
      return 'pseudonyms';
  }
}

function Recorded({ place }: { readonly place: string | null }): ReactNode {
  const may = useMay();
  if (place === null) return <span className="soft">none</span>;
  return may('audit.read') ? <Link to={`/audit/${encodeURIComponent(place)}`}>{place}</Link> : place;
}
