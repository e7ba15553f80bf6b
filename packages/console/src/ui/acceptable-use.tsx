import type { ReactNode } from 'react';
import { Link } from '../app/link.tsx';
import { Text } from './text.tsx';

/** Where a refusal points (requirement A5): what its owners say that a workflow may be used for, and where to ask. */
export function AcceptableUseNote({
  workflow,
  link = null,
}: {
  readonly workflow: string;
  /** As the server gives it: the page and its paragraph. */
  readonly link?: string | null | undefined;
}): ReactNode {
  const hash = link?.split('#')[1];
  return (
    <p className="note">
      Something here was refused.{' '}
      <Link to={`/workflows/${encodeURIComponent(workflow)}`} hash={hash}>
        What <Text>{workflow}</Text> may be used for, and whom to ask
      </Link>
    </p>
  );
}
