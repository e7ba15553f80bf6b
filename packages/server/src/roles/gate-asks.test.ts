import { setImmediate as turn } from 'node:timers/promises';
import { asId, BOTTOM, type Json, Labelled, PortreeveError, type Run } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import type { GateResult, StoredProposal, Wish } from '@portreeve/gate';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AnswerStore, type AskStore, answerStore, askStore } from '../store/gate-asks.ts';
import { leaseStore } from '../store/leases.ts';
import { type TestDatabase, testDatabase } from '../store/testing/database.ts';
import { testSealing } from '../store/testing/sealing.ts';
import { answerAsks } from './answer-asks.ts';
import { askGate } from './ask-gate.ts';
import type { TakeWork } from './take-work.ts';

/* Both sides on a real database; the gate itself is a list of what it was asked. */

const RUN = asId('run', 'run_01');
const RELEASE = `sha256:${'1'.repeat(64)}`;
const run = {
  ...{ id: RUN, workflow: 'demo', release: RELEASE, input: { case: 'CASE-1042' }, ended_at: null },
  principal: { id: 'prn_analyst', kind: 'person', act: [] },
} as unknown as Run;
const publish = { name: 'publish', version: '1.0' };
const definition = {
  contract: {
    ...{ name: 'demo', tier: 1, approval_timeout_minutes: 5, history: {} },
    ...{ scope: { tools: [], sources: [] }, approvers: [] },
  },
  tools: [publish],
};
const proposal = asId('proposal', 'prop_01-3');
const wish = {
  ...{ id: proposal, run: RUN, contract: publish, args: { to: 'somebody' }, rationale: 'because', evidence: null },
  ...{ stoodFor: [], injection: 0, principal: { id: 'prn_mallory' }, release: 'another' },
} as unknown as Wish;
const succeeded: GateResult = {
  ...{ status: 'succeeded', execution: asId('execution', 'exec_1'), narrowed: [] },
  result: new Labelled<Json>({ done: true }, BOTTOM),
};

let db: TestDatabase;
let asks: AskStore;
let answers: AnswerStore;
let submitted: Wish[];
let barred = false;
let ended = false;
let shadow = false;
let outcome: () => Promise<GateResult>;
const working: TakeWork[] = [];
const logged: unknown[] = [];

beforeAll(async () => {
  db = await testDatabase();
  const sealing = testSealing(db.database);
  asks = askStore(db.database, sealing);
  answers = answerStore(db.database, sealing);
  await leaseStore(db.database).renew('gatekeeper', 600);
});
afterAll(() => db.close());
beforeEach(async () => {
  [submitted, barred, ended, shadow] = [[], false, false, false];
  logged.length = 0;
  outcome = async () => succeeded;
  await db.database.pool.query('DELETE FROM gate_asks');
});
afterEach(async () => {
  await Promise.all(working.splice(0).map((each) => each.stop()));
});

const runNow = (): Run => ({
  ...run,
  ...{ ended_at: ended ? '2026-11-21T00:00:00Z' : null, ...(shadow ? { shadow_of: asId('run', 'run_00') } : {}) },
});

function gatekeeper(instance = 'gatekeeper'): TakeWork {
  const carried = async (wished: Wish) => {
    submitted.push(wished);
    return outcome();
  };
  const answering = answerAsks({
    ...{ asks: answers, instance, log: (...line) => logged.push(line) },
    gate: { submit: carried, resume: outcome },
    unwindings: {
      begin: async () => Promise.reject(new PortreeveError('conflict', 'Nothing stands.')),
      advance: async () => undefined,
    },
    runs: { get: async (id) => (id === RUN ? runNow() : null) },
    releases: { isBarred: () => barred, load: async () => ({ definition }) as never },
  });
  working.push(answering);
  return answering;
}

