import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, short, style, table } from '../output.ts';
import { renderDefinition } from '../render/definition.ts';
import { type GlobalOptions, signIn } from '../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: a definition as the API answers it
type Definition = any;
type Run<O> = (action: (options: O, ...args: string[]) => Promise<number>) => (...args: unknown[]) => Promise<void>;

interface ListOptions extends GlobalOptions {
  readonly upstream?: string;
}
interface VerdictOptions extends GlobalOptions {
  readonly reason: string;
}

/** Definitions of tools behind the gateway: nothing of them is used before a person has looked at it and approved it. */
export function addDefinitions(tool: Command, run: Run<never>): void {
  tool
    .command('pending')
    .description('tools of upstream MCP servers that nobody has decided on as they are shown now')
    .option('--upstream <name>', 'of one upstream')
    .action((run as Run<ListOptions>)(pending));
  tool
    .command('show')
    .description('each definition of one upstream tool, whole: what changes, what was found in it, how it is governed')
    .argument('<upstream>')
    .argument('<tool>', 'its name as the upstream says it')
    .action((run as Run<GlobalOptions>)(show));
  for (const [verb, verdict, description] of VERDICTS)
    tool
      .command(verb)
      .description(description)
      .argument('<upstream>')
      .argument('<tool>', 'its name as the upstream says it')
      .argument('<digest>', 'of the definition that you have looked at')
      .requiredOption('--reason <text>', 'why')
      .action((run as Run<VerdictOptions>)((options, ...which) => decide(options, verdict, which)));
}

const VERDICTS = [
  ['approve', 'approved', 'let one definition of an upstream tool be used; it takes the place of the one before'],
  ['withdraw', 'withdrawn', 'let one definition of an upstream tool be used no longer, or never'],
] as const;

async function definitionsOf(options: GlobalOptions, upstream?: string): Promise<Definition[]> {
  const { client } = await signIn(options, 'operator');
  const query = upstream === undefined ? '' : `?upstream=${encodeURIComponent(upstream)}`;
  return (await client.call('GET', `/v1/definitions${query}`)).definitions;
}

async function pending(options: ListOptions): Promise<number> {
  const definitions = (await definitionsOf(options, options.upstream)).filter(({ state }) => state === 'withheld');
  if (options.json) console.log(JSON.stringify({ definitions }));
  else if (definitions.length === 0) console.log('No definition waits for a decision.');
  else console.log(table(definitions.map((each) => row(each).map(printable))));
  return EXIT.done;
}

function row({ upstream, tool, definition, changes, findings, why }: Definition): string[] {
  const what = changes === null ? 'new' : `${changes.length} changes`;
  const found = findings.length === 0 ? 'nothing found' : findings.join(', ');
  return [upstream, tool, short(definition), what, found, why ?? ''];
}

async function show(options: GlobalOptions, upstream: string, tool: string): Promise<number> {
  const definitions = (await definitionsOf(options, upstream)).filter((each) => each.tool === tool);
  if (options.json) console.log(JSON.stringify({ definitions }));
  else if (definitions.length === 0) console.log(`${printable(upstream)} has shown no tool ${printable(tool)}.`);
  else console.log(definitions.map(renderDefinition).join('\n\n'));
  return definitions.length === 0 ? EXIT.failed : EXIT.done;
}

async function decide(options: VerdictOptions, verdict: string, which: readonly string[]): Promise<number> {
  const [upstream, tool, definition] = which;
  const { client } = await signIn(options, 'operator');
  const wish = { upstream, tool, definition, verdict, reason: options.reason };
  const decided: Definition = await client.call('POST', '/v1/definitions/verdicts', wish);
  const said = `${decided.upstream} ${decided.tool} ${short(decided.definition)} is ${decided.state}.`;
  console.log(options.json ? JSON.stringify(decided) : `${style('green', '✓')} ${printable(said)}`);
  return EXIT.done;
}
