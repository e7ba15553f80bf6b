import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { createApp, type Route } from './app.ts';

/** The options that every system of the examples takes, and where it listens. */
export interface Given {
  readonly data: string;
  /** Further options by their name. */
  readonly more: Readonly<Record<string, string | boolean | undefined>>;
  /** The trimmed text of a file that an option names. Throws where the option is missing or the text too short. */
  secret(option: string): Promise<string>;
  /** A text that must be given. */
  text(option: string): string;
  /** An absolute address that must be given. */
  address(option: string): URL;
  /** Where it listens; known once it does. */
  origin(): string;
}

export interface Serving {
  readonly routes: readonly Route[];
  close(): Promise<void>;
}

class UsageError extends Error {}

const SECRET_CHARS_MIN = 16;

/**
 * Runs a system as a process: reads `--port`, `--data` and the further options, prints `{"listening": URL}` when it listens,
 * and ends on SIGTERM, on SIGINT, or when its standard input closes, so that it cannot outlive who started it. Exit code 2
 * for wrong options, 1 for anything else.
 */
export function serveDownstream(options: {
  readonly system: string;
  readonly options?: NonNullable<ParseArgsConfig['options']>;
  /** 64 KiB without it. */
  readonly body_bytes_max?: number;
  start(given: Given): Promise<Serving>;
}): void {
  run(options).catch((error: unknown) => {
    process.stderr.write(`${options.system}: ${error instanceof Error ? error.message : String(error)}\n`);
    const usage =
      error instanceof UsageError || String((error as { code?: unknown })?.code).startsWith('ERR_PARSE_ARGS');
    process.exit(usage ? 2 : 1);
  });
}

async function run({ system, options = {}, body_bytes_max = 65_536, start }: Parameters<typeof serveDownstream>[0]) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, data: { type: 'string' }, ...options },
  });
  const more = values as Given['more'];
  const text = (option: string): string => {
    const value = more[option];
    if (typeof value !== 'string' || value === '') throw new UsageError(`--${option} is needed`);
    return value;
  };
  const port = text('port');
  if (!/^\d{1,5}$/.test(port)) throw new UsageError('--port is a number');
  let server: Server | null = null;
  const serving = await start({
    ...{ more, text },
    data: text('data'),
    address(option) {
      const url = URL.parse(text(option));
      if (!url) throw new UsageError(`--${option} is an absolute address`);
      return url;
    },
    async secret(option) {
      const value = (await readFile(text(option), 'utf8')).trim();
      if (value.length < SECRET_CHARS_MIN)
        throw new UsageError(`the secret of --${option} has fewer than ${SECRET_CHARS_MIN} characters`);
      return value;
    },
    origin: () => addressOf(server),
  });
  const listening = createServer(
    { requestTimeout: 15_000, headersTimeout: 10_000 },
    createApp({ system, body_bytes_max, routes: [HEALTH, ...serving.routes] }),
  );
  server = listening;

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    listening.close();
    listening.closeAllConnections();
    serving.close().finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdin.on('end', stop).on('error', stop).resume();

  await new Promise<void>((done, failed) => {
    listening.once('error', failed);
    listening.listen(Number(port), '127.0.0.1', done);
  });
  process.stdout.write(`${JSON.stringify({ listening: addressOf(listening) })}\n`);
}

function addressOf(server: Server | null): string {
  const address = server?.address() as AddressInfo | null;
  if (!address) throw new Error('it does not listen yet');
  return `http://127.0.0.1:${address.port}`;
}

const HEALTH: Route = { method: 'GET', path: /^\/healthz$/, handle: async () => ({ body: { status: 'ok' } }) };
