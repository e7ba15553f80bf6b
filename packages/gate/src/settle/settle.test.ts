import type { CallOutcome, ToolContract } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { gateHarness } from '../testing/index.ts';
import {
  bookEntry,
  findEntry,
  idempotentEntry,
  LEDGER_TOOLS,
  queryableEntry,
  recoverableEntry,
  testLedger,
} from '../testing/ledger.ts';
import { learnFromPerson } from './learn-from-person.ts';
import { ASK_AFTER_MS, RETRY_AFTER_MS } from './plan.ts';

const CUT: CallOutcome = { state: 'unknown', reason: 'the connection broke', duration_ms: 9 };
const REFUSED: CallOutcome = { state: 'failed', status: 503, reason: 'not now', duration_ms: 1 };
/** What becomes of one call: the ledger does it and the answer comes, or is lost; it is cut before; it is refused. */
type Fate = 'done' | 'done and cut' | 'cut' | 'refused';

function setUp(contract: ToolContract, fates: readonly Fate[], answers: readonly (CallOutcome | null)[] = []) {
  const harness = gateHarness();
  const ledger = testLedger();
  const left = [...fates];
  const said = [...answers];
  harness.answer = (call) => {
    if (call.contract.name === findEntry.name) return said.shift() ?? ledger.apply(call);
    const fate = left.shift() ?? 'done';
    if (fate === 'refused') return REFUSED;
    if (fate === 'cut') return CUT;
    const answer = ledger.apply(call);
    return fate === 'done' ? answer : CUT;
  };
  const { gate } = harness.process('one');
  const workflow = { ...harness.wish().workflow, tools: ['book_entry', 'cancel_entry', 'find_entry'] };
  const wanted = harness.wish({ contract, workflow, args: { case_id: 'case-7' }, tools: LEDGER_TOOLS });
  /** Lets time pass and the house settle, until nothing is planned any more; gives how many rounds there were. */
  const settle = async () => {
    for (let round = 0; ; round++) {
      const { settlement } = await harness.stored(wanted.id);
      if (!settlement?.next) return round;
      harness.clock.advance(Math.max(0, Date.parse(settlement.next.at) - harness.clock.now().getTime()));
      expect(await gate.settleDue()).toEqual([]);
    }
  };
  return { harness, ledger, gate, wanted, settle };
}

const tries = (harness: ReturnType<typeof gateHarness>) =>
  harness.audit.of('settlement.tried').map(({ data }) => `${data.way}: ${data.came}`);

describe('F9: a call whose answer was lost is made again with the same key, where the downstream honours it', () => {
  test('it had happened: the second call finds that, and nothing happens twice', async () => {
    const { harness, ledger, gate, wanted, settle } = setUp(idempotentEntry, ['done and cut']);
    const first = await gate.submit(wanted);
    expect(first).toEqual({ status: 'settling', until: '2026-11-20T12:00:02.000Z' });
    // Not a moment before.
    expect(await gate.resume(wanted.id)).toEqual(first);
    expect(harness.calls).toHaveLength(1);
    await settle();
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(ledger.effects).toEqual([`book_entry ${wanted.id}`]);
    expect(harness.calls).toHaveLength(2);
    expect(await harness.handoffs.list({})).toEqual([]);
    expect(tries(harness)).toEqual(['retry: happened']);
  });

  test('INV1 INV3 F6: the second call has a decision, a grant, an intent and a result of its own, and the same key', async () => {
    const { harness, gate, wanted, settle } = setUp(idempotentEntry, ['cut']);
    await gate.submit(wanted);
    await settle();
    expect(harness.audit.of('grant.issued')).toHaveLength(2);
    const keys = harness.audit.of('execution.intent').map(({ data }) => data.idempotency_key);
    expect(keys).toEqual([wanted.id, wanted.id]);
    expect(harness.story().slice(-7)).toEqual([
      'settlement.planned',
      'decision.made:permit',
      'grant.issued',
      'execution.intent',
      'execution.result:succeeded',
      'settlement.tried:happened',
      'settlement.ended:happened',
    ]);
    const [one, two] = harness.audit.of('grant.issued').map(({ refs }) => refs!.grant!);
    expect(one).not.toBe(two);
    expect(await harness.execute.store.grant(harness.uow.tx, one!)).toMatchObject({ state: 'spent' });
  });

  test('a retry that is refused says nothing of the first call: it is tried again, and at last a person is asked', async () => {
    const { harness, gate, wanted, settle } = setUp(idempotentEntry, ['done and cut', ...Array(9).fill('refused')]);
    await gate.submit(wanted);
    expect(await settle()).toBe(RETRY_AFTER_MS.length);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'unknown' });
    expect(harness.calls).toHaveLength(1 + RETRY_AFTER_MS.length);
    const [work, ...more] = await harness.handoffs.list({ states: ['open'] });
    expect(more).toEqual([]);
    expect(work).toMatchObject({
      kind: 'unknown_outcome',
      context: {
        args: { case_id: 'case-7' },
        idempotency_key: wanted.id,
        calls: [{ reason: 'the connection broke', lost_at: '2026-11-20T12:00:00.000Z' }],
        tries: RETRY_AFTER_MS.map(() => ({
          way: 'retry',
          came: 'not_known',
          reason: expect.stringContaining('not now'),
        })),
      },
    });
  });

  test('C5: a freeze stops the retry, and a person gets what is known', async () => {
    const { harness, gate, wanted, settle } = setUp(idempotentEntry, ['done and cut']);
    await gate.submit(wanted);
    harness.environment.freezes.push('all');
    await settle();
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'unknown' });
    expect(harness.calls).toHaveLength(1);
    const [work] = await harness.handoffs.list({ states: ['open'] });
    expect(work).toMatchObject({
      kind: 'unknown_outcome',
      context: { tries: [{ reason: expect.stringContaining('frozen') }] },
    });
    expect(harness.audit.of('settlement.ended')).toMatchObject([{ data: { by: 'policy', came: 'not_known' } }]);
  });

  test('C6: it counts once in the history of its workflow', async () => {
    const { harness, gate, wanted, settle } = setUp(idempotentEntry, ['done and cut', 'done and cut']);
    const history = {
      booked: { kind: 'count', tools: ['book_entry'], by: ['principal'], window: '1d', counts: 'attempted' },
    } as const;
    const counted = {
      ...wanted,
      history: { booked: { ...history.booked, tools: ['book_entry'], by: ['principal' as const] } },
    };
    await gate.submit(counted);
    await settle();
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    const later = { ...counted, id: harness.wish().id };
    await gate.submit(later);
    const asked = harness.audit.of('decision.made').find(({ refs }) => refs?.proposal === later.id);
    expect(asked?.data.request).toMatchObject({ history: { booked: 1 } });
  });
});

