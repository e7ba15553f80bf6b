import { asId, PortreeveError, principalSchema } from '@portreeve/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FaceAnswerStore, type FaceAskStore, faceAnswerStore, faceAskStore } from '../store/face-asks.ts';
import { leaseStore } from '../store/leases.ts';
import { type TestDatabase, testDatabase } from '../store/testing/database.ts';
import { testSealing } from '../store/testing/sealing.ts';
import type { GateFaces } from '../wire-gate.ts';
import { answerApi } from './answer-api.ts';
import { askGatekeeper } from './ask-gatekeeper.ts';
import type { TakeWork } from './take-work.ts';

/* Both sides on a real database; the gate itself is a list of what it was asked. */

const by = principalSchema.parse({
  ...{ id: 'prn_00000000000000000000000001', kind: 'person', name: 'rita' },
  ...{ roles: ['requester'], groups: [] },
});
const RUN = asId('run', 'run_01');
const unwind = { kind: 'unwind', run: RUN, reason: 'a mistake', by } as const;
const contract = { name: 'post_note', version: '1.0', tier: 3 };
const toolset = {
  facts: { name: 'cases' },
  release: `sha256:${'1'.repeat(64)}`,
  approval_timeout_minutes: 5,
  tools: [contract],
};

let db: TestDatabase;
let asks: FaceAskStore;
let answers: FaceAnswerStore;
let asked: unknown[];
let answer: () => Promise<unknown>;
const working: TakeWork[] = [];
const logged: unknown[] = [];

beforeAll(async () => {
  db = await testDatabase();
  const sealing = testSealing(db.database);
  asks = faceAskStore(db.database, sealing);
  answers = faceAnswerStore(db.database, sealing);
  await leaseStore(db.database).renew('gatekeeper', 600);
});
afterAll(() => db.close());
beforeEach(async () => {
  asked = [];
  logged.length = 0;
  answer = async () => ({ run: RUN, state: 'unwinding' });
  await db.database.pool.query('DELETE FROM face_asks');
});
afterEach(async () => {
  await Promise.all(working.splice(0).map((each) => each.stop()));
});

function gatekeeper(): TakeWork {
  const note = async (...said: unknown[]) => {
    asked.push(said);
    return answer();
  };
  const work = answerApi({
    ...{ asks: answers, instance: 'gatekeeper', log: (_level, message) => logged.push(message) },
    faces: { unwindings: { begin: note }, outside: { ask: note, follow: note } } as unknown as GateFaces,
    toolNamed: (name) => (name === contract.name ? ({ contract, toolset } as never) : null),
    hello: async () => ({ environment: 'test', redaction: 'x', logs: [] }),
    signHead: async () => undefined,
  });
  working.push(work);
  return work;
}

/** An api whose waits end at once, so that it looks as often as it can. */
function api(elapsed = () => 0, meanwhile: () => void = () => undefined) {
  const pause = async () => {
    meanwhile();
    await new Promise((turn) => setImmediate(turn));
  };
  return askGatekeeper({ asks, elapsed, pause });
}
const withOne = () => {
  const work = gatekeeper();
  return api(undefined, () => work.wake());
};
const rows = async () => (await db.database.pool.query('SELECT * FROM face_asks')).rows;

describe('J2: what an api asks of a gatekeeper', () => {
  test('J2: is answered, once, for who asked; and nothing of it stays', async () => {
    expect(await withOne().ask(unwind)).toEqual({ run: RUN, state: 'unwinding' });
    expect(asked).toEqual([[RUN, { by, reason: 'a mistake' }]]);
    expect(await rows()).toEqual([]);
  });

  test('J2 INV1: of a tool the name is taken, and what it is from the gatekeeper’s own files', async () => {
    const wish = { kind: 'ask', tool: 'post_note', args: { a: 1 }, rationale: 'because', by } as const;
    await withOne()
      .ask({ ...wish, contract: { tier: 0 } } as never)
      .catch(() => undefined);
    expect(asked).toEqual([]);
    await withOne().ask(wish);
    expect(asked).toEqual([[{ contract, toolset, who: by, args: { a: 1 }, rationale: 'because' }]]);
    await expect(withOne().ask({ ...wish, tool: 'another' })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('J2: an error of the gate comes back as it is; a fault of it tells nothing and is logged', async () => {
    answer = async () => {
      throw new PortreeveError('conflict', 'Nothing stands.', { next: 'Nothing needs to be done.' });
    };
    await expect(withOne().ask(unwind)).rejects.toMatchObject({ code: 'conflict', next: 'Nothing needs to be done.' });
    expect(logged).toEqual([]);
    answer = async () => {
      throw new TypeError('a secret of the inside');
    };
    const error = await withOne()
      .ask(unwind)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'internal' });
    expect(String(error)).not.toContain('secret');
    expect(logged).toHaveLength(1);
  });

  test('J2: what nobody takes in time is taken back, and never carried', async () => {
    let now = 0;
    const patient = api(() => (now += 6000));
    await expect(patient.ask(unwind)).rejects.toMatchObject({
      code: 'unavailable',
      detail: 'No gatekeeper answers: nothing was done.',
    });
    expect(await rows()).toEqual([]);
    gatekeeper().wake();
    await Promise.all(working.splice(0).map((each) => each.stop()));
    expect(asked).toEqual([]);
  });

  test('J2 F9: what a gatekeeper took that died is carried by no other one, and whoever asked is told', async () => {
    const taken = api(undefined, () => {
      void db.database.pool.query(`UPDATE face_asks SET taken_by = 'gatekeeper/dead'`).catch(() => undefined);
    });
    await expect(taken.ask(unwind)).rejects.toMatchObject({
      code: 'unavailable',
      detail: expect.stringContaining('it may be done'),
    });
    expect(asked).toEqual([]);
  });

  test('J2: of two gatekeepers one carries each question', async () => {
    const [one, other] = [gatekeeper(), gatekeeper()];
    const both = api(undefined, () => {
      one.wake();
      other.wake();
    });
    await Promise.all(Array.from({ length: 40 }, () => both.ask(unwind)));
    expect(asked).toHaveLength(40);
  });

  test('J2: a question of a newer version is not carried, and whoever asked is told what to do', async () => {
    for (const newer of [
      { kind: 'applaud', by },
      { ...unwind, by: { ...by }, gently: true },
    ])
      await expect(withOne().ask(newer as never)).rejects.toMatchObject({
        ...{ code: 'unavailable', detail: expect.stringContaining('nothing was done') },
        next: expect.stringContaining('every gatekeeper'),
      });
    expect(asked).toEqual([]);
  });

  test('J2: an error that only a newer gatekeeper knows is `internal` to an older api, with what it says', async () => {
    answer = async () => {
      throw new PortreeveError('tired' as never, 'It sleeps.', { next: 'Wait.' });
    };
    await expect(withOne().ask(unwind)).rejects.toMatchObject({
      code: 'internal',
      detail: 'It sleeps.',
      next: 'Wait.',
    });
  });

  test('J2 INV1: what was not sealed here, or is no question, is answered as that', async () => {
    const work = gatekeeper();
    for (const [n, body] of ['{"kind":"hello"}', '', 'x'].entries())
      await db.database.pool.query('INSERT INTO face_asks (id, body) VALUES ($1, $2)', [`ask_forged${n}`, body]);
    work.wake();
    await Promise.all(working.splice(0).map((each) => each.stop()));
    for (const n of [0, 1, 2])
      expect(await asks.look(`ask_forged${n}`)).toMatchObject({
        state: 'answered',
        answer: { error: { code: 'bad_input' } },
      });
    expect(asked).toEqual([]);
  });
});
