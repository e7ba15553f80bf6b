import { type Api, type ApiClient, ApiProblem, createClient } from '@portreeve/sdk/client';
import { QueryCache, QueryClient } from '@tanstack/react-query';

export type Answer<K extends keyof Api> = Api[K]['answer'];
export type Row<K extends keyof Api, M extends keyof Answer<K>> = Answer<K>[M] extends readonly (infer R)[] ? R : never;

export const api: ApiClient = createClient({ baseUrl: '' });

const isProblem = (error: unknown): error is ApiProblem => error instanceof ApiProblem;

export function codeOf(error: unknown): string | null {
  return isProblem(error) ? error.problem.code : null;
}

/** What an error says of single parts of what was sent. */
export function errorsOf(error: unknown): readonly { readonly path: string; readonly message: string }[] {
  return isProblem(error) ? (error.problem.errors ?? []) : [];
}

/** What to say of an error: what went wrong, and what helps. */
export function wordsOf(error: unknown): { readonly what: string; readonly next: string } {
  if (isProblem(error)) return { what: error.message, next: error.problem.next ?? '' };
  // What a person or their device refused: the browser's own words.
  if (error instanceof DOMException && error.name === 'NotAllowedError')
    return { what: 'Your device was not allowed to, or took too long.', next: 'Nothing was changed: try again.' };
  if (error instanceof DOMException && error.name === 'InvalidStateError')
    return { what: 'This device holds a passkey of yours already.', next: 'Use that one, or another device.' };
  return { what: 'The server did not answer.', next: 'Check the connection, then try again.' };
}

/** Told when the session turns out to have ended; who sets it leads to the sign-in. */
export const onSignedOut: { lead: () => void } = { lead: () => undefined };

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => {
      // Whether anybody is signed in is what the router asks by itself.
      if (codeOf(error) === 'not_signed_in' && queryKey[0] !== 'session') onSignedOut.lead();
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // What the server has judged is not asked again; what did not arrive is.
      retry: (failures, error) => !isProblem(error) && failures < 2,
      refetchOnWindowFocus: true,
    },
  },
});

/** Forgets what was loaded for a person who has signed out; how people sign in is nobody's. */
export function forgetPerson(): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'sign-in' });
}
