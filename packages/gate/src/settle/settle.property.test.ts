import {
  type CallOutcome,
  type Decision,
  fixedClock,
  isPortreeveError,
  newId,
  type PolicyDecider,
} from '@portreeve/contract';
import { TEST_NOW } from '@portreeve/execute/testing';
import { expect, test } from 'vitest';
import { gateHarness, type HarnessProcess } from '../testing/index.ts';
import {
  bookEntry,
  idempotentEntry,
  LEDGER_TOOLS,
  queryableEntry,
  recoverableEntry,
  testLedger,
} from '../testing/ledger.ts';

/*
 * 1,000 seeded histories of one proposal against a ledger that counts what really happens. A process dies at any instant,
 * connections are cut before and after the ledger has done it, retries are refused, the status tool is down, silent, vague
 * or says something else than is true. `SETTLE_SEED=n` plays one history alone.
 */

const HISTORIES = 1000;
const POINTS = [
  'before-grant',
  'after-grant',
  'before-intent',
  'after-intent',
  'before-call',
  'after-call',
  'before-result',
  'after-result',
] as const;
const CONTRACTS = [bookEntry, idempotentEntry, queryableEntry, recoverableEntry];
class Crash extends Error {}

/** Numbers from 0 to below 1, always the same for a seed (mulberry32). */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The real policy, asked once for each case: nothing else in these requests changes what it says. */
function remembered(policy: PolicyDecider): PolicyDecider {
  const known = new Map<string, Decision>();
  return {
    version: policy.version,
    decide(request) {
      if (request.kind !== 'act') return policy.decide(request);
      const key = `${request.tool.name}:${request.environment.freezes.length}`;
      const decision = known.get(key) ?? policy.decide(request);
      known.set(key, decision);
      return { ...decision, id: newId('decision', fixedClock(TEST_NOW)) };
    },
  };
}

const policy = remembered(gateHarness().policy);

async function history(seed: number) {
  const chance = chances(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)]!;
  const contract = pick(CONTRACTS);
  // How hostile this history is: from a single mishap to nothing but mishaps.
  const mishap = pick([0.1, 0.4, 0.7, 0.95]);
  const liar = chance() < 0.15;
  const harness = gateHarness({ policy });
  const ledger = testLedger();
  let lies = 0;
  const cut: CallOutcome = { state: 'unknown', reason: 'the connection broke', duration_ms: 1 };
  harness.answer = (call) => {
    if (chance() >= mishap) return ledger.apply(call);
    if (call.contract.name === 'find_entry') {
      const said = pick(['down', 'silent', 'vague', ...(liar ? (['no', 'yes'] as const) : [])]);
      if (said === 'down') return { state: 'failed', status: 503, reason: 'down', duration_ms: 1 };
      if (said === 'silent') return cut;
      const result =
        said === 'no' ? { state: 'absent' } : { state: said === 'yes' ? 'booked' : 'pending', entry: 'e-0' };
      if (said !== 'vague') lies++;
      return { state: 'succeeded', status: 200, result, duration_ms: 1 };
    }
    const fate = pick(['refused', 'cut before', 'cut after']);
    if (fate === 'refused') return { state: 'failed', status: 503, reason: 'not now', duration_ms: 1 };
    if (fate === 'cut after') ledger.apply(call);
    return cut;
  };

  let processes = 0;
  let crash: string | null = null;
  let current: HarnessProcess;
  const point = (reached: string) => {
    if (crash !== reached) return;
    crash = null;
    throw new Crash(reached);
  };
  const start = () => {
    const name = `p${++processes}`;
    if (processes > 1) harness.bury(`p${processes - 1}`);
    current = harness.process(name, { debugpoint: point, executorPoint: point, apart: chance() < 0.5 });
  };
  const alive = async (work: () => Promise<unknown>) => {
    await work().catch((error: unknown) => {
      if (!(error instanceof Crash) && !isPortreeveError(error)) throw error;
      start();
    });
  };
  start();
  const workflow = { ...harness.wish().workflow, tools: ['book_entry', 'cancel_entry', 'find_entry'] };
  const wanted = harness.wish({ contract, workflow, args: { case_id: 'case-7' }, tools: LEDGER_TOOLS });
  let crashes = 0;
  for (let step = 0; step < 60; step++) {
    if (chance() < mishap / 2 && crashes++ < 12) crash = pick(POINTS);
    await alive(() => current.gate.submit(wanted));
    // The sweep reports what it could not do: a crash within it is one of them, and the process is gone all the same.
    await alive(async () => {
      for (const { error } of await current.gate.settleDue()) throw error;
    });
    const stored = await harness.proposals.get(wanted.id);
    if (stored && ['succeeded', 'failed', 'unknown', 'refused'].includes(stored.state)) break;
    harness.clock.advance(pick([500, 2_000, 20_000, 400_000, 700_000]));
  }
  crash = null;
  start();
  for (let step = 0; step < 20; step++) {
    harness.clock.advance(700_000);
    await current!.gate.submit(wanted);
    await current!.gate.settleDue();
  }
  const end = await current!.gate.resume(wanted.id);
  return { harness, ledger, wanted, contract, end, lies };
}

