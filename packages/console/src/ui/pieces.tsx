import type { ReactNode } from 'react';
import { Badge } from './badge.tsx';
import { Text } from './text.tsx';

interface Piece {
  readonly area: string;
  readonly text: string;
  readonly loosens: boolean;
  readonly lines: readonly string[];
}

/** What is otherwise than before, one thing a line: its area, whether it loosens, and the lines to read. */
export function Pieces({ pieces }: { readonly pieces: readonly Piece[] }): ReactNode {
  return (
    <ul className="stack-tight">
      {pieces.map(({ area, text, loosens, lines }) => (
        <li key={`${area} ${text}`}>
          <div className="cluster">
            <Badge>{area}</Badge>
            {loosens ? <Badge tone="bad">loosens</Badge> : null}
            <span className="breakable">
              <Text>{text}</Text>
            </span>
          </div>
          {lines.length === 0 ? null : (
            <details>
              <summary>{lines.length === 1 ? 'One line' : `${lines.length} lines`}</summary>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
              <pre className="json" tabIndex={0}>
                <Text>{lines.join('\n')}</Text>
              </pre>
            </details>
          )}
        </li>
      ))}
    </ul>
  );
}
