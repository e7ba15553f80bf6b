import { type ReactNode, useEffect } from 'react';
import { useMay } from '../api/session.ts';
import { NoPermission } from './states.tsx';
import { Text } from './text.tsx';

interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** The right without which the page shows nothing. */
  readonly needs?: string;
  readonly children: ReactNode;
}

export function Page({ title, lead, actions, needs, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Portreeve`;
  }, [title]);
  const may = useMay();
  const allowed = needs === undefined || may(needs);
  return (
    <>
      <header className="head">
        <div className="stack-tight">
          <h1>
            <Text>{title}</Text>
          </h1>
          {lead ? <p>{lead}</p> : null}
        </div>
        {allowed && actions ? <div className="cluster">{actions}</div> : null}
      </header>
      {allowed ? children : <NoPermission operation={needs} />}
    </>
  );
}

export function Panel({
  title,
  aside,
  children,
  bare = false,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** Without the padding: for tables. */
  readonly bare?: boolean;
}): ReactNode {
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {bare ? children : <div className="body">{children}</div>}
    </section>
  );
}

export function Facts({ rows }: { readonly rows: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name} className="pair">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
