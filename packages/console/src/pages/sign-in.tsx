import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { api, forgetPerson, wordsOf } from '../api/client.ts';
import { isApproval, returning } from '../api/session.ts';
import markUrl from '../styles/mark.svg';
import { Badge } from '../ui/badge.tsx';
import { Input } from '../ui/select.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';

export function SignIn(): ReactNode {
  useEffect(() => {
    document.title = 'Sign in · Portreeve';
    const then = new URLSearchParams(location.search).get('then');
    if (then !== null && isApproval(then)) returning.keep(then);
  }, []);
  const ways = useQuery({ queryKey: ['sign-in'], queryFn: ({ signal }) => api.call('GET /v1/sign-in', { signal }) });
  return (
    <div className="sign-in">
      <aside>
        <span className="cluster">
          <img src={markUrl} alt="" width="36" height="36" />
          <strong>Portreeve</strong>
        </span>
        <p>The model reasons, policy governs, people approve what matters, and everything is on the record.</p>
        <small>Every sign-in, and every attempt, is recorded.</small>
      </aside>
      <main>
        <div className="stack">
          <div className="cluster spread">
            <h1>Sign in</h1>
            {ways.data ? <Badge tone="accent">{ways.data.environment}</Badge> : null}
          </div>
          {ways.isError ? <Failure error={ways.error} retry={() => void ways.refetch()} /> : null}
          {ways.isPending ? <Loading what="ways to sign in" /> : null}
          {ways.data?.providers.map((provider) => (
            <a key={provider} className="button primary wide" href={`/v1/oidc/${encodeURIComponent(provider)}/begin`}>
              Sign in with {provider}
            </a>
          ))}
          {ways.data?.local && ways.data.providers.length > 0 ? <div className="rule" /> : null}
          {ways.data?.local ? <LocalAccount /> : null}
          {ways.data && !ways.data.local && ways.data.providers.length === 0 ? (
            <p className="note warn">No way to sign in is configured: see “identity” in portreeve.config.ts.</p>
          ) : null}
        </div>
      </main>
    </div>
  );
}

function LocalAccount(): ReactNode {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const signIn = async (): Promise<void> => {
    setBusy(true);
    setFault(null);
    try {
      await api.call('POST /v1/session', { body: { name, password } });
      forgetPerson();
      await navigate({ to: '/' as never });
    } catch (error) {
      setFault(wordsOf(error).what);
      setPassword('');
      setBusy(false);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void signIn();
      }}
    >
      {fault ? (
        <p className="note bad" role="alert">
          <Text>{fault}</Text>
        </p>
      ) : null}
      <Input label="Account" value={name} onChange={setName} required autoComplete="username" />
      <Input
        label="Password"
        type="password"
        value={password}
        onChange={setPassword}
        required
        autoComplete="current-password"
      />
      <button type="submit" className="button primary wide" disabled={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </button>
    </form>
  );
}
