import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import { withProgress } from '../progress.ts';
import { type GlobalOptions, signIn } from '../session.ts';

interface RestoreOptions extends GlobalOptions {
  readonly log: string;
  readonly keys: string;
  readonly project?: string;
  readonly vkey?: string;
  readonly acceptRollback?: boolean;
}

type Run = (action: (options: never) => Promise<number>) => (...args: unknown[]) => Promise<void>;

/** `backup` asks the server that runs; `restore` works while none does. */
export function addBackup(program: Command, run: Run): void {
  program
    .command('backup')
    .description(
      'back everything up where the configuration says: the record and the data, and apart from them the keys',
    )
    .action(run(backup as never));
  program
    .command('restore')
    .description('put a backup into an empty database, while Portreeve does not run; everything is verified first')
    .requiredOption('--log <folder>', 'the archive of the record and the data (…/bkp_…)')
    .requiredOption('--keys <folder>', 'the archive of the keys')
    .option('--project <folder>', 'folder with portreeve.config.ts (default: the current one)')
    .option('--vkey <key>', "the log's public key as you know it from elsewhere")
    .option('--accept-rollback', 'go on although an anchor or a witness has seen more than the backup holds')
    .action(run(restore as never));
}

async function backup(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const made = await withProgress(options, 'backing up', () => client.call('POST', '/v1/backups'));
  if (options.json) {
    console.log(JSON.stringify(made));
    return EXIT.done;
  }
  console.log(`${style('bold', made.backup)}:`);
  for (const line of treeLines(made.trees)) console.log(line);
  for (const archive of ['log', 'keys'] as const) {
    console.log(`  ${archive.padEnd(5)} ${printable(made[archive].folder)}`);
    console.log(`        manifest ${printable(made[archive].manifest)}`);
  }
  for (const { backup, archive } of made.removed)
    console.log(`  removed ${printable(backup)} (${archive}): its time was over`);
  return EXIT.done;
}

async function restore(options: RestoreOptions): Promise<number> {
  const { restoreBackup } = await import('@portreeve/server');
  const made = await withProgress(options, 'verifying the backup and putting it back', () =>
    restoreBackup({
      project: resolve(options.project ?? '.'),
      stateFolder: resolve(options.state),
      databaseUrl: process.env.DATABASE_URL,
      log: options.log,
      keys: options.keys,
      vkey: options.vkey,
      acceptRollback: options.acceptRollback === true,
    }),
  );
  if (options.json) {
    console.log(JSON.stringify(made));
    return EXIT.done;
  }
  console.log(`${style('bold', made.backup)} of ${made.made_at} is back, verified:`);
  for (const line of treeLines(made.trees)) console.log(line);
  console.log(`  signed by ${printable(made.vkey)}`);
  if (made.erased_keys > 0) console.log(`  ${made.erased_keys} erased keys of the archive were not put back`);
  if (made.migrated.length > 0) console.log(`  migrated: ${made.migrated.join(', ')}`);
  for (const { kind, name, size, log } of made.ahead)
    console.log(
      `  ${style('bold', 'rolled back')}: ${kind} ${printable(name)} has seen ${size ?? 'more'} records of ${printable(log)} and goes on saying so`,
    );
  console.log(
    '  Everything is frozen. Compare with the systems downstream what was done since, then: portreeve thaw all',
  );
  return EXIT.done;
}

function treeLines(trees: readonly { readonly log: string; readonly size: number; readonly root: string }[]): string[] {
  return trees.map(({ log, size, root }) => `  ${size} records of ${printable(log)}, root ${printable(root)}`);
}
