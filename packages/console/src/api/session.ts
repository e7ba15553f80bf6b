import { queryOptions, useQuery } from '@tanstack/react-query';
import { type Answer, api } from './client.ts';

export type Session = Answer<'GET /v1/session'>;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => api.call('GET /v1/session', { signal }),
  staleTime: 30_000,
});

/** Who is signed in. The shell shows no page before it is known. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error('a page was shown before anybody was signed in');
  return data;
}

/** Whether policy lets the person do this now: for what is offered. The server judges what is done. */
export function useMay(): (operation: string) => boolean {
  const { may } = useSession();
  return (operation) => may.includes(operation);
}

/** Whether a path is that of the page on which an approval is decided: no page of the console. */
export const isApproval = (path: string): boolean => /^\/approve\/[a-z0-9_]{1,64}$/.test(path);

const RETURN = 'portreeve.return';

/** Where to go on after a sign-in, in this tab alone. Only a path of this console: nobody can lead elsewhere with it. */
export const returning = {
  keep(path: string): void {
    sessionStorage.setItem(RETURN, path);
  },
  take(): string {
    const path = sessionStorage.getItem(RETURN) ?? '/';
    sessionStorage.removeItem(RETURN);
    return /^\/(?![/\\])/.test(path) && !path.startsWith('/sign-in') ? path : '/';
  },
};
