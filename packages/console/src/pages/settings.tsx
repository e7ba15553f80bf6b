import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api, forgetPerson, type Row } from '../api/client.ts';
import { MAIN_LOG } from '../api/place.ts';
import { useMay, useSession } from '../api/session.ts';
import { applyScheme, SCHEMES, type Scheme, scheme } from '../app/scheme.ts';
import { useUrlState } from '../app/url-state.ts';
import { Badge, StateBadge } from '../ui/badge.tsx';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';
import { Time, WholeTime } from '../ui/time.tsx';
import { useAct } from '../ui/use-act.tsx';
import { Passkeys } from './passkeys.tsx';

type Session = Row<'GET /v1/sessions', 'sessions'>;
type Token = Row<'GET /v1/tokens', 'tokens'>;

const sessionColumns: readonly Column<Session>[] = [
  { id: 'id', title: 'Session', value: ({ id }) => id, cell: ({ id }) => <Id>{id}</Id> },
  {
    id: 'since',
    title: 'Since',
    value: ({ created_at }) => created_at,
    cell: ({ created_at }) => <WholeTime at={created_at} />,
  },
  {
    id: 'until',
    title: 'Ends',
    value: ({ expires_at }) => expires_at,
    cell: ({ expires_at }) => <Time at={expires_at} />,
  },
];

const tokenColumns: readonly Column<Token>[] = [
  { id: 'label', title: 'Token', value: ({ label }) => label },
  { id: 'roles', title: 'Roles', value: ({ roles }) => roles.join(', ') },
  {
    id: 'until',
    title: 'Ends',
    value: ({ expires_at }) => expires_at,
    cell: ({ expires_at }) => <Time at={expires_at} />,
  },
  {
    id: 'used',
    title: 'Last used',
    value: ({ last_used_at }) => last_used_at,
    cell: (row) => <Time at={row.last_used_at} />,
  },
  {
    id: 'state',
    title: 'State',
    value: ({ revoked_at }) => (revoked_at ? 'revoked' : 'good'),
    cell: ({ revoked_at, unused }) => (
      <Badge tone={revoked_at ? 'plain' : unused ? 'warn' : 'good'}>
        {revoked_at ? 'revoked' : unused ? 'good, and nobody uses it' : 'good'}
      </Badge>
    ),
  },
];

export function Settings(): ReactNode {
  const { principal, expires_at, proven_at } = useSession();
  const may = useMay();
  return (
    <Page title="Settings" lead="You, your sessions, and what runs here.">
      <div className="stack">
        <div className="cards">
          <Panel title="You">
            <Facts
              rows={[
                ['Account', <Text key="n">{principal.name}</Text>],
                [
                  'Id',
                  <code key="i" className="breakable">
                    {principal.id}
                  </code>,
                ],
                ['Roles', principal.roles.join(', ') || 'none'],
                ['Groups', <Text key="g">{principal.groups.join(', ') || 'none'}</Text>],
                ['Session ends', <Time key="e" at={expires_at} />],
                ['Last proven', <Time key="p" at={proven_at} />],
              ]}
            />
          </Panel>
          <Appearance />
        </div>
        {may('passkeys.read') ? <Passkeys /> : null}
        {may('sessions.read') ? <Sessions /> : null}
        {may('tokens.read') ? <Tokens /> : null}
        {may('system.read') ? <SystemPanel /> : null}
      </div>
    </Page>
  );
}

function Appearance(): ReactNode {
  const [chosen, setChosen] = useState<Scheme>(scheme);
  return (
    <Panel title="Appearance">
      <fieldset className="stack-tight">
        <legend>Colours</legend>
        {SCHEMES.map((each) => (
          <label key={each} className="cluster">
            <input
              type="radio"
              name="scheme"
              checked={chosen === each}
              onChange={() => {
                setChosen(each);
                applyScheme(each);
              }}
            />
            {each === 'system' ? 'As the system has it' : each === 'light' ? 'Light' : 'Dark'}
          </label>
        ))}
      </fieldset>
    </Panel>
  );
}

