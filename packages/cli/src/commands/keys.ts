import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import type { GlobalOptions } from '../session.ts';

export function addKeys(
  program: Command,
  run: (action: (options: GlobalOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  const group = program.command('keys').description('the public halves of the keys of a state folder');
  group
    .command('executor')
    .description("the thumbprint of the executor's key, for `executors` in portreeve.config.ts; makes the key at first")
    .action(
      run(async (options) => {
        const { executorThumbprint } = await import('@portreeve/server/executor');
        return show(options, 'jkt', await executorThumbprint(resolve(options.state)));
      }),
    );
  group
    .command('grant')
    .description('the public key that checks grants, for `grant_keys` in portreeve.config.ts')
    .action(
      run(async (options) => {
        const { grantKey } = await import('@portreeve/server/executor');
        return show(options, 'x', await grantKey(resolve(options.state)));
      }),
    );
  group
    .command('release')
    .description('the public key that checks releases built here, for `release verify --key`; makes the key at first')
    .action(
      run(async (options) => {
        const { releasePublicKey } = await import('@portreeve/server');
        return show(options, 'x', await releasePublicKey(resolve(options.state)));
      }),
    );
}

function show(options: GlobalOptions, name: string, value: string): number {
  console.log(options.json ? JSON.stringify({ [name]: value }) : value);
  return EXIT.done;
}