const only = process.env.SETTLE_SEED;
const seeds = only === undefined ? Array.from({ length: HISTORIES }, (_, index) => 20_261_121 + index) : [Number(only)];

test('F9 INV8: in 1,000 histories nothing happens twice, nothing is lost, and each ends known or with one hand-off', async () => {
  const ends = new Map<string, number>();
  let retried = 0;
  for (const seed of seeds) {
    const { harness, ledger, wanted, contract, end, lies } = await history(seed);
    const about = `SETTLE_SEED=${seed}: ${contract.idempotency}, ${contract.status ? 'queryable' : 'not queryable'}, ${end.status}`;
    const effects = ledger.effects.filter((effect) => effect.startsWith('book_entry'));
    expect(effects.length, `${about}: two effects of one proposal`).toBeLessThanOrEqual(1);
    expect(['succeeded', 'failed', 'unknown'], about).toContain(end.status);
    // What is said to have happened has, and what is said not to has not: unless the status tool lied.
    if (lies === 0 && end.status === 'succeeded') expect(effects.length, about).toBe(1);
    if (lies === 0 && end.status === 'failed') expect(effects.length, about).toBe(0);
    const open = await harness.handoffs.list({ states: ['open'] });
    expect(
      open.map(({ kind, proposal }) => [kind, proposal]),
      about,
    ).toEqual(
      end.status === 'succeeded' ? [] : [[end.status === 'failed' ? 'failed_action' : 'unknown_outcome', wanted.id]],
    );
    const calls = harness.audit.of('execution.intent').filter(({ data }) => data.tool === 'book_entry');
    if (contract.idempotency === 'none') expect(calls.length, `${about}: called again`).toBeLessThanOrEqual(1);
    expect(new Set(calls.map(({ data }) => data.idempotency_key)).size, about).toBeLessThanOrEqual(1);
    expect(calls.length, about).toBeLessThanOrEqual(5);
    expect((await harness.stored(wanted.id)).settlement?.next ?? null, about).toBeNull();
    if (calls.length > 1) retried++;
    const way = contract.idempotency === 'key' ? 'key' : contract.status ? 'status' : 'neither';
    ends.set(`${way} ${end.status}`, (ends.get(`${way} ${end.status}`) ?? 0) + 1);
  }
  if (only !== undefined) return;
  // If you are here because this failed: the histories reach too little, so that they prove nothing.
  for (const way of ['key', 'status', 'neither'])
    for (const status of ['succeeded', 'failed', 'unknown'])
      expect(ends.get(`${way} ${status}`) ?? 0, `${way} ${status}`).toBeGreaterThan(5);
  expect(retried).toBeGreaterThan(50);
}, 120_000);