function Sessions(): ReactNode {
  const [url, setUrl] = useUrlState();
  const { principal, session } = useSession();
  const navigate = useNavigate();
  const { act, busy, element } = useAct();
  const sessions = useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => api.call('GET /v1/sessions', { signal }),
  });
  const everywhere = async (): Promise<void> => {
    const others = (sessions.data?.sessions ?? []).filter(({ id }) => id !== session);
    const did = await act(async () => {
      for (const { id } of others) await api.call('DELETE /v1/sessions/:id', { params: { id } });
    });
    if (!did) return;
    // One’s own is the last, and takes the cookie with it.
    await api.call('DELETE /v1/session', {});
    // The page that needs somebody goes first.
    await navigate({ to: '/sign-in' as never });
    forgetPerson();
  };
  return (
    <Panel
      title="Open sessions"
      bare
      aside={
        <button
          type="button"
          className="button danger"
          disabled={busy || !sessions.data}
          onClick={() => void everywhere()}
        >
          Sign out everywhere
        </button>
      }
    >
      {element}
      <Table
        name={`sessions of ${principal.name}`}
        columns={sessionColumns}
        rows={sessions.data?.sessions}
        error={sessions.error}
        retry={() => void sessions.refetch()}
        rowKey={({ id }) => id}
        search={url}
        onSearch={setUrl}
        empty={<Empty title="No session is open" />}
      />
    </Panel>
  );
}

function Tokens(): ReactNode {
  const [url, setUrl] = useUrlState();
  const tokens = useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => api.call('GET /v1/tokens', { query: {}, signal }),
  });
  return (
    <Panel title="Your API tokens" bare>
      <Table
        name="tokens"
        columns={tokenColumns}
        rows={tokens.data?.tokens}
        error={tokens.error}
        retry={() => void tokens.refetch()}
        rowKey={({ id }) => id}
        search={url}
        onSearch={setUrl}
        empty={<Empty title="You have no API token">portreeve identity tokens create LABEL</Empty>}
      />
    </Panel>
  );
}

function SystemPanel(): ReactNode {
  const system = useQuery({ queryKey: ['system'], queryFn: ({ signal }) => api.call('GET /v1/system', { signal }) });
  const { data } = system;
  return (
    <Panel title="What runs here">
      {system.isPending ? <Loading what="the system" /> : null}
      {system.isError ? <Failure error={system.error} retry={() => void system.refetch()} /> : null}
      {data ? (
        <Facts
          rows={[
            ['Version', data.version],
            ['Environment', data.environment],
            [
              'Policy',
              <code key="p" className="breakable">
                {data.policy_version}
              </code>,
            ],
            ['Executor', data.executor === 'here' ? 'in this process' : 'a process of its own'],
            ['Database roles', data.database_roles ? 'each process has its own' : 'not told apart'],
            [
              'Models',
              <div key="m" className="cluster">
                {data.endpoints.map(({ name, model, simulated }) => (
                  <Badge key={name} tone={simulated ? 'warn' : 'plain'}>
                    {`${model} at ${name}${simulated ? ', simulated' : ''}`}
                  </Badge>
                ))}
              </div>,
            ],
            ...data.logs.map(
              ({ name, size, origin, workflows }) =>
                [
                  name === MAIN_LOG ? 'Log' : `Log ${name}`,
                  `${size} records in ${origin}${workflows.length > 0 ? `, for ${workflows.join(', ')}` : ''}`,
                ] as const,
            ),
            ...data.logs.map(
              ({ name, vkey }) =>
                [
                  name === MAIN_LOG ? 'Key of the log' : `Key of ${name}`,
                  <code key={name} className="breakable">
                    {vkey}
                  </code>,
                ] as const,
            ),
            [
              'Seen by',
              data.places.length === 0 ? (
                'no anchor and no witness: who runs this server could rewrite the log'
              ) : (
                <div key="w" className="cluster">
                  {data.places.map((place) => (
                    <span key={`${place.log} ${place.name}`} className="cluster">
                      <Text>{`${place.kind} ${place.name}${place.log === MAIN_LOG ? '' : `, ${place.log}`}`}</Text>{' '}
                      <StateBadge state={place.state} />
                    </span>
                  ))}
                </div>
              ),
            ],
          ]}
        />
      ) : null}
    </Panel>
  );
}