describe('F9: a status tool is asked', () => {
  test('it happened: the answer is the result, and nothing is called again', async () => {
    const { harness, ledger, gate, wanted, settle } = setUp(queryableEntry, ['done and cut']);
    await gate.submit(wanted);
    await settle();
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect((await harness.stored(wanted.id)).outcome).toMatchObject({ state: 'succeeded', result: { entry: 'e-1' } });
    expect(ledger.effects).toHaveLength(1);
    expect(harness.audit.of('settlement.tried')).toMatchObject([{ data: { way: 'ask', asked: `${wanted.id}-q1` } }]);
    // The execution is not unknown any more.
    expect(await harness.execute.store.execution(wanted.id)).toMatchObject({ state: 'succeeded' });
  });

  test('INV1: the question is a proposal of its own: decided, granted, recorded', async () => {
    const { harness, gate, wanted, settle } = setUp(queryableEntry, ['done and cut']);
    await gate.submit(wanted);
    await settle();
    const asked = await harness.stored(`${wanted.id}-q1` as typeof wanted.id);
    expect(asked).toMatchObject({ state: 'succeeded', serves: { purpose: 'status', of: wanted.id } });
    expect(asked.proposal).toMatchObject({ tool: 'find_entry', args: { key: wanted.id }, run: wanted.run });
    expect(asked.proposal.provenance).toEqual([{ path: '/key', kind: 'trusted-record', origins: [wanted.id] }]);
    for (const type of ['proposal.submitted', 'grant.issued', 'execution.intent', 'execution.result'] as const)
      expect(harness.audit.of(type).filter(({ refs }) => refs?.proposal === asked.proposal.id)).toHaveLength(1);
  });

  test('it did not happen: believed only when no call can be under way any more', async () => {
    const { harness, ledger, gate, wanted, settle } = setUp(queryableEntry, ['cut']);
    await gate.submit(wanted);
    await settle();
    expect(await gate.resume(wanted.id)).toMatchObject({
      status: 'failed',
      reason: 'find_entry says that it did not happen',
    });
    expect(tries(harness)).toEqual(['ask: not_known', 'ask: not_known', 'ask: not_known', 'ask: did_not_happen']);
    const lost = Date.parse('2026-11-20T12:00:00.000Z');
    // A grant lives for 300 seconds at the most, and a call of this tool takes 5.
    expect(harness.clock.now().getTime() - lost).toBeGreaterThanOrEqual(305_000);
    expect(ledger.effects).toEqual([]);
    expect(await harness.handoffs.list({})).toMatchObject([{ kind: 'failed_action' }]);
    expect(await harness.execute.store.execution(wanted.id)).toMatchObject({ state: 'failed' });
  });

  test('a call that is slow, and happens after the first "no", is not taken for one that did not happen', async () => {
    const { harness, ledger, gate, wanted } = setUp(queryableEntry, ['cut']);
    await gate.submit(wanted);
    harness.clock.advance(2_000);
    await gate.settleDue();
    ledger.apply({ contract: queryableEntry, args: { case_id: 'case-7' }, idempotency_key: wanted.id });
    harness.clock.advance(20_000);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
  });

  test.each<[string, CallOutcome]>([
    ['is down', { state: 'failed', reason: 'no route', duration_ms: 1 }],
    ['is silent', CUT],
    ['cannot say', { state: 'succeeded', result: { state: 'pending' }, duration_ms: 1 }],
    ['lies about the result', { state: 'succeeded', result: { state: 'booked' }, duration_ms: 1 }],
  ])('one that %s is asked so often and no more, and one hand-off says so', async (_name, answer) => {
    const { harness, gate, wanted, settle } = setUp(queryableEntry, ['done and cut'], Array(9).fill(answer));
    await gate.submit(wanted);
    expect(await settle()).toBe(ASK_AFTER_MS.length);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'unknown' });
    const open = await harness.handoffs.list({});
    expect(open).toMatchObject([{ kind: 'unknown_outcome', proposal: wanted.id }]);
    expect((open[0]!.context.tries as unknown[]).length).toBe(ASK_AFTER_MS.length);
    expect(harness.calls).toHaveLength(1 + ASK_AFTER_MS.length);
  });

  test('where keys are honoured too, the call is made again first, then the status tool is asked', async () => {
    const { harness, gate, wanted, settle } = setUp(recoverableEntry, ['done and cut', ...Array(4).fill('refused')]);
    await gate.submit(wanted);
    await settle();
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(tries(harness)).toEqual([...Array(4).fill('retry: not_known'), 'ask: happened']);
  });

  test('INV8: without either, it goes to a person at once', async () => {
    const { harness, gate, wanted } = setUp(bookEntry, ['cut']);
    expect(await gate.submit(wanted)).toMatchObject({ status: 'unknown' });
    harness.clock.advance(86_400_000);
    await gate.settleDue();
    expect(harness.calls).toHaveLength(1);
    expect(harness.audit.of('settlement.planned')).toEqual([]);
  });
});

