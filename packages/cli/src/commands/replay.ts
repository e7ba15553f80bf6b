import { resolve } from 'node:path';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { withProgress } from '../progress.ts';
import { signIn } from '../session.ts';
import type { ProjectOptions } from './check.ts';

export type ReplayOptions = ProjectOptions & { readonly since?: string };

const SHOWN_MAX = 20;
const MINUTES: Readonly<Record<string, number>> = { d: 24 * 60, h: 60, m: 1 };

/** `30d`, `12h`, `90m` before `now`, or a time of its own, as an ISO 8601 time in UTC. Throws `UsageError` for all else. */
export function sinceOf(text: string, now: Date): string {
  const [, number, unit] = /^(\d{1,6})([dhm])$/.exec(text) ?? [];
  const minutes = number && unit ? Number(number) * MINUTES[unit]! : null;
  const time = minutes === null ? Date.parse(text) : now.getTime() - minutes * 60_000;
  // A bare number would be read as a year.
  if (Number.isNaN(time) || (minutes === null && !/^\d{4}-\d{2}-\d{2}/.test(text)))
    throw new UsageError(`--since takes 30d, 12h, 90m or a time such as 2026-11-01T00:00:00Z, not ${text}.`);
  return new Date(Math.max(0, time)).toISOString();
}

/** Exit 0: nothing would change; 1: something would. What cannot be judged is said and is neither. */
export async function replay(options: ReplayOptions, candidate: string): Promise<number> {
  const since = options.since === undefined ? null : sinceOf(options.since, new Date());
  const { replayAgainst } = await import('@portreeve/server');
  const found = await withProgress(options, 'judging', (progress) =>
    replayAgainst(
      { candidate: resolve(candidate), project: resolve(options.project) },
      async () => {
        const { client } = await signIn(options, 'operator');
        return client.lines(`/v1/policy/decisions${since === null ? '' : `?since=${encodeURIComponent(since)}`}`);
      },
      ({ total, changed }) => progress.at(`${total} decisions, ${changed} would change`),
    ),
  );
  if (options.json) console.log(JSON.stringify({ since, candidate: resolve(candidate), ...found }));
  else print(found, since);
  return found.changed_total === 0 ? EXIT.done : EXIT.failed;
}

type Replay = Awaited<ReturnType<typeof import('@portreeve/server').replayAgainst>>;

function print({ total, same, changed, changed_total, changes, cannot_judge }: Replay, since: string | null): void {
  const unjudged = cannot_judge.reduce((sum, { count }) => sum + count, 0);
  console.log(`${total} recorded decisions${since === null ? '' : ` since ${since}`}`);
  console.log(`  ${same} stay as they are`);
  console.log(`  ${style(changed_total > 0 ? 'yellow' : 'green', String(changed_total))} would change`);
  for (const [kind, count] of Object.entries(changes)) console.log(`      ${count} × ${kind.replace('>', ' → ')}`);
  console.log(`  ${style(unjudged > 0 ? 'yellow' : 'green', String(unjudged))} cannot be judged`);
  for (const { why, count } of cannot_judge) console.log(`      ${count} × ${printable(why)}`);
  if (changed.length === 0) return;
  console.log('\nWhat would change (the record, what was asked, the outcomes, the deciding rules):');
  const rows = changed
    .slice(0, SHOWN_MAX)
    .map(({ record, asked, from, to, rules }) => [
      record === null ? '' : String(record),
      printable(asked),
      `${from} → ${to}`,
      printable(rules.join(', ')),
    ]);
  console.log(table(rows));
  if (changed_total > SHOWN_MAX)
    console.log(style('dim', `… and ${changed_total - SHOWN_MAX} more (--json lists 1000)`));
}
