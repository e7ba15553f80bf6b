import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

interface Paged<T> {
  readonly rows: readonly T[];
  /** What the next page begins behind; null where there is none. */
  readonly next: string | number | null;
}

/** The rows of a list that the server gives page by page, and what a table needs to show them. */
export function usePages<T>(
  key: QueryKey,
  load: (after: string | number | undefined, signal: AbortSignal) => Promise<Paged<T>>,
  { enabled = true, every }: { readonly enabled?: boolean; readonly every?: number } = {},
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    initialPageParam: undefined as string | number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    enabled,
    ...(every === undefined ? {} : { refetchInterval: every }),
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows), [query.data]);
  return {
    rows,
    error: query.error && !query.data ? query.error : undefined,
    retry: () => void query.refetch(),
    more: query.hasNextPage ? { load: () => void query.fetchNextPage(), loading: query.isFetchingNextPage } : undefined,
  };
}
