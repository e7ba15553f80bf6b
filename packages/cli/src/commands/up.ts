import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type Companions, startCompanions } from '../companions.ts';
import { consoleFolder } from '../console-folder.ts';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import type { GlobalOptions } from '../session.ts';
import { demo } from './demo.ts';

/** A published package brings the example as JavaScript; in a checkout it lies where everybody reads it. */
const EXAMPLES = ['../demo/incident-summary/', '../../../../examples/incident-summary/'];
const EXAMPLE = EXAMPLES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((folder) =>
  existsSync(folder),
);

export interface UpOptions extends GlobalOptions {
  readonly project?: string;
  readonly port: string;
  readonly demo?: boolean;
  readonly yes?: boolean;
  readonly console: boolean;
}

export function addUp(
  program: Command,
  run: (action: (options: UpOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('up')
    .description('start Portreeve here, with an embedded PostgreSQL and all roles in one process')
    .option('--project <folder>', 'folder with portreeve.config.ts (default: the current one)')
    .option('--port <number>', 'port of the API on 127.0.0.1', '7410')
    .option('--demo', 'use the incident-summary example and carry one task the whole way')
    .option('--no-console', 'start without the web console')
    .option('--yes', 'with --demo: approve as the local lead, and stop when it is done')
    .action(run(up));
}

async function up(options: UpOptions): Promise<number> {
  const port = portOf(options.port);
  // From the first moment on: Ctrl-C while it starts must leave nothing running either.
  const stopping = new AbortController();
  const interrupted = () => {
    if (stopping.signal.aborted) process.exit(EXIT.failed);
    if (!options.json) console.error('\nstopping…');
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);

  const { loadProject, modelKeysOf, startServer } = await import('@portreeve/server');
  const project = options.demo && !options.project && EXAMPLE ? EXAMPLE : resolve(options.project ?? '.');
  const state = resolve(options.state);
  const { config } = await loadProject(project);
  const jwks = `http://127.0.0.1:${port}/.well-known/jwks.json`;
  // Made while the rest starts. Nobody looks at a demo that stops by itself.
  const built = options.console && !options.yes ? consoleFolder(state) : undefined;
  built?.catch(() => undefined);
  const companions: Companions[] = [];
  try {
    const server = await startServer({
      project,
      stateFolder: state,
      port,
      consoleFolder: built,
      systems: async () => {
        const started = await startCompanions(config, { projectFolder: project, stateFolder: state, jwks });
        companions.push(started);
        return started.systems;
      },
      databaseUrl: process.env.DATABASE_URL,
      modelKeys: modelKeysOf(process.env),
    });
    let code: number = stopping.signal.aborted ? EXIT.failed : EXIT.done;
    try {
      announce(options, server.url, server.services.info, state, built !== undefined);
      if (options.demo && !stopping.signal.aborted)
        code = await demo({ options, server, state, signal: stopping.signal });
      if (!options.yes) await untilStopped(stopping.signal);
    } finally {
      await server.stop(stopping.signal.aborted ? 'interrupted' : 'done');
    }
    return code;
  } finally {
    await Promise.all(companions.map((started) => started.stop()));
  }
}

/** Companions are told the address before it is taken, so a free port of the system's choice does not do. */
function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`--port takes a number from 1 to 65535, not ${text}.`);
  return port;
}

function announce(
  options: UpOptions,
  url: string,
  info: {
    version: string;
    environment: string;
    endpoints: readonly { name: string; model: string; simulated: boolean }[];
  },
  state: string,
  withConsole: boolean,
): void {
  if (options.json) {
    if (!options.demo) console.log(JSON.stringify({ url, ...info }));
    return;
  }
  const model = info.endpoints
    .map(({ name, model, simulated }) =>
      simulated
        ? `${model} ${style('yellow', '(SIMULATED: set ANTHROPIC_API_KEY for Claude)')}`
        : `${model} at ${name}`,
    )
    .join(', ');
  console.log(`${style('bold', `Portreeve ${info.version}`)} on ${url}, ${info.environment}`);
  console.log(`  model     ${model}`);
  if (withConsole) console.log(`  console   ${url}/`);
  console.log(`  state     ${printable(state)} (local accounts in ${join('.', 'accounts.json')} there)\n`);
}

function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // A pending promise alone does not keep the process alive; the listening server does.
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
