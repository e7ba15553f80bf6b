import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Client } from '../client.ts';
import { EXIT, UsageError } from '../failure.ts';
import { bridge } from '../mcp/bridge.ts';
import { clientOf, type GlobalOptions, serverUrl } from '../session.ts';

interface McpOptions extends GlobalOptions {
  readonly tokenFile?: string;
}

export function addMcp(
  program: Command,
  run: (action: (options: McpOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('mcp')
    .description('speak MCP on standard input and output for a local client: a bridge to the running gateway')
    .option('--token-file <file>', 'a file with the token, read again for each message, so that it can be renewed')
    .action(run(mcp));
}

/** Standard output belongs to the protocol: nothing else is written there while it runs. */
async function mcp(options: McpOptions): Promise<number> {
  const whose = await callers(options);
  await bridge({
    input: process.stdin,
    write: (line) => process.stdout.write(`${line}\n`),
    send: async (method, request) => (await whose()).open(method, '/mcp', request),
  });
  return EXIT.done;
}

async function callers(options: McpOptions): Promise<() => Promise<Client>> {
  const { tokenFile } = options;
  if (tokenFile === undefined) {
    const client = await clientOf(options, 'requester');
    return async () => client;
  }
  const url = await serverUrl(options);
  return async () => {
    const token = (await readFile(tokenFile, 'utf8').catch(() => '')).trim();
    if (token === '') throw new UsageError(`${tokenFile} holds no token.`);
    return new Client(url, token);
  };
}
