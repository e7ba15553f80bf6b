import { resolve } from 'node:path';
import type { Finding } from '@portreeve/server';
import type { Command } from 'commander';
import { EXIT, ProblemError } from '../failure.ts';
import { printable, short, style } from '../output.ts';
import { type GlobalOptions, serverUrl, signIn } from '../session.ts';
import { type ChannelState, channelWords } from './notifications.ts';

/** What to do about an anchor or a witness of the log. */
const PLACE_NEXT: Readonly<Record<string, string>> = {
  failing: 'See whether it is there and lets this server write; it is tried again at each checkpoint.',
  ahead:
    'Stop the server and restore the newest backup: the database is older than what was seen there, or was rewritten.',
};

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly next?: string;
}

/** Minutes that a record may wait for its receiver before that is called a fault. */
const STREAM_WAIT_MIN = 5;

interface StreamState {
  readonly name: string;
  readonly log: string;
  readonly to: string;
  readonly lag: number;
  readonly waiting_since: string | null;
  readonly problem: string | null;
}

export function streamCheck({ name, log, to, lag, waiting_since, problem }: StreamState, now = Date.now()): Check {
  const minutes = waiting_since === null ? 0 : Math.floor((now - Date.parse(waiting_since)) / 60_000);
  const ok = problem === null && minutes < STREAM_WAIT_MIN;
  const waits = lag === 0 ? `nothing of ${log} waits` : `${lag} records of ${log} wait, the oldest for ${minutes} min`;
  return {
    ...{ name: 'stream', ok, detail: `${name} (${to}): ${waits}${problem ? `; ${problem}` : ''}` },
    ...(ok ? {} : { next: 'See whether the receiver answers; nothing is lost, it is tried again by itself.' }),
  };
}

/** A channel that people are told by. */
export function channelCheck(channel: ChannelState): Check {
  const ok = channel.problem === null;
  return {
    ...{ name: 'channel', ok, detail: `${channel.name} (${channel.kind}): ${channelWords(channel)}` },
    ...(ok ? {} : { next: `Mend it, then: portreeve notifications test ${channel.name}` }),
  };
}

function senderCheck(
  name: 'metrics' | 'traces',
  { system, sent_at, problem }: Record<'system' | 'sent_at' | 'problem', string | null>,
): Check {
  const ok = problem === null;
  const newest = sent_at === null ? 'nothing taken yet' : `last taken ${sent_at}`;
  return {
    ...{ name, ok, detail: `${system}: ${newest}${ok ? '' : `; ${problem}`}` },
    ...(ok
      ? {}
      : {
          next: `See whether the receiver answers; ${name === 'metrics' ? 'the next push says all again' : 'what it does not take is dropped, and nothing waits'}.`,
        }),
  };
}

