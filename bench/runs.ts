import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import pg from 'pg';
import { fromMany } from './house/from-many.ts';
import { startHouse, startOutside } from './house/house.ts';
import { type Child, startChild } from './lib/children.ts';
import { type Flow, inFlight } from './lib/in-flight.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';
import { ENDED_RUNS, type Ends, watchEnds } from './runs/watch-ends.ts';

// Whole runs: a task comes in over HTTP, waits for its turn, reads a source, asks a model, makes one call, and has ended.
// The whole product beside the bare engine (DBOS) with the same durable steps and the same queue, on one PostgreSQL with
// fsync on, at 1, 16 and 64 in flight. Every part is a process of its own; what is outside answers at once.

const WIDTHS = [1, 16, 64];
const MS = process.argv.includes('--quick') ? 4000 : 15_000;
const PRODUCT = 'portreeve';
const BARE = 'bare engine';
const OF_BARE = `SELECT workflow_uuid AS id, status = 'SUCCESS' AS ok FROM dbos.workflow_status
                  WHERE workflow_uuid = ANY ($1) AND status NOT IN ('ENQUEUED', 'PENDING')`;

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const results: Row[] = [];
const flows = new Map<string, Flow>();
const close: (() => Promise<unknown>)[] = [];
try {
  const outside = await startOutside();
  close.push(() => outside.stop());
  const bareUrl = await ownDatabase('bare');
  const bare = await startChild(new URL('runs/bare.ts', import.meta.url), {
    databaseUrl: bareUrl,
    outside: outside.url,
  });
  close.push(() => bare.stop());
  const house = await startHouse({ folder, databaseUrl: postgres.url, outside: outside.url });
  close.push(() => house.stop());
  const bareEnds = await watchEnds(bareUrl, OF_BARE);
  const productEnds = await watchEnds(postgres.url, ENDED_RUNS);
  close.push(
    () => bareEnds.close(),
    () => productEnds.close(),
  );
  const { analyst } = house.people;
  const task = { workflow: 'note-order', input: { order: 'o-1' } };
  const contenders = [
    contender(
      BARE,
      bare,
      bareEnds,
      async () => (await fetch(bare.url, { method: 'POST' })).json() as Promise<{ id?: string }>,
    ),
    contender(PRODUCT, house.child, productEnds, () => analyst.post('/v1/runs', task, fromMany())),
  ];
  for (const width of WIDTHS)
    for (const { name, child, once } of contenders) {
      const before = await child.held();
      const flow = await inFlight(once, width, MS);
      const held = await child.held();
      flows.set(`${name} ${width}`, flow);
      const plain = flows.get(`${BARE} ${width}`)!;
      results.push({
        ...{ way: name, in_flight: width, ...flow },
        // Of its process, the warm-up included: what else the machine does changes it less than the rest.
        cpu_ms: Number(((held.cpu_ms - before.cpu_ms) / (flow.calls * 1.25)).toPrecision(3)),
        of_bare: Number((flow.per_second / plain.per_second).toFixed(3)),
      });
    }
} finally {
  for (const each of close.reverse()) await each();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

function contender(name: string, child: Child, ends: Ends, submit: () => Promise<{ id?: string }>) {
  return {
    ...{ name, child },
    async once() {
      const answer = await submit();
      if (typeof answer.id !== 'string') throw new Error(`${name}: ${JSON.stringify(answer)}`);
      await ends.of(answer.id);
    },
  };
}

async function ownDatabase(name: string): Promise<string> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return url.href;
}

const shareAt = (width: number): number =>
  Number((flows.get(`${PRODUCT} ${width}`)!.per_second / flows.get(`${BARE} ${width}`)!.per_second).toFixed(3));
const bars: Bar[] = [
  { name: 'of the bare engine’s runs a second at 64 in flight', value: shareAt(64), bar: 0.5, least: true },
];
printReport({ bench: 'runs', results, bars });