/** A reasoner's side, which wakes the gatekeeper at each look. */
function reasoner(answering: TakeWork) {
  return askGate({
    asks,
    proposals: { get: async (id) => ({ proposal: { id, run: RUN } }) as StoredProposal },
    unwindings: { get: async () => null },
    pause: async () => {
      answering.wake();
      await turn();
    },
  });
}

/** What comes of a question that an intruder writes there. */
async function answerTo(body: unknown, of = RUN): Promise<unknown> {
  const answering = gatekeeper();
  const id = await asks.ask(of, body as never);
  for (;;) {
    answering.wake();
    await turn();
    const answer = await asks.answerOf(id);
    if (answer !== undefined) return answer;
  }
}
const refusal = (code: string) => ({ error: expect.objectContaining({ code }) });

describe('J2: a run asks the gate in another process', () => {
  test('J2 INV1: and the gate knows by itself who asks, for what and by which release', async () => {
    const result = await reasoner(gatekeeper()).gate.submit(wish);
    expect(open((result as typeof succeeded & { status: 'succeeded' }).result)).toEqual({ done: true });
    expect(submitted).toHaveLength(1);
    expect(submitted[0]).toMatchObject({
      ...{ id: proposal, run: RUN, release: RELEASE, principal: run.principal, request: run.input },
      ...{ contract: publish, args: { to: 'somebody' } },
    });
    expect((await db.database.pool.query('SELECT * FROM gate_asks')).rows).toEqual([]);
  });

  test('J2 H9: a run in the shadow wishes in the shadow, and no other run does, whatever its process says', async () => {
    // One alone: two of one name would each take what the other has in hand.
    const { gate } = reasoner(gatekeeper());
    shadow = true;
    await gate.submit({ ...wish, shadow: false } as unknown as Wish);
    shadow = false;
    await gate.submit({ ...wish, shadow: true });
    expect(submitted.map((each) => each.shadow)).toEqual([true, undefined]);
  });

  test('J2 G5: question and answer are sealed where they lie', async () => {
    const id = await asks.ask(RUN, { secret: 'a word that nobody may read' });
    await answers.answer({ id, run: RUN }, { secret: 'a word that nobody may read' });
    const { rows } = await db.database.pool.query('SELECT body, answer FROM gate_asks');
    expect(JSON.stringify(rows)).not.toContain('a word');
    expect(await asks.answerOf(id)).toEqual({ secret: 'a word that nobody may read' });
  });

  test('J2: an error of the gate is the run’s, with its code', async () => {
    outcome = () => Promise.reject(new PortreeveError('idempotency_mismatch', 'Another action.'));
    const { gate, unwindings } = reasoner(gatekeeper());
    await expect(gate.submit(wish)).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    await expect(unwindings.begin(RUN, { by: run.principal, reason: 'no' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('J2: a fault of the gate is an outage to the run, and stands in the log', async () => {
    outcome = () => Promise.reject(new TypeError('a fault'));
    await expect(reasoner(gatekeeper()).gate.resume(proposal)).rejects.toMatchObject({ code: 'unavailable' });
    expect(logged).toEqual([['error', expect.stringContaining(RUN), expect.any(TypeError)]]);
  });

  test('J2: an answer that could not be written is given by who takes the question next', async () => {
    const id = await asks.ask(RUN, { kind: 'resume', proposal });
    const { answer } = answers;
    let failures = 2;
    answers.answer = async (...given) => {
      if (failures-- > 0) throw new Error('the database is away');
      return answer(...given);
    };
    const answering = gatekeeper();
    let found: unknown;
    while (found === undefined) {
      answering.wake();
      await turn();
      found = await asks.answerOf(id);
    }
    answers.answer = answer;
    expect(found).toHaveProperty('result');
    expect(logged).toHaveLength(2);
  });

  test('J2: a question that was taken, while its taker never heard of it, is taken again', async () => {
    const id = await asks.ask(RUN, { kind: 'resume', proposal });
    // The connection breaks when the database has done it and before it has said so.
    await answers.take('gatekeeper', 10, []);
    const answering = gatekeeper();
    await expect
      .poll(async () => {
        answering.wake();
        return asks.answerOf(id);
      })
      .toHaveProperty('result');
    expect(logged).toEqual([]);
  });
});

describe('J2 INV1: who can write questions can', () => {
  test.each([
    ['nothing without one that is well-formed', null, 'bad_input'],
    ['nothing but wish, resume and unwind', { kind: 'approve', proposal }, 'bad_input'],
    [
      'not wish in another run’s name',
      { kind: 'submit', proposal: 'prop_02-1', wish: { tool: 'publish' } },
      'bad_input',
    ],
    ['not go on with another run’s proposal', { kind: 'resume', proposal: 'prop_02-1' }, 'bad_input'],
    ['not use a tool that the release has not', { kind: 'submit', proposal, wish: { tool: 'pay' } }, 'bad_input'],
    [
      'not say who wishes it',
      { kind: 'submit', proposal, wish: { tool: 'publish', principal: { id: 'prn_admin' } } },
      'bad_input',
    ],
  ])('%s', async (_what, body, code) => {
    expect(await answerTo(body)).toEqual(refusal(code));
    expect(submitted).toEqual([]);
  });

  test('nothing for a run that is not there, or has ended, or whose release is barred', async () => {
    expect(await answerTo({ kind: 'resume', proposal: 'prop_02-1' }, asId('run', 'run_02'))).toEqual(
      refusal('not_found'),
    );
    ended = true;
    expect(await answerTo({ kind: 'resume', proposal })).toEqual(refusal('not_found'));
    [ended, barred] = [false, true];
    expect(await answerTo({ kind: 'submit', proposal, wish: { tool: 'publish' } })).toEqual(refusal('no_release'));
  });

  test('not keep the gatekeeper from others by what cannot be opened', async () => {
    await db.database.pool.query(`INSERT INTO gate_asks (id, run, body) VALUES ('ask_bad', '${RUN}', 'not sealed')`);
    expect(await answerTo({ kind: 'resume', proposal })).toHaveProperty('result');
    expect(await asks.answerOf('ask_bad')).toEqual(refusal('bad_input'));
  });
});

describe('J2: of several gatekeepers', () => {
  test('J2: one takes each question, and another one only where that one is dead', async () => {
    for (let number = 0; number < 20; number++) await asks.ask(RUN, { number });
    const leases = leaseStore(db.database);
    for (const name of ['a', 'b', 'c']) await leases.renew(name, 600);
    const taken = await Promise.all(['a', 'b', 'c'].map((name) => answers.take(name, 5, [])));
    const idsOf = (asked: readonly { readonly id: string }[]) => asked.map(({ id }) => id).sort();
    const rest = await answers.take('a', 100, idsOf(taken[0]!));
    const ids = idsOf([...taken.flat(), ...rest]);
    expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
    expect(await answers.take('c', 100, idsOf(taken[2]!))).toEqual([]);
    await leases.release('b');
    expect(idsOf(await answers.take('c', 100, idsOf(taken[2]!)))).toEqual(idsOf(taken[1]!));
  });

  test('J2: an answer is given once, and what nobody came for is removed', async () => {
    const id = await asks.ask(RUN, {});
    await answers.answer({ id, run: RUN }, { first: true });
    await answers.answer({ id, run: RUN }, { first: false });
    expect(await asks.answerOf(id)).toEqual({ first: true });
    await answers.tidy(new Date(Date.now() + 60_000));
    await expect(asks.answerOf(id)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('J2: two questions of one run are carried one after the other', async () => {
    let at_work = 0;
    let most = 0;
    outcome = async () => {
      most = Math.max(most, ++at_work);
      await turn();
      at_work--;
      return succeeded;
    };
    const { gate } = reasoner(gatekeeper());
    await Promise.all([gate.resume(proposal), gate.resume(proposal), gate.resume(proposal)]);
    expect(most).toBe(1);
  });
});
