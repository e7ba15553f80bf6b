import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { startCompanions } from '../companions.ts';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import type { GlobalOptions } from '../session.ts';
import { demo } from './demo.ts';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/incident-summary/', import.meta.url));

export interface UpOptions extends GlobalOptions {
  readonly project?: string;
  readonly port: string;
  readonly demo?: boolean;
  readonly yes?: boolean;
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
    .option('--yes', 'with --demo: approve as the local lead, and stop when it is done')
    .action(run(up));
}

async function up(options: UpOptions): Promise<number> {
  // From the first moment on: Ctrl-C while it starts must leave nothing running either.
  const stopping = new AbortController();
  const interrupted = () => {
    if (stopping.signal.aborted) process.exit(EXIT.failed);
    if (!options.json) console.error('\nstopping…');
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);

  const { loadProject, startServer } = await import('@portreeve/server');
  const project = options.demo && !options.project ? EXAMPLE : resolve(options.project ?? '.');
  const state = resolve(options.state);
  const { config } = await loadProject(project);
  const jwks = `http://127.0.0.1:${options.port}/.well-known/jwks.json`;
  const companions = await startCompanions(config, { projectFolder: project, stateFolder: state, jwks });
  try {
    if (stopping.signal.aborted) return EXIT.failed;
    const server = await startServer({
      project,
      stateFolder: state,
      port: Number(options.port),
      systems: companions.systems,
      databaseUrl: process.env.DATABASE_URL,
      anthropicApiKey: process.env.ANTHROPIC_API_KEY,
    });
    let code: number = EXIT.done;
    try {
      announce(options, server.url, server.services.info, state);
      if (options.demo) code = await demo({ options, server, state, signal: stopping.signal });
      if (!options.yes) await untilStopped(stopping.signal);
    } finally {
      await server.stop(stopping.signal.aborted ? 'interrupted' : 'done');
    }
    return code;
  } finally {
    await companions.stop();
  }
}

function announce(
  options: UpOptions,
  url: string,
  info: { version: string; environment: string; model: string; simulated: boolean },
  state: string,
): void {
  if (options.json) {
    if (!options.demo) console.log(JSON.stringify({ url, ...info }));
    return;
  }
  const model = info.simulated
    ? `${info.model} ${style('yellow', '(SIMULATED: set ANTHROPIC_API_KEY for Claude)')}`
    : info.model;
  console.log(`${style('bold', `Portreeve ${info.version}`)} on ${url}, ${info.environment}`);
  console.log(`  model     ${model}`);
  console.log(`  state     ${printable(state)} (local accounts in ${join('.', 'accounts.json')} there)\n`);
}

function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // A pending promise alone does not keep the process alive; the listening server does.
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
