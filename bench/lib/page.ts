import type { Judged, Row } from './report.ts';

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What grows from left to right, and what is drawn over it: the first of each that a bench tells. */
const GROWS = ['in_flight', 'records', 'rules', 'second'];
const DRAWN = ['per_second', 'p95_ms', 'p50_ms', 'us_per_decision'];
const [WIDTH, HEIGHT, LEFT, BOTTOM, RIGHT] = [640, 260, 56, 32, 190];

const escaped = (text: unknown): string =>
  String(text).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

/** All reports as one page without script: the bars of each bench, a picture where something grows, and every row. */
export function benchPage(all: {
  readonly started: string;
  readonly quick: boolean;
  readonly reports: readonly Judged[];
  readonly skipped: readonly string[];
  readonly broken: readonly string[];
}): string {
  const [first] = all.reports;
  const facts = first ? Object.entries(first.machine).map(([name, value]) => `${name} ${value}`) : [];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Portreeve: benches</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #17222d }
table { border-collapse: collapse; margin: .5rem 0 } td, th { padding: .15rem .6rem; text-align: left; border-bottom: 1px solid #dde3e9 }
svg text { font: 11px system-ui, sans-serif; fill: #425466 } .no { color: #a3131b; font-weight: 600 }
</style>
<h1>Benches</h1>
<p>${escaped(all.started)}${all.quick ? ', quick' : ''}. ${escaped(facts.join(', '))}.</p>
${all.skipped.map((name) => `<p>${escaped(name)} was skipped: its data is not here.</p>`).join('\n')}
${all.broken.map((why) => `<p class="no">${escaped(why)}</p>`).join('\n')}
${all.reports.map(section).join('\n')}
</html>
`;
}

function section({ bench, results, bars }: Judged): string {
  const judged = bars.map(
    ({ name, value, bar, least, ok }) =>
      `<tr><td>${escaped(name)}<td>${value}<td>${least ? 'at least' : 'at most'} ${bar}<td${ok ? '>met' : ' class="no">not met'}`,
  );
  return `<h2>${escaped(bench)}</h2>
<table><tr><th>bar<th>value<th>promised<th>${judged.join('\n')}</table>
${picture(results)}<details><summary>${results.length} rows</summary>${rows(results)}</details>`;
}

function rows(results: readonly Row[]): string {
  const columns = [...new Set(results.flatMap((row) => Object.keys(row)))];
  const line = (row: Row) => `<tr>${columns.map((column) => `<td>${escaped(row[column] ?? '')}`).join('')}`;
  return `<table><tr>${columns.map((column) => `<th>${escaped(column)}`).join('')}${results.map(line).join('\n')}</table>`;
}

/** Lines over what grows, both scales logarithmic; nothing where nothing does. */
function picture(results: readonly Row[]): string {
  const varies = (column: string) => new Set(results.map((row) => row[column])).size > 1;
  const x = GROWS.find((column) => results.some((row) => typeof row[column] === 'number') && varies(column));
  const y = DRAWN.find((column) => results.some((row) => typeof row[column] === 'number'));
  if (!x || !y) return '';
  const lines = linesOf(results, x, y);
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) return '';
  const across = scale(
    all.map(([at]) => at),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scale(
    all.map(([, at]) => at),
    HEIGHT - BOTTOM,
    12,
  );
  const marks = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
  const ticks = [
    ...marks(all.map(([at]) => at)).map(
      (at) => `<text x="${across(at)}" y="${HEIGHT - 14}" text-anchor="middle">${at}</text>`,
    ),
    ...[Math.min(...all.map(([, at]) => at)), Math.max(...all.map(([, at]) => at))].map(
      (at) => `<text x="${LEFT - 6}" y="${up(at) + 4}" text-anchor="end">${at}</text>`,
    ),
  ];
  const drawn = lines.map(({ name, points }, index) => {
    const hue = Math.round((360 / lines.length) * index);
    const path = points.map(([px, py]) => `${across(px)},${up(py)}`).join(' ');
    const dots = points.map(
      ([px, py]) => `<circle cx="${across(px)}" cy="${up(py)}" r="3" fill="hsl(${hue} 60% 40%)"/>`,
    );
    const label = `<text x="${WIDTH - RIGHT + 12}" y="${20 + 14 * index}" style="fill: hsl(${hue} 60% 40%)">■ ${escaped(name)}</text>`;
    return `<polyline points="${path}" fill="none" stroke="hsl(${hue} 60% 40%)" stroke-width="1.5"/>${dots.join('')}${label}`;
  });
  const height = Math.max(HEIGHT, 30 + 14 * lines.length);
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(`${y} over ${x}`)}">
<text x="${LEFT}" y="10">${escaped(y)} over ${escaped(x)}</text>
${ticks.join('')}
${drawn.join('\n')}
</svg>
`;
}

/** One line for each way: the words that a row has beside its numbers. */
function linesOf(results: readonly Row[], x: string, y: string): Line[] {
  const named = Map.groupBy(results, (row) =>
    Object.entries(row)
      .filter(([column, value]) => typeof value === 'string' && column !== 'note' && column !== 'same_answers')
      .map(([, value]) => value)
      .join(' '),
  );
  return [...named].flatMap(([name, ofName]) => {
    const points = ofName.flatMap((row) => {
      const [px, py] = [row[x], row[y]];
      return typeof px === 'number' && typeof py === 'number' && px > 0 && py > 0 ? [[px, py] as const] : [];
    });
    return points.length > 1 ? [{ name, points }] : [];
  });
}

function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) =>
    Math.round(high === low ? (from + to) / 2 : from + ((Math.log(value) - low) / (high - low)) * (to - from));
}
