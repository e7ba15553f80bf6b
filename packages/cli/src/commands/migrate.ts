import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { withProgress } from '../progress.ts';
import type { GlobalOptions } from '../session.ts';

interface MigrateOptions extends GlobalOptions {
  readonly plan?: boolean;
  readonly databaseUrl?: string;
}

export function addMigrate(
  program: Command,
  run: (action: (options: MigrateOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('migrate')
    .description('bring the schema of a PostgreSQL up to date, or say what that would do')
    .option('--plan', 'change nothing: each statement, the locks that it takes, and for about how long')
    .option('--database-url <url>', 'the PostgreSQL, as the owner of the tables (default: DATABASE_URL)')
    .action(run(migrateSchema));
}

async function migrateSchema({ plan, databaseUrl, json }: MigrateOptions): Promise<number> {
  const url = databaseUrl ?? process.env.DATABASE_URL;
  if (!url) throw new UsageError('`portreeve migrate` needs a PostgreSQL: --database-url, or DATABASE_URL.');
  const { migrateAt, planAt } = await import('@portreeve/server');
  if (plan) {
    const migrations = await planAt(url);
    console.log(
      json ? JSON.stringify({ migrations }) : migrations.flatMap(linesOf).join('\n') || 'Nothing is to be done.',
    );
    return EXIT.done;
  }
  const done = await withProgress({ json }, 'migrating', () => migrateAt(url));
  const applied = done.applied.length === 0 ? 'Nothing was to be done' : `Applied ${done.applied.join(', ')}`;
  const roles = done.roles ? 'the database roles are made' : 'this user may not make the database roles';
  console.log(json ? JSON.stringify(done) : `${applied}. The schema is ${done.schema}; ${roles}.`);
  return EXIT.done;
}

type Plan = Awaited<ReturnType<typeof import('@portreeve/server')['planAt']>>[number];

function linesOf({ name, statements }: Plan): string[] {
  return [
    style('bold', name),
    ...statements.flatMap(({ statement, effects, held, contracts }) => [
      `  ${printable(statement)}`,
      ...(effects.length === 0 ? ['    nobody waits for it'] : effects.map((effect) => `    ${wordsOf(effect)}`)),
      ...(held === null ? [] : [`    held: ${printable(held)}`]),
      ...(contracts === null ? [] : [`    stop the version before first: ${printable(contracts)}`]),
    ]),
  ];
}

function wordsOf({
  on,
  lock,
  work,
  blocks,
  rows,
  bytes,
  seconds,
}: Plan['statements'][number]['effects'][number]): string {
  const table = on === '*' ? 'a table that is not known here' : on;
  const size = rows === null ? '' : ` (about ${rows} rows, ${Math.ceil((bytes ?? 0) / 1024 / 1024)} MiB)`;
  const long =
    seconds === null ? 'for nobody knows how long' : seconds < 0.1 ? 'for a moment' : `for about ${seconds} s`;
  const waits = blocks === 'nothing' ? 'nobody waits' : `${blocks} wait`;
  return `${lock} on ${table}${size}, ${work === 'none' ? 'no row is looked at' : work}, ${long}: ${waits}`;
}
