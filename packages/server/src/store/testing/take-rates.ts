/**
 * One of several processes that take from one endpoint's limit as fast as they can (`model-states.test.ts`):
 *
 *   node take-rates.ts DATABASE-URL PER-MINUTE PROCESSES NAME
 *
 * Time is a row of the database (`test_time`) that goes on when all processes wait, to the moment that the first of them
 * waits for, and ends with the second minute: how busy the machine is changes nothing. Prints the times at which an attempt
 * was let through, in milliseconds of that time, as one JSON array.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { NO_RATES, TAKEN, take } from '@portreeve/model';
import { sql } from 'kysely';
import { Database } from '../database.ts';
import { modelStates } from '../model-states.ts';

const END_MS = 120_000;
const [url = '', perMinute = '', processes = '', name = ''] = process.argv.slice(2);
const database = new Database(url, { max: 4 });
const states = modelStates(database, TAKEN, sql<number>`(SELECT now FROM test_time)`);
const rates = { ...NO_RATES, requests_per_minute: Number(perMinute) };
const went: number[] = [];

/** Time goes on to the first moment that any process waits for, once all of them wait. */
async function waitUntil(moment: number): Promise<void> {
  await database.transaction(async (tx) => {
    const on = database.on(tx);
    await sql`SELECT now FROM test_time FOR UPDATE`.execute(on);
    await sql`INSERT INTO test_waiting VALUES (${name}, ${moment})`.execute(on);
    await sql`
      UPDATE test_time SET now = (SELECT min(until) FROM test_waiting)
      WHERE (SELECT count(*) FROM test_waiting) = ${Number(processes)}::int
    `.execute(on);
    await sql`DELETE FROM test_waiting WHERE until <= (SELECT now FROM test_time)`.execute(on);
  });
}

async function stillWaits(): Promise<boolean> {
  const { rows } = await sql`SELECT FROM test_waiting WHERE name = ${name}`.execute(database.read);
  return rows.length > 0;
}

for (;;) {
  let wait_ms = 0;
  const { at } = await states.change('claude', (state, now) => {
    const result = take(state, now, rates, { input_tokens: 0, output_tokens: 0 });
    wait_ms = result.wait_ms;
    return result.taken;
  });
  if (at >= END_MS) break;
  if (wait_ms === 0) went.push(at);
  else {
    await waitUntil(at + wait_ms);
    while (await stillWaits()) await delay(1);
  }
}
await waitUntil(Number.POSITIVE_INFINITY);
console.log(JSON.stringify(went));
await database.close();
