import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SearchValues, StoreSearch } from '@portreeve/audit';
import { auditStore, Database, migrate, startEmbeddedPostgres } from '@portreeve/server/internals';
import { random } from './lib/grammar.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';
import { DISTINCT, fill, LOG, timeOf } from './search/fill.ts';

// Searches of 50 records a page over generated logs, through the store as the API does: the page with its entries and
// payloads. The values asked are half drawn as the records are (common ones often), half evenly (most of them rare).
// Usage: node bench/search.ts [--quick] [--json]: 200,000 records with --quick, else 500,000 and 5,000,000.

const QUICK = process.argv.includes('--quick');
const SIZES = QUICK ? [200_000] : [500_000, 5_000_000];
const ASKED = QUICK ? 100 : 300;

const next = random(20_261_121);
const among = (count: number) => Math.floor(count * (next() < 0.5 ? next() ** 4 : next()));
const padded = (prefix: string, n: number) => `${prefix}_${String(n).padStart(26, '0')}`;
const digest = (kind: string, n: number) => `sha256:${createHash('sha256').update(`${kind}${n}`).digest('hex')}`;
/** From the commonest words to ones that no record has. */
const word = () =>
  next() < 0.2 ? 'needle' : `w${Math.floor(DISTINCT.word * 1.05 * next() ** (next() < 0.5 ? 5 : 1))}`;

const NO_SEARCH: StoreSearch = {
  ...{ equals: {}, types: null, workflows: null, since: null, until: null, words: null, after: null },
  ...{ limit: 51, order: 'newest' },
};
type Make = (total: number) => Partial<StoreSearch>;
const equal =
  (make: () => SearchValues): Make =>
  () => ({ equals: make() });

const SINGLE: Readonly<Record<string, Make>> = {
  user: equal(() => ({ actor_id: padded('prn', among(DISTINCT.actor)) })),
  agent: equal(() => ({ agent: `agent:flow-${among(DISTINCT.agent)}` })),
  workflow: equal(() => ({ workflow: `flow-${among(DISTINCT.workflow)}` })),
  tool: equal(() => ({ tool: `tool_${among(DISTINCT.tool)}` })),
  outcome: equal(() => ({ outcome: ['permit', 'refuse', 'failed', 'never'][Math.floor(next() * 4)]! })),
  'reason code': equal(() => ({ code: `code_${among(DISTINCT.code)}` })),
  model: equal(() => ({ model: `claude-model-${among(DISTINCT.model)}` })),
  'prompt and version': equal(() => ({ prompt: `prompt-${among(DISTINCT.prompt)}`, prompt_version: `1.${among(20)}` })),
  'policy version': equal(() => ({ policy_version: digest('p', among(DISTINCT.policy)) })),
  release: equal(() => ({ release: digest('r', among(DISTINCT.release)) })),
  run: (total) => ({ equals: { run: padded('run', Math.floor((next() * total) / 25)) } }),
  time: (total) => ({ until: timeOf(Math.floor(next() * total), total) }),
  words: () => ({ words: word() }),
  'a later page': (total) => ({
    equals: { workflow: `flow-${among(DISTINCT.workflow)}` },
    after: Math.floor(next() * total),
  }),
};
const COMBINED: Readonly<Record<string, Make>> = {
  'user, tool, words': () => ({
    equals: { actor_id: padded('prn', among(DISTINCT.actor)), tool: `tool_${among(DISTINCT.tool)}` },
    words: word(),
  }),
  'workflow, outcome, month, words': (total) => {
    const from = next() * 0.9;
    return {
      equals: { workflow: `flow-${among(DISTINCT.workflow)}`, outcome: next() < 0.5 ? 'permit' : 'refuse' },
      since: timeOf(Math.floor(from * total), total),
      until: timeOf(Math.floor((from + 1 / 12) * total), total),
      words: word(),
    };
  },
  'type, model, words': () => ({
    equals: { type: 'model.answered', model: `claude-model-${among(DISTINCT.model)}` },
    words: word(),
  }),
  'tool, code, two words': () => ({
    equals: { tool: `tool_${among(DISTINCT.tool)}`, code: `code_${among(DISTINCT.code)}` },
    words: `${word()} ${word()}`,
  }),
};

const at = (sorted: readonly number[], share: number) =>
  Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toPrecision(3));

async function measureSize(total: number): Promise<{ rows: Row[]; timesByName: Map<string, number[]> }> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
  const database = new Database(postgres.url);
  try {
    await migrate(database.pool);
    const begun = performance.now();
    await fill(database, postgres.url, total, (line) => process.stderr.write(`${line}\n`));
    process.stderr.write(`${total} records after ${Math.round((performance.now() - begun) / 1000)} s\n`);
    const store = auditStore(database);
    const rows: Row[] = [];
    const timesByName = new Map<string, number[]>();
    for (const [name, make] of Object.entries({ ...SINGLE, ...COMBINED })) {
      const taken: number[] = [];
      let found = 0;
      for (let i = 0; i < ASKED * 1.2; i++) {
        const search = { ...NO_SEARCH, ...make(total) };
        const start = performance.now();
        const page = await store.search(LOG, search);
        // The first sixth warms up.
        if (i < ASKED * 0.2) continue;
        taken.push(performance.now() - start);
        found += page.length;
      }
      taken.sort((a, b) => a - b);
      timesByName.set(name, taken);
      rows.push({
        ...{ records: total, filter: name, p50_ms: at(taken, 0.5), p95_ms: at(taken, 0.95), max_ms: at(taken, 1) },
        found_mean: Number((found / ASKED).toFixed(1)),
      });
    }
    return { rows, timesByName };
  } finally {
    await database.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const measured = [];
for (const size of SIZES) measured.push(await measureSize(size));
const last = measured.at(-1)!;
const worst = (names: readonly string[]) => Math.max(...names.map((name) => at(last.timesByName.get(name)!, 0.95)));
const all = ({ timesByName }: typeof last) => [...timesByName.values()].flat().sort((a, b) => a - b);
const bars: Bar[] = [
  { name: `worst p95 of a single filter at ${SIZES.at(-1)} records, ms`, value: worst(Object.keys(SINGLE)), bar: 50 },
  { name: 'worst p95 of three combined with words, ms', value: worst(Object.keys(COMBINED)), bar: 150 },
];
if (measured.length > 1)
  bars.push({
    name: `p95 of all searches, ${SIZES.at(-1)} over ${SIZES[0]} records`,
    value: Number((at(all(last), 0.95) / at(all(measured[0]!), 0.95)).toFixed(2)),
    bar: 2,
  });
printReport({ bench: 'search', results: measured.flatMap(({ rows }) => rows), bars });
