import { useQuery } from '@tanstack/react-query';
import { Outlet, Link as RouterLink, useNavigate, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { api, forgetPerson } from '../api/client.ts';
import { useMay, useSession } from '../api/session.ts';
import markUrl from '../styles/mark.svg';
import { Badge } from '../ui/badge.tsx';
import { Text } from '../ui/text.tsx';
import { AREAS } from './areas.ts';

/** The frame of every page: where one may go, who one is, and what holds in this environment now. */
export function Shell(): ReactNode {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const first = useRef(path);
  useEffect(() => {
    // Who goes to another page hears its title, and tabs on from there.
    if (first.current !== path) main.current?.focus();
    first.current = path;
  }, [path]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        To the content
      </a>
      <div className="side">
        <RouterLink to="/" className="brand">
          <img src={markUrl} alt="" />
          Portreeve
        </RouterLink>
        <Navigation />
        <Me />
      </div>
      <div>
        <Conditions />
        <main id="main" ref={main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </div>
  );
}

function Navigation(): ReactNode {
  const may = useMay();
  const waiting = useQuery({
    queryKey: ['approvals', 'count'],
    queryFn: ({ signal }) => api.call('GET /v1/approvals', { query: { state: 'pending', limit: 100 }, signal }),
    enabled: may('approvals.decide'),
    refetchInterval: 15_000,
  });
  const count = waiting.data?.approvals.length ?? 0;
  return (
    <nav aria-label="Areas">
      {AREAS.map((group) => ({ ...group, areas: group.areas.filter(({ needs }) => may(needs)) }))
        .filter(({ areas }) => areas.length > 0)
        .map((group) => (
          <div key={group.title}>
            <h2>{group.title}</h2>
            <ul>
              {group.areas.map(({ to, title }) => (
                <li key={to}>
                  <RouterLink to={to as never}>
                    {title}
                    {to === '/inbox' && count > 0 ? (
                      <span className="count">
                        {count === 100 ? '99+' : count}
                        <span className="visually-hidden"> waiting</span>
                      </span>
                    ) : null}
                  </RouterLink>
                </li>
              ))}
            </ul>
          </div>
        ))}
    </nav>
  );
}

function Me(): ReactNode {
  const { principal } = useSession();
  const navigate = useNavigate();
  const signOut = async (): Promise<void> => {
    // Whatever the server says: this browser shows nothing of the person any more.
    await api.call('DELETE /v1/session', {}).catch(() => undefined);
    await navigate({ to: '/sign-in' as never });
    forgetPerson();
  };
  return (
    <div className="me stack-tight">
      <div>
        <strong className="breakable">
          <Text>{principal.name}</Text>
        </strong>
        <div className="small soft">{principal.roles.join(', ') || 'no role'}</div>
      </div>
      <div className="cluster">
        <RouterLink to={'/settings' as never} className="button">
          Settings
        </RouterLink>
        <button type="button" className="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </div>
  );
}

function Conditions(): ReactNode {
  const may = useMay();
  const environment = useQuery({
    queryKey: ['environment', 'now'],
    queryFn: ({ signal }) => api.call('GET /v1/environment', { query: { history: 0 }, signal }),
    enabled: may('environment.read'),
    refetchInterval: 10_000,
  });
  const system = useQuery({
    queryKey: ['system'],
    queryFn: ({ signal }) => api.call('GET /v1/system', { signal }),
    enabled: may('system.read'),
    staleTime: 60_000,
  });
  const { name = '', freezes = [], incident = false, maintenance = [], outages = [] } = environment.data ?? {};
  const alarm = freezes.length > 0 || incident;
  return (
    <div className={alarm ? 'bar alarm' : 'bar'} role="status">
      <Badge tone={name === 'production' ? 'warn' : 'accent'}>{name || 'environment'}</Badge>
      {incident ? <strong>Incident: nothing leaves for outside without a person</strong> : null}
      {freezes.length > 0 ? (
        <span>
          <strong>Frozen: </strong>
          <Text>{freezes.join(', ')}</Text>
        </span>
      ) : null}
      {maintenance.length > 0 ? (
        <span>
          Maintenance: <Text>{maintenance.join(', ')}</Text>
        </span>
      ) : null}
      {outages.length > 0 ? (
        <span>
          No answer from: <Text>{outages.join(', ')}</Text>
        </span>
      ) : null}
      {environment.data && !alarm && maintenance.length === 0 && outages.length === 0 ? (
        <span className="soft">Nothing is frozen</span>
      ) : null}
      {system.data?.endpoints.some((each) => each.simulated) ? <Badge tone="warn">Simulated model</Badge> : null}
    </div>
  );
}
