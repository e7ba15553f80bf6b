import type { ReactNode } from 'react';
import { codeOf, wordsOf } from '../api/client.ts';
import { useSession } from '../api/session.ts';
import { Text } from './text.tsx';

export function Loading({ what }: { readonly what: string }): ReactNode {
  return (
    <div role="status" className="bones">
      <span className="visually-hidden">Loading {what}</span>
      {['a', 'b', 'c', 'd', 'e'].map((key) => (
        <span key={key} className="pulse" aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }): ReactNode {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children ? <p>{children}</p> : null}
    </div>
  );
}

export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }): ReactNode {
  const { what, next } = wordsOf(error);
  if (codeOf(error) === 'refused') return <Refused what={what} next={next} />;
  return (
    <div className="state" role="alert">
      <h2>{codeOf(error) === 'not_found' ? 'There is nothing here' : 'This could not be loaded'}</h2>
      <p>
        <Text>{`${what} ${next}`}</Text>
      </p>
      {retry ? (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

/** A page that is not for this person: said at once, with who can help, and without asking the server for anything. */
export function NoPermission({ operation }: { readonly operation: string }): ReactNode {
  const { principal } = useSession();
  const roles = principal.roles.length === 0 ? 'no role' : `the role ${principal.roles.join(', ')}`;
  return (
    <Refused
      what={`This page needs the right ${operation}, and you have ${roles}.`}
      next="Ask an administrator, if your work needs it."
    />
  );
}

function Refused({ what, next }: { readonly what: string; readonly next: string }): ReactNode {
  return (
    <div className="state">
      <h2>This is not open to you</h2>
      <p>
        <Text>{what}</Text>
      </p>
      <p>
        <Text>{next}</Text>
      </p>
    </div>
  );
}
