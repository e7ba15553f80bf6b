import { type ReactNode, useState } from 'react';
import { api, type Row } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { type Column, servedSort } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { usePages } from '../ui/use-pages.ts';
import { ChangeAgent, EndSessions } from './identity-acts.tsx';

export type Agent = Row<'GET /v1/agents', 'agents'>;
export type Account = Row<'GET /v1/accounts', 'accounts'>;

/** A link, so that the keyboard chooses a row too. */
const named = ({ id, name }: { readonly id: string; readonly name: string }): ReactNode => (
  <Link to="/identities" search={{ at: id }}>
    {name}
  </Link>
);

const accountColumns: readonly Column<Account>[] = [
  { id: 'account', title: 'Account', value: ({ name }) => name, cell: named },
  { id: 'kind', title: 'Kind', value: ({ kind }) => kind },
  { id: 'roles', title: 'Roles', value: ({ roles }) => roles.join(', ') || null },
  { id: 'groups', title: 'Groups', value: ({ groups }) => groups.join(', ') || null },
  { id: 'id', title: 'Id', value: ({ id }) => id, cell: ({ id }) => <Id>{id}</Id> },
];

const agentColumns: readonly Column<Agent>[] = [
  { id: 'name', title: 'Agent', value: ({ name }) => name, cell: named },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  { id: 'purpose', title: 'For what', value: ({ purpose }) => purpose },
  { id: 'owner', title: 'Answers for it', value: ({ owner }) => owner, cell: ({ owner }) => <Id>{owner}</Id> },
  { id: 'tools', title: 'Tools', value: ({ tools }) => tools.join(', ') || null },
  { id: 'data', title: 'Data up to', value: ({ data }) => data.confidentiality },
  {
    id: 'review',
    title: 'Review',
    value: ({ review_by }) => review_by,
    cell: ({ review_by }) => <Time at={review_by} />,
  },
];

export function Identities(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const agentSort = servedSort(url.sort, { state: 'state', review: 'review' });
  const agents = usePages(
    ['agents', agentSort],
    async (after, signal) => {
      const query = {
        limit: 200,
        ...(agentSort ? { sort: agentSort } : {}),
        ...(after === undefined ? {} : { after: String(after) }),
      };
      const answer = await api.call('GET /v1/agents', { query, signal });
      return { rows: answer.agents, next: answer.next };
    },
    { enabled: may('agents.read') },
  );
  const accountSort = servedSort(url.sort, { account: 'name', id: 'id' });
  const accounts = usePages(
    ['accounts', accountSort],
    async (after, signal) => {
      const query = {
        limit: 200,
        ...(accountSort ? { sort: accountSort } : {}),
        ...(after === undefined ? {} : { after: String(after) }),
      };
      const answer = await api.call('GET /v1/accounts', { query, signal });
      return { rows: answer.accounts, next: answer.next };
    },
    { enabled: may('accounts.list') },
  );
  const agent = agents.rows?.find(({ id }) => id === url.at);
  const account = accounts.rows?.find(({ id }) => id === url.at);
  const shared = { search: url, onSearch: setUrl, selected: url.at ?? null, onSelect: (at: string) => setUrl({ at }) };
  return (
    <Page
      title="Identities"
      needs="agents.read"
      lead="People, services and agents. An agent has somebody who answers for it and a day by which it is reviewed, or it stops by itself."
    >
      <div className="stack">
        {agent && may('agents.change') ? <AgentActs key={agent.id} agent={agent} /> : null}
        {account && may('accounts.end_sessions') ? <AccountActs key={account.id} account={account} /> : null}
        <Panel title="Agents" bare>
          <Table
            name="agents"
            columns={agentColumns}
            {...agents}
            sorted={agentSort !== undefined}
            {...shared}
            rowKey={({ id }) => id}
            empty={<Empty title="No agent is registered">portreeve identity agents register NAME</Empty>}
          />
        </Panel>
        {may('accounts.list') ? (
          <Panel title="Accounts" bare>
            <Table
              name="accounts"
              columns={accountColumns}
              {...accounts}
              sorted={accountSort !== undefined}
              {...shared}
              rowKey={({ id }) => id}
              empty={<Empty title="There are no accounts" />}
            />
          </Panel>
        ) : (
          <p className="soft">Accounts of people and services are shown to administrators.</p>
        )}
      </div>
    </Page>
  );
}

/** What may become of an agent, by what it is now. */
const EVENTS = {
  proposed: ['activate', 'retire'],
  active: ['review', 'suspend', 'retire'],
  suspended: ['reinstate', 'retire'],
  retired: [],
} as const;

function AgentActs({ agent }: { readonly agent: Agent }): ReactNode {
  const [event, setEvent] = useState<(typeof EVENTS)[keyof typeof EVENTS][number] | null>(null);
  const events = EVENTS[agent.state as keyof typeof EVENTS] ?? [];
  return (
    <div className="panel">
      <header>
        <h2>
          <Text>{agent.name}</Text>
        </h2>
        <div className="cluster">
          {events.length === 0 ? <span className="soft">Nothing more can become of it.</span> : null}
          {events.map((each) => (
            <button
              key={each}
              type="button"
              className={each === 'suspend' || each === 'retire' ? 'button danger' : 'button'}
              onClick={() => setEvent(each)}
            >
              {each[0]?.toUpperCase() + each.slice(1)}
            </button>
          ))}
        </div>
      </header>
      {event ? <ChangeAgent agent={agent} event={event} onClose={() => setEvent(null)} /> : null}
    </div>
  );
}

function AccountActs({ account }: { readonly account: Account }): ReactNode {
  const [ending, setEnding] = useState(false);
  return (
    <div className="panel">
      <header>
        <h2>
          <Text>{account.name}</Text>
        </h2>
        <button type="button" className="button danger" onClick={() => setEnding(true)}>
          End all its sessions
        </button>
      </header>
      {ending ? <EndSessions account={account} onClose={() => setEnding(false)} /> : null}
    </div>
  );
}
