import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import { type Child, startChild } from './lib/children.ts';
import { type Flow, inFlight } from './lib/in-flight.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';

// A governed call to a no-op HTTP tool (authenticate, decide, grant, intent, call, result: all on record before the
// answer) beside a bare fastify relay and a direct call, in one run, at 1, 16 and 64 in flight, on PostgreSQL with fsync
// on. Every part is a process of its own. `--calls N` makes N governed calls more and tells whether memory grows.

const WIDTHS = [1, 16, 64];
const quick = process.argv.includes('--quick');
const MS = quick ? 2000 : 8000;
const callsAt = process.argv.indexOf('--calls');
const soak = callsAt < 0 ? (quick ? 2000 : 50_000) : Number(process.argv[callsAt + 1]);

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const children: Child[] = [];
const start = async (program: string, given: object) => {
  const child = await startChild(new URL(`execute/${program}`, import.meta.url), given);
  children.push(child);
  return child;
};
const results: Row[] = [];
const flows = new Map<string, Flow>();
let growth = 0;
try {
  const downstream = await start('downstream.ts', {});
  const relay = await start('relay.ts', { downstream: downstream.url });
  const governed = await start('governed.ts', {
    database: postgres.url,
    stateFolder: join(folder, 'state'),
    project: fileURLToPath(new URL('../examples/incident-summary/', import.meta.url)),
    downstream: downstream.url,
  });
  const token = JSON.parse(await get(`${governed.url}/token`)) as string;
  const contenders = [
    { name: 'direct', once: caller(`${downstream.url}/noop`) },
    { name: 'bare fastify relay', once: caller(`${relay.url}/call`) },
    { name: 'portreeve', once: caller(`${governed.url}/call`, token) },
  ];
  for (const width of WIDTHS)
    for (const { name, once } of contenders) {
      const flow = await inFlight(once, width, MS);
      flows.set(`${name} ${width}`, flow);
      const bare = flows.get(`bare fastify relay ${width}`);
      results.push({
        way: name,
        in_flight: width,
        ...flow,
        of_relay: bare ? Number((flow.per_second / bare.per_second).toFixed(4)) : null,
      });
    }
  const governedOnce = contenders[2]!.once;
  const { memory: before } = await governed.held();
  let index = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (index < soak) await governedOnce(index++);
    }),
  );
  growth = ((await governed.held()).memory - before) / 2 ** 20;
  const { ok, records } = JSON.parse(await get(`${governed.url}/settle`)) as { ok: boolean; records: number };
  if (!ok) throw new Error('the record of the run does not verify');
  results.push({ way: `portreeve, ${soak} calls more`, records, memory_mb: Number(growth.toFixed(1)) });
} finally {
  for (const child of children.reverse()) await child.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

const of = (name: string) => flows.get(name)!;
const bars: Bar[] = [
  {
    name: 'of the bare relay at 64 in flight',
    value: Number((of('portreeve 64').per_second / of('bare fastify relay 64').per_second).toFixed(4)),
    bar: 0.3,
    least: true,
  },
  {
    name: 'added to its median at 1 in flight, ms',
    value: Number((of('portreeve 1').p50_ms - of('bare fastify relay 1').p50_ms).toFixed(3)),
    bar: 1,
  },
  { name: `megabytes that ${soak} calls leave behind`, value: Number(growth.toFixed(1)), bar: 64 },
];
printReport({ bench: 'execute', results, bars });

/** Calls an address over kept connections; rejects for any answer but 200. */
function caller(url: string, token?: string): (index: number) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return (index) =>
    new Promise((done, failed) => {
      const body = JSON.stringify({ order: `order-${index}` });
      const headers: Record<string, string | number> = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () =>
          answer.statusCode === 200 ? done() : failed(new Error(`${url} answered ${answer.statusCode}: ${text}`)),
        );
        answer.on('error', failed);
      });
      outgoing.on('error', failed);
      outgoing.end(body);
    });
}

async function get(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return text.startsWith('"') || text.startsWith('{') ? text : JSON.stringify(text);
}
