import type { ReactNode } from 'react';
import { Link } from '../app/link.tsx';
import type { UrlState } from '../app/url-state.ts';
import { clockOf } from './time.tsx';

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 36;
/** Of numbers that are longer than counts. */
const LEFT_WIDE = 64;
const FOOT = 24;

/** A round number at or above the largest: 1, 2 or 5 times a power of ten. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** Some numbers over the parts of a time; null: it is not known, or there is none. */
export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/**
 * Numbers in equal parts of a time, as columns, with marks where something was changed. `within` stands in the columns, and
 * is never more than they are. Drawn here: a library of charts
 * would be the largest part of the console. The same numbers stand in a table for who cannot see it.
 */
export function Columns({
  title,
  values,
  within,
  unread = [],
  since,
  until,
  marks,
  shown,
}: {
  readonly title: string;
  readonly values: readonly (number | null)[];
  /** How each number is called, where there are two. */
  readonly within?: { readonly whole: string; readonly part: Line };
  /** Parts of which nobody knows: that is something else than none. */
  readonly unread?: readonly boolean[];
  /** How a number is written; left out: as the count that it is. */
  readonly shown?: (value: number) => string;
  readonly since: string;
  readonly until: string;
  readonly marks: readonly { readonly at: string; readonly place: string; readonly what: string }[];
}): ReactNode {
  const top = ceiling(Math.max(...values.map((value) => value ?? 0), 1));
  const [from, to] = [Date.parse(since), Date.parse(until)];
  const left = shown ? LEFT_WIDE : LEFT;
  const step = (WIDTH - left) / values.length;
  const y = (value: number): number => (HEIGHT - FOOT) * (1 - value / top) + 4;
  const at = (time: number): number => left + ((time - from) / (to - from)) * (WIDTH - left);
  const written = (value: number): string => (shown ? shown(Math.round(value)) : String(value));
  const said = (line: Line, part: number): string => {
    const value = line.values[part];
    if (unread[part]) return 'not read';
    return typeof value === 'number' ? written(value) : '\u2013';
  };
  const lines: Line[] = within ? [{ name: within.whole, values }, within.part] : [{ name: title, values }];
  const label = (part: number): string => {
    const time = new Date(from + ((to - from) * part) / values.length).toISOString();
    return to - from > 2 * 86_400_000 ? time.slice(5, 10) : clockOf(time).slice(0, 5);
  };
  return (
    <figure>
      <svg
        className="chart"
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 4}`}
        role="img"
        aria-label={`${title}: columns over time`}
      >
        {[0, top / 2, top].map((value) => (
          <g key={value}>
            <line className="axis" x1={left} x2={WIDTH} y1={y(value)} y2={y(value)} />
            <text x={left - 6} y={y(value) + 4} textAnchor="end">
              {written(value)}
            </text>
          </g>
        ))}
        {unread.map((isUnread, part) =>
          isUnread ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: a part of the time is its place
            <rect key={part} className="unread" x={left + part * step} width={step} y={y(top)} height={y(0) - y(top)}>
              <title>{`${label(part)}: not read`}</title>
            </rect>
          ) : null,
        )}
        {lines.map((line, index) =>
          line.values.map((value, part) =>
            value === null ? null : (
              <rect
                // biome-ignore lint/suspicious/noArrayIndexKey: a part of the time is its place
                key={part}
                className={index === 0 ? 'fill-1' : 'fill-2'}
                x={left + part * step + 1.5}
                width={Math.max(1, step - 3)}
                y={y(value)}
                height={y(0) - y(value)}
                rx="1.5"
              >
                <title>{`${label(part)}: ${lines.map((each) => (within ? `${each.name} ` : '') + said(each, part)).join(', ')}`}</title>
              </rect>
            ),
          ),
        )}
        {marks.map(({ at: time, place, what }) => (
          <line
            key={`${place} ${what}`}
            className="mark-line"
            x1={at(Date.parse(time))}
            x2={at(Date.parse(time))}
            y1="4"
            y2={y(0)}
          >
            <title>{what}</title>
          </line>
        ))}
        {[0, 6, 12, 18].map((part) => (
          <text key={part} x={left + part * step} y={HEIGHT}>
            {label(part)}
          </text>
        ))}
      </svg>
      <figcaption className="small soft">
        {(within ? lines : []).map(({ name }, index) => (
          <span key={name}>
            <span className={index === 0 ? 'swatch' : 'swatch two'} aria-hidden="true" />
            {`${name}. `}
          </span>
        ))}
        {unread.some(Boolean) ? 'Grey: not read. ' : ''}
        {marks.length > 0
          ? 'Dashed: policy, a release, a model or the environment was changed.'
          : 'Nothing was changed in this time.'}
      </figcaption>
      {/* A table is never narrower than what it holds: the element around it is. */}
      <div className="visually-hidden">
        <table>
          <caption>{title}</caption>
          {within ? (
            <thead>
              <tr>
                <th scope="col">From</th>
                {lines.map(({ name }) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
          ) : null}
          <tbody>
            {values.map((_, part) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <tr key={part}>
                <th scope="row">{label(part)}</th>
                {lines.map((line) => (
                  <td key={line.name}>{said(line, part)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

export function Bars({
  rows,
}: {
  readonly rows: readonly { readonly name: string; readonly count: number; readonly link: UrlState | null }[];
}): ReactNode {
  const top = Math.max(...rows.map(({ count }) => count), 1);
  return (
    <ul className="bars">
      {rows.map(({ name, count, link }) => (
        <li key={name}>
          <span className="breakable">
            {link ? (
              <Link to="/audit" search={link}>
                {name}
              </Link>
            ) : (
              name
            )}
          </span>
          <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
            <rect className="fill-1" width={(count / top) * 100} height="12" />
          </svg>
          <span className="numeric">{count}</span>
        </li>
      ))}
    </ul>
  );
}
