import type { ReactNode } from 'react';
import { Link } from '../app/link.tsx';
import { Text } from './text.tsx';

/** Where a refusal points (requirement A5): what its owners say that a workflow may be used for, and where to ask. */
export function AcceptableUseNote({ workflow }: { readonly workflow: string }): ReactNode {
  return (
    <p className="note">
      Something here was refused.{' '}
      <Link to={`/workflows/${encodeURIComponent(workflow)}`}>
        What <Text>{workflow}</Text> may be used for, and whom to ask
      </Link>
    </p>
  );
}
