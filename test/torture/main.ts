/**
 * The long form: `npm run torture -- [--seconds N] [--seed N] [--only 'TEXT|TEXT']`. Plays every fault of the table, or as many as
 * fit, checks all rules after each, and prints what became of them. Exit code 1 where a rule was broken.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { failOver } from './failover.ts';
import { FAULTS } from './faults.ts';
import { openHouse } from './house.ts';
import { type Played, torture } from './torture.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '900' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const { only } = values;
const isAsked = (name: string): boolean => only === undefined || only.split('|').some((text) => name.includes(text));
const faults = FAULTS.filter(({ name }) => isAsked(name));
const FAILOVER = 'failover to a standby with a lost tail';
console.log(`torture: seed ${seed}, at most ${values.seconds} s, ${faults.length} faults and the failover\n`);

const line = ({ fault, skipped, lasted_ms, rested_ms, runs, effects, violations }: Played): string => {
  const took = skipped === null ? `${lasted_ms} ms, at rest after ${rested_ms} ms` : `skipped: ${skipped}`;
  const said = skipped !== null ? '' : violations.length === 0 ? 'ok' : 'BROKEN';
  return `${fault.padEnd(52)} ${took.padEnd(40)} ${String(runs).padStart(4)} runs ${String(effects).padStart(4)} effects  ${said}`;
};

const played: Played[] = [];
const tell = (one: Played): void => {
  played.push(one);
  console.log(line(one));
  for (const { rule, what } of one.violations) console.log(`    ${rule}: ${what}`);
};

const house = await openHouse();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void house.close().finally(() => process.exit(1)));
try {
  await torture(house, { seed, ms: Number(values.seconds) * 1000, rests: true, faults, told: tell });
  if (isAsked(FAILOVER)) {
    const { size, kept, effects, violations } = await failOver(house, seed);
    tell({
      ...{ fault: FAILOVER, skipped: null, lasted_ms: 0, rested_ms: null, runs: 0, effects, violations },
    });
    console.log(`    ${kept} of ${size} records kept.`);
  }
} finally {
  await house.close();
}
const skipped = played.filter((one) => one.skipped !== null).length;
const broken = played.filter(({ violations }) => violations.length > 0).length;
console.log(`\n${played.length - skipped - broken} held, ${broken} broken, ${skipped} skipped (seed ${seed})`);
process.exitCode = broken > 0 ? 1 : 0;
