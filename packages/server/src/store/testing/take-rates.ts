/**
 * One of several processes that take from one endpoint's limit as fast as they can (`model-states.test.ts`):
 *
 *   node take-rates.ts DATABASE-URL PER-MINUTE SPEED START-MS
 *
 * Time runs SPEED times as fast, from START-MS of the database's clock on, and ends with the second minute. Prints the
 * times at which an attempt was let through, in milliseconds of that time, as one JSON array.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { NO_RATES, TAKEN, take } from '@portreeve/model';
import { sql } from 'kysely';
import { Database } from '../database.ts';
import { modelStates } from '../model-states.ts';

const [url = '', perMinute = '', speed = '', start = ''] = process.argv.slice(2);
const database = new Database(url, { max: 4 });
const time = sql<number>`((extract(epoch from clock_timestamp()) * 1000 - ${Number(start)}) * ${Number(speed)})::float8`;
const states = modelStates(database, TAKEN, time);
const rates = { ...NO_RATES, requests_per_minute: Number(perMinute) };
const went: number[] = [];
for (;;) {
  let wait_ms = 0;
  const { at } = await states.change('claude', (state, now) => {
    // The minutes begin when all processes are there.
    if (now < 0) {
      wait_ms = -now;
      return state;
    }
    const result = take(state, now, rates, { input_tokens: 0, output_tokens: 0 });
    wait_ms = result.wait_ms;
    return result.taken;
  });
  if (at >= 120_000) break;
  if (wait_ms === 0) went.push(at);
  else await delay(wait_ms / Number(speed));
}
console.log(JSON.stringify(went));
await database.close();
