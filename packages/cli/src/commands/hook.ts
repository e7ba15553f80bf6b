import { readFile } from 'node:fs/promises';
import { afterTool, beforeTool, type HookAnswer } from '@portreeve/sdk/claude-agent';
import { createGate } from '@portreeve/sdk/gate';
import type { Command } from 'commander';
import { z } from 'zod';
import { EXIT } from '../failure.ts';
import { readInput } from '../read-input.ts';
import { type GlobalOptions, serverUrl } from '../session.ts';

interface HookOptions extends GlobalOptions {
  readonly tools: string;
  readonly tokenFile?: string;
}

export function addHook(
  program: Command,
  run: (action: (options: HookOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('hook')
    .description('answer a hook of Claude Code on standard input: each call of a tool comes to the gate first')
    .requiredOption('--tools <file>', 'JSON: which tool of the gateway stands for which, {"Bash": "desk_start_build"}')
    .option('--token-file <file>', 'a file with the token (default: PORTREEVE_TOKEN)')
    .action(run(hook));
}

const inputSchema = z.looseObject({
  hook_event_name: z.string(),
  tool_name: z.string(),
  mcp_server: z.object({ name: z.string(), source: z.string() }).optional(),
});
const toolsSchema = z.record(z.string().max(256), z.string().max(256));

const AFTER = new Set(['PostToolUse', 'PostToolUseFailure']);

/**
 * Exit code 2, by which Claude Code blocks, for whatever goes wrong: any other would let the call go ahead where the hook
 * was not declared with `onFailure: 'block'`.
 */
async function hook(options: HookOptions): Promise<number> {
  try {
    console.log(JSON.stringify(await answer(options)));
    return EXIT.done;
  } catch (error) {
    console.error(`Portreeve could not be asked, so nothing is done: ${(error as Error).message}`);
    return EXIT.usage;
  }
}

async function answer(options: HookOptions): Promise<HookAnswer> {
  const tools = toolsSchema.parse(JSON.parse(await readFile(options.tools, 'utf8')));
  const { tokenFile } = options;
  const token = tokenFile === undefined ? process.env.PORTREEVE_TOKEN : (await readFile(tokenFile, 'utf8')).trim();
  if (!token) throw new Error('there is no token: set PORTREEVE_TOKEN, or --token-file');
  const input = inputSchema.parse(JSON.parse((await readInput('-')).toString('utf8')));
  const { mcp_server, ...rest } = input;
  const given = { ...rest, ...(mcp_server ? { mcp_server } : {}) };
  if (AFTER.has(input.hook_event_name)) return afterTool({ secrets: [token], redact: (text) => text }, given);
  const gate = createGate({ url: await serverUrl(options), token });
  // Without a name of its own: each call is another process, and the same arguments again are the same question.
  return beforeTool({ ask: (call) => gate.ask(call), tools, server: 'portreeve' }, given);
}
