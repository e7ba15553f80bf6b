import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../store/postgres.ts';
import { withClient } from '../store/testing/database.ts';

/** What goes wrong with the database, and how it ends. */
export interface Fault {
  begin(): Promise<void>;
  end(): Promise<void>;
}

export interface FaultyPostgres {
  readonly url: string;
  /** Where its data lie (`data`), and its password. */
  readonly folder: string;
  /** Why the disk cannot be filled here; `null` where it can. */
  readonly unfillable: string | null;
  readonly faults: {
    /** Every new transaction is read-only. */
    readonly readOnly: Fault;
    /** No byte is left on the disk of the database; the rest of the machine goes on. */
    readonly full: Fault;
    /** All its processes stand still: connections stay open and nothing answers. */
    readonly frozen: Fault;
    /** Killed by the kernel, and unable to start again until the end. */
    readonly gone: Fault;
    /** Something holds a table, so that writing into it waits. */
    held(database: string, table: string): Fault;
  };
  close(): Promise<void>;
}

/** The size of its disk, and of the part that its write-ahead log may take, in MiB. */
const DISK_MB = 400;
const WAL_MB = 96;

/** A real PostgreSQL of its own that can be broken, on a small disk of its own where this process may make one. */
export async function faultyPostgres({ disk_mb = DISK_MB } = {}): Promise<FaultyPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-drill-'));
  const unfillable = mountSmall(folder, disk_mb);
  const postgres = await startEmbeddedPostgres({ folder });
  await withClient(postgres.url, async (client) => {
    await client.query(`ALTER SYSTEM SET max_wal_size = '${WAL_MB}MB'`);
    await client.query('SELECT pg_reload_conf()');
  });
  const data = join(folder, 'data');
  const pid = async () => Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const setReadOnly = (to: 'on' | 'off') =>
    withClient(postgres.url, async (client) => {
      await client.query('SET default_transaction_read_only = off');
      await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${to}`);
      await client.query('SELECT pg_reload_conf()');
    });
  const signalAll = async (signal: 'SIGSTOP' | 'SIGCONT') => {
    const server = await pid();
    // First, so that it makes no other one meanwhile; those that it has may end by themselves.
    process.kill(server, signal);
    for (const child of await childrenOf(server))
      try {
        process.kill(child, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
  };
  const ballast = join(folder, 'ballast');
  const control = join(data, 'global/pg_control');
  return {
    url: postgres.url,
    folder,
    unfillable,
    faults: {
      readOnly: { begin: () => setReadOnly('on'), end: () => setReadOnly('off') },
      full: { begin: () => fill(ballast), end: () => rm(ballast) },
      frozen: { begin: () => signalAll('SIGSTOP'), end: () => signalAll('SIGCONT') },
      gone: {
        async begin() {
          const server = await pid();
          await rename(control, `${control}.away`);
          process.kill(server, 'SIGKILL');
        },
        end: () => rename(`${control}.away`, control),
      },
      held: (database, table) => held(database, table),
    },
    async close() {
      await postgres.stop();
      if (unfillable === null) execFileSync('umount', [folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Gives why it cannot be done, or `null`. */
function mountSmall(folder: string, size_mb: number): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux can mount a small disk';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size_mb}m,mode=0755`, 'tmpfs', folder], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `a small disk cannot be mounted here: ${(error as Error).message}`;
  }
}

/** Writes until nothing goes in any more, at last byte by byte. */
async function fill(path: string): Promise<void> {
  const file = await open(path, constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND);
  try {
    for (let size = 1024 * 1024; size >= 1; size = size > 4096 ? 4096 : size > 1 ? 1 : 0)
      for (const block = Buffer.alloc(size, 1); ; )
        if (!(await file.write(block).then(({ bytesWritten }) => bytesWritten === size, isFull))) break;
  } finally {
    await file.close();
  }
}

function isFull(error: NodeJS.ErrnoException): false {
  if (error.code !== 'ENOSPC') throw error;
  return false;
}

function held(database: string, table: string): Fault {
  let release: () => void = () => undefined;
  let over: Promise<void> = Promise.resolve();
  return {
    begin: () =>
      new Promise<void>((begun, failed) => {
        over = withClient(database, async (client) => {
          // Readers pass, writers wait.
          await client.query(`BEGIN; LOCK TABLE ${table} IN SHARE MODE`);
          begun();
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        });
        over.catch(failed);
      }),
    async end() {
      release();
      await over;
    },
  };
}

async function childrenOf(parent: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // The name in parentheses may hold anything; the state and the parent come behind it.
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent) found.push(Number(name));
  }
  return found;
}
