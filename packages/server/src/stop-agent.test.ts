import { SYSTEM_ACTOR } from '@portreeve/contract';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type TestServer, testServer } from './testing/server.ts';

let house: TestServer;
beforeAll(async () => {
  house = await testServer();
});
afterAll(() => house?.close());

test('B5 F6: a grant that is issued while the retirement waits for the decision is taken back too', async () => {
  const { database, audit, identity, environment } = house.server.services;
  const admin = await house.as('admin');
  const { id } = (
    await admin.post('/v1/agents', {
      name: 'racer',
      owner: admin.principal.id,
      purpose: 'a test',
      roles: ['requester'],
      tools: [],
      data: { confidentiality: 'internal' },
      review_by: new Date(Date.now() + 86_400_000).toISOString(),
    })
  ).body;
  await admin.post(`/v1/agents/${id}/events`, { event: 'activate', reason: 'a test' });

  let hold = (): void => undefined;
  let go = (): void => undefined;
  const held = new Promise<void>((done) => {
    hold = done;
  });
  const released = new Promise<void>((done) => {
    go = done;
  });
  // As the gate issues a grant: decided on what held before anybody was retired.
  const issuing = database.transaction(async (tx) => {
    expect(await environment.isCurrent(tx)).toBe(true);
    hold();
    await released;
    const client = database.clientOf(tx);
    await client.query(
      `INSERT INTO proposals (id, workflow, tool, digest, state, principals, body, decision)
       VALUES ('prop_race', 'w', 't', 'd', 'granted', $1, '{}', '{}')`,
      [['prn_user', 'agent:w', id]],
    );
    await client.query(
      `INSERT INTO grants (id, proposal, proposal_digest, args_digest, audience, state, issued_at, expires_at)
       VALUES ('grt_race', 'prop_race', 'd', 'd', 'a', 'issued', now(), now() + interval '5 minutes')`,
    );
  });
  await held;
  const retiring = identity.changeAgent(id, { event: 'retire', reason: 'a test' }, SYSTEM_ACTOR);
  const waiting = () =>
    database.pool.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
  await vi.waitFor(async () => expect((await waiting()).rowCount).toBeGreaterThan(0), {
    timeout: 10_000,
    interval: 10,
  });
  go();
  await issuing;
  await retiring;
  expect((await database.pool.query("SELECT state FROM grants WHERE id = 'grt_race'")).rows).toEqual([
    { state: 'revoked' },
  ]);
  const { records } = await audit.search({ type: 'identity.holdings_revoked', order: 'oldest', limit: 10 });
  expect(records.map(({ payload }) => payload?.data.grants)).toEqual([[], ['grt_race']]);
  expect(house.server.services.environment.facts().freezes).toContain(`principal:${id}`);
});
