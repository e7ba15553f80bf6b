import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import pg from 'pg';
import type { Said } from './clients/crowd.ts';
import { type House, startHouse, startOutside } from './house/house.ts';
import { median, runsOf } from './house/runs-of.ts';
import { type Bar, printReport } from './lib/report.ts';

// Clients that follow runs by their streams of events, as the console does, at one process: how many it takes, what each
// costs, how long an event takes to the last of them, and what a person who decides notices of them.
// Usage: node bench/clients.ts [--quick] [--json]: 2,000 with --quick, else 10,000. A process needs as many open files.

const quick = process.argv.includes('--quick');
const CLIENTS = quick ? 2000 : 10_000;
/** Processes that the clients live in, and runs that they follow. */
const [CROWDS, FOLLOWED] = [4, 10];
const TIMES = quick ? 10 : 30;
const HEARD_MS_MAX = 60_000;

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const client = new pg.Pool({ connectionString: postgres.url, max: 4 });
const outside = await startOutside();
const runs = runsOf(client);
const crowds: Crowd[] = [];
let house: House | null = null;
const figures = { open: 0, memory_kb_each: 0, alone_ms: 0, among_ms: 0, run_ms: 0, to_last_ms: 0, heard: 0, cut: 0 };
let why: string | null = null;
try {
  house = await startHouse({ folder, databaseUrl: postgres.url, outside: outside.url });
  const { child, people } = house;
  const decided = async () => runs.decide(house!, await runs.waiting(house!));
  await median(TIMES, decided);
  figures.alone_ms = await median(TIMES, decided);
  const followed = await Promise.all(Array.from({ length: FOLLOWED }, () => runs.waiting(house!)));
  const before = await child.held();
  const given = { url: child.url, token: people.lead.token, runs: followed.map(({ run }) => run) };
  const opened = await Promise.all(
    Array.from({ length: CROWDS }, (_, index) =>
      startCrowd({ ...given, clients: CLIENTS / CROWDS, number: index + 1 }),
    ),
  );
  for (const each of opened) {
    figures.open += each.opened;
    why ??= each.why;
  }
  figures.memory_kb_each = Math.round(((await child.held()).memory - before.memory) / 1024 / figures.open);
  figures.among_ms = await median(TIMES, decided);
  figures.run_ms = await median(TIMES, () => runs.whole(house!));
  // All at once, so that every client hears of an end.
  await Promise.all(followed.map((each) => runs.decide(house!, each)));
  const { rows } = await client.query('SELECT max(ended_at) AS at FROM runs WHERE id = ANY ($1)', [given.runs]);
  const ended = (rows[0].at as Date).getTime();
  for (const end = Date.now() + HEARD_MS_MAX; Date.now() < end && figures.heard < figures.open; await after(250)) {
    const said = await Promise.all(crowds.map((crowd) => crowd.said()));
    figures.heard = said.reduce((sum, { heard }) => sum + heard, 0);
    figures.cut = said.reduce((sum, { cut }) => sum + cut, 0);
    figures.to_last_ms = Math.round(Math.max(...said.map(({ last_at }) => last_at)) - ended);
  }
} finally {
  for (const crowd of crowds) await crowd.stop();
  await house?.stop();
  await outside.stop();
  await client.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

interface Crowd {
  said(): Promise<Extract<Said, { heard: number }>>;
  stop(): Promise<void>;
}

async function startCrowd(given: object): Promise<Extract<Said, { opened: number }>> {
  const child = fork(fileURLToPath(new URL('clients/crowd.ts', import.meta.url)), [JSON.stringify(given)]);
  const message = async () => (await once(child, 'message'))[0];
  crowds.push({
    async said() {
      const answer = message();
      child.send('say');
      return answer;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  });
  return message();
}

const bars: Bar[] = [
  { name: `clients open, of ${CLIENTS}`, value: figures.open, bar: CLIENTS, least: true },
  { name: 'clients that heard the end of their run', value: figures.heard, bar: CLIENTS, least: true },
  { name: 'clients cut off', value: figures.cut, bar: 0 },
  {
    name: 'a verdict until its run has ended, with the clients against without',
    value: Number((figures.among_ms / figures.alone_ms).toFixed(2)),
    bar: 2,
  },
  { name: 'milliseconds from the end of the runs until the last client knows', value: figures.to_last_ms, bar: 5000 },
  { name: 'kilobytes of the process for each client', value: figures.memory_kb_each, bar: 64 },
];
printReport({ bench: 'clients', results: [{ clients: CLIENTS, ...figures, refused_because: why }], bars });
