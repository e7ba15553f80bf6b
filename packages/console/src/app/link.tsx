import { Link as RouterLink } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { UrlState } from './url-state.ts';

/** A link within the console: a path of ours, and the state of the page that it leads to. */
export function Link({
  to,
  search,
  hash,
  className,
  children,
}: {
  readonly to: string;
  readonly search?: UrlState;
  /** A place on that page. */
  readonly hash?: string | undefined;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <RouterLink
      to={to as never}
      search={(search ?? {}) as never}
      {...(hash === undefined ? {} : { hash })}
      className={className}
    >
      {children}
    </RouterLink>
  );
}
