import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

export function Missing(): ReactNode {
  return (
    <div className="state">
      <h1>There is no such page</h1>
      <p>The address may be cut off. What you look for may have another one.</p>
      <Link to="/" className="button">
        To the beginning
      </Link>
    </div>
  );
}