describe('I8 F9: a person finds out', () => {
  async function lost() {
    const made = setUp(bookEntry, ['done and cut']);
    const result = await made.gate.submit(made.wanted);
    if (result.status !== 'unknown') throw new Error('it is known');
    const { proposals: store, handoffs, clock } = made.harness;
    const execution = { settle: made.harness.execute.grants.settle };
    const history = { succeed: async () => undefined, release: async () => undefined } as never;
    const learn = learnFromPerson({ store, handoffs, audit: made.harness.writer, clock, execution, history });
    return { ...made, learn, handoff: result.handoff };
  }
  const operator = () => gateHarness().people.ana.principal;

  test('that it happened: the proposal has succeeded, and the record says by whom', async () => {
    const { harness, gate, wanted, learn, handoff } = await lost();
    const by = operator();
    await learn(handoff, { came: 'happened', result: { entry: 'e-1' } }, 'seen in the ledger', by);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(await harness.execute.store.execution(wanted.id)).toMatchObject({ state: 'succeeded' });
    expect(harness.audit.of('settlement.ended')).toMatchObject([
      { actor: { id: by.id }, data: { by: 'person', came: 'happened', note: 'seen in the ledger' } },
    ]);
    expect(await harness.handoffs.get(handoff)).toMatchObject({ state: 'done' });
  });

  test('F4: whoever asked for it does not say what came of it, nor takes the work from those who may', async () => {
    const { harness, wanted, learn, handoff } = await lost();
    const { requester, ana } = harness.people;
    const own = requester.principal;
    for (const attempt of [
      () => learn(handoff, { came: 'did_not_happen' }, 'trust me', own),
      () => harness.handoffs.take(handoff, own),
      () => harness.handoffs.finish(handoff, { note: 'seen', result: null }, own),
      () => harness.handoffs.assign(handoff, own.id, ana.principal),
    ])
      await expect(attempt()).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('asked for it'),
      });
    expect(await harness.stored(wanted.id)).toMatchObject({ state: 'unknown' });
    await learn(handoff, { came: 'did_not_happen' }, 'not there', ana.principal);
    expect(await harness.stored(wanted.id)).toMatchObject({ state: 'failed' });
  });

  test('that it did not', async () => {
    const { harness, gate, wanted, learn, handoff } = await lost();
    await learn(handoff, { came: 'did_not_happen' }, 'not there', operator());
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'failed' });
    expect(await harness.handoffs.list({ states: ['open'] })).toEqual([]);
  });

  test('a result that does not fit, and a second finding, change nothing', async () => {
    const { harness, wanted, learn, handoff } = await lost();
    await expect(learn(handoff, { came: 'happened', result: { entry: 5 } }, 'x', operator())).rejects.toMatchObject({
      code: 'bad_input',
    });
    expect(await harness.stored(wanted.id)).toMatchObject({ state: 'unknown' });
    expect(await harness.handoffs.get(handoff)).toMatchObject({ state: 'open' });
    await learn(handoff, { came: 'did_not_happen' }, 'not there', operator());
    await expect(learn(handoff, { came: 'happened' }, 'oh', operator())).rejects.toMatchObject({ code: 'conflict' });
    expect(await harness.stored(wanted.id)).toMatchObject({ state: 'failed' });
  });
});
