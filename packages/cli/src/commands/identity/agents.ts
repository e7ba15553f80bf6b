import type { Command } from 'commander';
import { allOf } from '../../all-of.ts';
import { EXIT, UsageError } from '../../failure.ts';
import { printable, style, wrap } from '../../output.ts';
import { type GlobalOptions, signIn } from '../../session.ts';
import { idOf, type Row, type Run, showRows, words } from './shared.ts';

interface RegisterOptions extends GlobalOptions {
  readonly owner?: string;
  readonly purpose: string;
  readonly roles: string;
  readonly groups?: string;
  readonly tools?: string;
  readonly data: string;
  readonly categories?: string;
  readonly reviewBy: string;
}

interface ChangeOptions extends GlobalOptions {
  readonly reason: string;
  readonly reviewBy?: string;
}

const EVENTS = {
  activate: 'let a proposed agent work',
  review: 'say that it was looked at, and when it is to be looked at next',
  suspend: 'stop it: its access tokens, grants and pending approvals go',
  reinstate: 'let a suspended agent work again, with new tokens',
  retire: 'end it for good: its tokens, grants and pending approvals go',
} as const;

const AGENT = 'name or id of the agent';
const NEXT_REVIEW = 'when it is to be reviewed: YYYY-MM-DD or RFC 3339, within 366 days';

export function addAgents(identity: Command, run: Run<never>): void {
  const group = identity
    .command('agents')
    .description('registered agents: who answers for them, and what they may use');
  group
    .command('list')
    .description('registered agents, with their state and next review')
    .action((run as Run<GlobalOptions>)(list));
  group
    .command('show')
    .description('one agent: owner, purpose, tools, data, review')
    .argument('<agent>', AGENT)
    .action((run as Run<GlobalOptions>)(show));
  group
    .command('register')
    .description('register an agent; it can do nothing until it is activated')
    .argument('<name>')
    .requiredOption('--purpose <text>', 'what it is for')
    .requiredOption('--review-by <date>', NEXT_REVIEW)
    .option('--owner <account>', 'id of the person who answers for it; you, where it is left out')
    .option('--roles <roles>', 'requester, operator or auditor', 'requester')
    .option('--groups <groups>', 'groups of the people it acts for that it may carry')
    .option('--tools <tools>', 'the tools that it may use; none, where it is left out')
    .option('--data <level>', 'the most secret data that it may see', 'internal')
    .option('--categories <categories>', 'the categories of data that it may see')
    .action((run as Run<RegisterOptions>)(register));
  for (const [event, description] of Object.entries(EVENTS)) {
    group
      .command(event)
      .description(description)
      .argument('<agent>', AGENT)
      .requiredOption('--reason <text>', 'why; kept on record')
      .option('--review-by <date>', NEXT_REVIEW)
      .action((run as Run<ChangeOptions>)((options, agent) => change(options, agent, event)));
  }
}

async function list(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const agents = await allOf(client, '/v1/agents?', 'agents');
  const line = (agent: Row) => [
    agent.id,
    agent.name,
    agent.state,
    `review by ${agent.review_by.slice(0, 10)}`,
    agent.tools.join(' ') || '(no tools)',
  ];
  return showRows(options, 'agents', agents, line, 'No agent is registered.');
}

async function show(options: GlobalOptions, named: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const agent = await client.call('GET', `/v1/agents/${await idOf(client, named, '/v1/agents?', 'agents')}`);
  return showAgent(options, agent);
}

async function register(options: RegisterOptions, name: string): Promise<number> {
  const { client, principal } = await signIn(options, 'admin');
  const agent = await client.call('POST', '/v1/agents', {
    name,
    owner: options.owner ?? principal.id,
    purpose: options.purpose,
    roles: words(options.roles),
    groups: words(options.groups),
    tools: words(options.tools),
    data: { confidentiality: options.data, categories: words(options.categories) },
    review_by: dateOf(options.reviewBy),
  });
  return showAgent(options, agent);
}

async function change(options: ChangeOptions, named: string, event: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const id = await idOf(client, named, '/v1/agents?', 'agents');
  const agent = await client.call('POST', `/v1/agents/${id}/events`, {
    event,
    reason: options.reason,
    ...(options.reviewBy === undefined ? {} : { review_by: dateOf(options.reviewBy) }),
  });
  if (options.json) console.log(JSON.stringify(agent));
  else
    console.log(
      `${style('green', '✓')} ${printable(agent.name)} is ${agent.state}${agent.state === 'active' ? `; it is to be reviewed by ${agent.review_by}` : ''}.`,
    );
  return EXIT.done;
}

function showAgent(options: GlobalOptions, agent: Row): number {
  if (options.json) {
    console.log(JSON.stringify(agent));
    return EXIT.done;
  }
  const pair = (name: string, text: string) =>
    console.log(`  ${style('bold', name.padEnd(9))} ${wrap(printable(text), 12)}`);
  console.log(style('bold', printable(`Agent ${agent.name} (${agent.state})`)));
  pair('id', agent.id);
  pair('owner', agent.owner);
  pair('purpose', agent.purpose);
  pair('roles', [...agent.roles, ...agent.groups.map((group: string) => `group ${group}`)].join(', '));
  pair('tools', agent.tools.join(', ') || '(none)');
  pair('data', `${[agent.data.confidentiality, ...agent.data.categories].join(', ')}, in ${agent.environment}`);
  pair('review by', agent.review_by);
  return EXIT.done;
}

function dateOf(text: string): string {
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(time)) throw new UsageError(`${JSON.stringify(text)} is no date: write YYYY-MM-DD.`);
  return new Date(time).toISOString();
}
