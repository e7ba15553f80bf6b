import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import { type Child, startChild } from './lib/children.ts';
import { type Flow, inFlight } from './lib/in-flight.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';
import { callerOf, REVISIONS } from './mcp/callers.ts';
import { TOOL } from './mcp/tool.ts';

// `tools/call` through the gateway (authenticated, decided, recorded) beside the same upstream called directly and beside a
// plain relay of the official packages, in one run, at 1, 16 and 64 in flight, on both revisions. Each is a process.

const WIDTHS = [1, 16, 64];
const MS = process.argv.includes('--quick') ? 1500 : 8000;

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-mcp-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const children: Child[] = [];
const start = async (program: string, given: object) => {
  const child = await startChild(new URL(`mcp/${program}`, import.meta.url), given);
  children.push(child);
  return child.url;
};
const results: Row[] = [];
const flows = new Map<string, Flow>();
try {
  const upstream = await start('upstream.ts', {});
  const relay = await start('relay.ts', { upstream });
  const gateway = await start('gateway.ts', { database: postgres.url, folder, upstream });
  const token = await readFile(join(folder, 'token'), 'utf8');
  for (const revision of REVISIONS) {
    const contenders = [
      { name: 'direct', once: await callerOf(upstream, { revision, tool: TOOL.name }) },
      { name: 'plain relay', once: await callerOf(relay, { revision, tool: TOOL.name }) },
      { name: 'portreeve', once: await callerOf(gateway, { revision, tool: `orders_${TOOL.name}`, token }) },
    ];
    for (const width of WIDTHS)
      for (const { name, once } of contenders) {
        const flow = await inFlight(once, width, MS);
        flows.set(`${revision} ${name} ${width}`, flow);
        const plain = flows.get(`${revision} plain relay ${width}`);
        const of_relay = plain ? Number((flow.per_second / plain.per_second).toFixed(4)) : null;
        results.push({ revision, way: name, in_flight: width, ...flow, of_relay });
      }
  }
} finally {
  for (const child of children.reverse()) await child.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

const bars: Bar[] = REVISIONS.flatMap((revision) => {
  const of = (name: string) => flows.get(`${revision} ${name}`)!;
  return [
    {
      name: `${revision}: of the plain relay at 64 in flight`,
      value: Number((of('portreeve 64').per_second / of('plain relay 64').per_second).toFixed(4)),
      bar: 0.4,
      least: true,
    },
    {
      name: `${revision}: added to its median at 1 in flight, ms`,
      value: Number((of('portreeve 1').p50_ms - of('plain relay 1').p50_ms).toFixed(3)),
      bar: 1.5,
    },
  ];
});
printReport({ bench: 'mcp', results, bars });