export function addDoctor(
  program: Command,
  run: (action: (options: GlobalOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('doctor')
    .description('what is loaded, whether it is well, and what mends what is not')
    .option('--project <folder>', 'the folder with portreeve.config.ts, to be looked at, too')
    .action((run as (action: (options: DoctorOptions) => Promise<number>) => () => Promise<void>)(doctor));
}

interface DoctorOptions extends GlobalOptions {
  readonly project?: string;
}

/** A finding of the server's part of this program as a check of the list. */
const checkOf = ({ check, ok, detail, fix }: Finding): Check => ({
  ...{ name: check, ok, detail },
  ...(fix === null ? {} : { next: fix }),
});

async function machineChecks(options: DoctorOptions): Promise<Check[]> {
  const { diagnoseMachine } = await import('@portreeve/server');
  const { project = null } = options;
  // A server elsewhere has its own: the folder here says nothing of it.
  const stateFolder = (options.server ?? process.env.PORTREEVE_URL) ? null : options.state;
  const found = await diagnoseMachine({ project, stateFolder, node: process.versions.node, env: process.env });
  return found.map(checkOf);
}

/** What the server says of itself, to who may know. */
async function houseChecks(client: Awaited<ReturnType<typeof signIn>>['client']): Promise<Check[]> {
  try {
    const { findings } = await client.call<{ findings: Finding[] }>('GET', '/v1/doctor');
    return findings.map(checkOf);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'refused') throw error;
    return [{ name: 'house', ok: true, detail: `not looked at: ${error.problem.next}` }];
  }
}

/** Where no server answers, what can be seen of its database without one. */
async function databaseChecks(): Promise<Check[]> {
  if (!process.env.DATABASE_URL) return [];
  const { diagnoseAt } = await import('@portreeve/server');
  return (await diagnoseAt(process.env.DATABASE_URL)).map(checkOf);
}

async function doctor(options: DoctorOptions): Promise<number> {
  const checks: Check[] = [...(await machineChecks(options))];
  const check = async (name: string, look: () => Promise<string>) => {
    try {
      checks.push({ name, ok: true, detail: await look() });
    } catch (error) {
      const problem = error instanceof ProblemError ? error.problem : null;
      if (problem?.code === 'unavailable') checks.push(...(await databaseChecks()));
      checks.push({
        name,
        ok: false,
        detail: error instanceof Error ? error.message : String(error),
        ...(problem ? { next: problem.next } : {}),
      });
    }
  };
  const url = await serverUrl(options);
  await check('server', async () => {
    const { client } = await signIn(options, 'operator');
    const system = await client.call('GET', '/v1/system');
    checks.push({ name: 'environment', ok: true, detail: `${system.environment}, version ${system.version}` });
    checks.push({
      ...{ name: 'executor', ok: true },
      detail: `tools are called ${system.executor === 'here' ? 'from this process' : 'from executors apart'}`,
    });
    for (const { name, model, where, clearance, simulated } of system.endpoints) {
      const categories = clearance.categories.length > 0 ? `, ${clearance.categories.join(', ')}` : '';
      checks.push({
        name: 'model',
        ok: true,
        detail: `${model}${simulated ? ' (SIMULATED)' : ` at ${name}`}, ${where}, cleared for ${clearance.confidentiality}${categories}`,
      });
    }
    checks.push({ name: 'policy', ok: true, detail: short(system.policy_version) });
    for (const workflow of system.workflows) {
      checks.push({
        name: 'workflow',
        ok: true,
        detail: `${workflow.name}, risk tier ${workflow.tier}, release ${short(workflow.release)}`,
      });
    }
    for (const { name, origin, size, vkey, workflows } of system.logs) {
      const of = workflows.length > 0 ? `, for ${workflows.join(', ')}` : '';
      checks.push({ name: 'log', ok: true, detail: `${name}: ${origin}, ${size} records, key ${vkey}${of}` });
    }
    for (const { log, kind, name, state, size, detail, since } of system.places) {
      const seen = size === null ? `nothing of ${log} seen yet` : `${size} records of ${log} seen`;
      checks.push({
        name: kind,
        ok: state === 'working' || state === 'unseen',
        detail: `${name}: ${state} since ${since}, ${seen}${detail ? `; ${detail}` : ''}`,
        ...(PLACE_NEXT[state] ? { next: PLACE_NEXT[state] } : {}),
      });
    }
    checks.push(...system.streams.map((stream: StreamState) => streamCheck(stream)));
    checks.push(...system.channels.map(channelCheck));
    for (const name of ['metrics', 'traces'] as const) if (system[name]) checks.push(senderCheck(name, system[name]));
    checks.push(...(await houseChecks(client)));
    return url;
  });
  const ok = checks.every((each) => each.ok);
  if (options.json) {
    console.log(JSON.stringify({ ok, state: resolve(options.state), checks }));
  } else {
    for (const { name, ok: well, detail, next } of checks) {
      console.log(`${well ? style('green', '✓') : style('red', '✗')} ${name.padEnd(17)} ${printable(detail)}`);
      if (next) console.log(`  fix: ${printable(next)}`);
    }
  }
  return ok ? EXIT.done : EXIT.failed;
}
