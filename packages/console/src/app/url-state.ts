import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

export type UrlState = Readonly<Record<string, string | undefined>>;

/** What the address says after its `?`: every value is a text, and nothing else is a page's state. */
export function textsOf(search: Record<string, unknown>): UrlState {
  return Object.fromEntries(
    Object.entries(search)
      .filter(([name, value]) => /^[a-z_]{1,32}$/.test(name) && value !== undefined && value !== '')
      .map(([name, value]) => [name, String(value).slice(0, 1000)]),
  );
}

/** The page's state, which is its address: a change replaces it, so that a link says what is seen. */
export function useUrlState(): readonly [UrlState, (change: UrlState) => void] {
  const state = useSearch({ strict: false }) as UrlState;
  const navigate = useNavigate();
  const change = useCallback(
    (next: UrlState) =>
      void navigate({
        to: '.',
        search: (before: UrlState) => textsOf({ ...before, ...next }),
        replace: true,
        resetScroll: false,
      } as never),
    [navigate],
  );
  return [state, change];
}
