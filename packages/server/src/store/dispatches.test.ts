import type { GrantId, ProposalId } from '@portreeve/contract';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DISPATCH_CHANNEL, type Dispatches, dispatchStore, EXECUTED_CHANNEL } from './dispatches.ts';
import { listen } from './listen.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let db: TestDatabase;
let dispatches: Dispatches;
beforeAll(async () => {
  db = await testDatabase();
  dispatches = dispatchStore(db.database);
});
afterAll(() => db.close());
beforeEach(() => db.database.pool.query('TRUNCATE grants CASCADE'));

const proposal = 'prop_1' as ProposalId;
const id = (number: number) => `grt_${number}` as GrantId;
async function send(number: number, executor = 'one'): Promise<void> {
  await db.database.pool.query(
    `INSERT INTO grants VALUES ($1, 'prop_1', 'd', 'a', 'urn:x', 'issued', now(), now() + interval '1 minute')`,
    [id(number)],
  );
  await dispatches.send({
    ...{ grant: id(number), proposal, executor, token: `token-${number}` },
    expires_at: new Date(Date.UTC(2026, 10, 21, 12, 0, number)),
  });
}

test('F6: of any number of processes one gets each grant, and its token is gone then', async () => {
  for (let number = 0; number < 40; number++) await send(number);
  const taken = await Promise.all(
    Array.from({ length: 12 }, (_, process) => dispatches.take('one', `instance-${process}`, 7)),
  );
  const tokens = taken.flat().map(({ token }) => token);
  expect(new Set(tokens).size).toBe(tokens.length);
  const rest = await dispatches.take('one', 'the last', 100);
  expect(tokens.length + rest.length).toBe(40);
  const { rows } = await db.database.pool.query('SELECT count(*)::int AS left FROM dispatches WHERE token IS NOT NULL');
  expect(rows).toEqual([{ left: 0 }]);
  expect(await dispatches.look(id(0))).toMatchObject({ taken_by: expect.stringMatching(/^instance-/), refusal: null });
});

test('F7: a grant is given to nobody but the executor whose key it names, the oldest first', async () => {
  for (const [number, executor] of [
    [3, 'one'],
    [1, 'one'],
    [2, 'two'],
  ] as const)
    await send(number, executor);
  expect(await dispatches.take('three', 'x', 10)).toEqual([]);
  expect(await dispatches.take('one', 'x', 1)).toEqual([{ grant: id(1), proposal, token: 'token-1' }]);
  expect((await dispatches.take('two', 'x', 10)).map(({ grant }) => grant)).toEqual([id(2)]);
});

test('why a grant was not used comes back; a code that is none of ours does not become an error of ours', async () => {
  await send(1);
  await dispatches.refuse(id(1), { code: 'grant_mismatch', detail: 'x'.repeat(5000) });
  expect(await dispatches.look(id(1))).toEqual({
    taken_by: null,
    refusal: { code: 'grant_mismatch', detail: 'x'.repeat(1000) },
  });
  for (const text of ['{"code":"no_such","detail":""}', '{"code":"toString","detail":""}', 'no JSON', '{}']) {
    await db.database.pool.query('UPDATE dispatches SET refusal = $1', [text]);
    expect((await dispatches.look(id(1)))?.refusal).toMatchObject({ code: 'grant_invalid' });
  }
});

test('what is sent and what has ended is told; what nobody waits for any more is removed', async () => {
  const heard: string[] = [];
  const until = async (payload: string) => {
    while (!heard.includes(payload)) await new Promise((next) => setImmediate(next));
  };
  const hear = (channel: string) =>
    listen(db.url, { channel, name: 'test', heard: (text) => heard.push(`${channel} ${text}`) });
  const listeners = [hear(DISPATCH_CHANNEL), hear(EXECUTED_CHANNEL)];
  // After each connection it is said once, for what was missed before.
  await until(`${DISPATCH_CHANNEL} `);
  await until(`${EXECUTED_CHANNEL} `);
  await send(1);
  await until(`${DISPATCH_CHANNEL} one`);
  await dispatches.tell(id(1));
  await until(`${EXECUTED_CHANNEL} ${id(1)}`);
  for (const listener of listeners) await listener.stop();

  await send(2);
  await dispatches.tidy(new Date(Date.UTC(2026, 10, 21, 12, 0, 2)));
  expect([await dispatches.look(id(1)), await dispatches.look(id(2))]).toEqual([null, expect.anything()]);
  await dispatches.remove(id(2));
  expect(await dispatches.look(id(2))).toBeNull();
});
