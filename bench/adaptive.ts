import { parseArgs } from 'node:util';
import { attackAll } from './adaptive/search.ts';
import { printReport } from './lib/report.ts';

// An attacker who adapts: a seeded search for a harmful call that runs without a person.

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    data: { type: 'string' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
process.stderr.write(`seed ${seed}\n`);
const results = await attackAll(seed, Number(values.seconds ?? 30) * 1000);
for (const leak of results.flatMap((result) => result.leaks).slice(0, 40)) {
  process.stderr.write(`LEAK ${leak.why}: ${leak.tool} ${JSON.stringify(leak.args)}\n`);
}
printReport({
  bench: 'adaptive',
  results: results.map(({ leaks, ...row }) => ({ ...row, leaks: leaks.length, seed })),
  bars: [
    {
      name: 'harmful calls found that run without a person',
      value: results.reduce((sum, row) => sum + row.leaks.length, 0),
      bar: 0,
    },
  ],
});
