import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, wordsOf } from '../api/client.ts';
import { returning } from '../api/session.ts';
import { Dialog } from './dialog.tsx';
import { Input } from './select.tsx';
import { Text } from './text.tsx';

/** Asks who sits there: by the password, or by sending them to their identity provider, from where they come back. */
export function Prove({ onDone }: { readonly onDone: (proven: boolean) => void }): ReactNode {
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const ways = useQuery({ queryKey: ['sign-in'], queryFn: ({ signal }) => api.call('GET /v1/sign-in', { signal }) });
  const prove = async (): Promise<void> => {
    try {
      await api.call('POST /v1/session/proof', { body: { password } });
      onDone(true);
    } catch (error) {
      setFault(wordsOf(error).what);
      setPassword('');
    }
  };
  return (
    <Dialog title="Is it you?" onClose={() => onDone(false)} onSubmit={() => void prove()}>
      <p>What you are about to do gives rights or stops work, so it asks for a proof that is minutes old.</p>
      {fault ? (
        <p className="note bad" role="alert">
          <Text>{fault}</Text>
        </p>
      ) : null}
      {ways.data?.local ? (
        <Input
          label="Password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
        />
      ) : null}
      {ways.data?.providers.map((provider) => (
        <a
          key={provider}
          className="button wide"
          href={`/v1/oidc/${encodeURIComponent(provider)}/begin?prove=anew`}
          onClick={() => returning.keep(location.pathname + location.search)}
        >
          Prove it at {provider}, and come back here
        </a>
      ))}
      <footer>
        <button type="button" className="button" onClick={() => onDone(false)}>
          Cancel
        </button>
        {ways.data?.local ? (
          <button type="submit" className="button primary" disabled={password === ''}>
            Prove
          </button>
        ) : null}
      </footer>
    </Dialog>
  );
}
