import { PROPOSAL_STATES, type ProposalState, type ToolContract } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import type { GateResult } from './result.ts';
import { learnFromPerson } from './settle/learn-from-person.ts';
import { PROPOSAL_EVENTS, PROPOSAL_TABLE } from './states.ts';
import { type GateHarness, gateHarness } from './testing/index.ts';
import { bookEntry, idempotentEntry, LEDGER_TOOLS, queryableEntry } from './testing/ledger.ts';

const automatic = testContract({
  tier: 1,
  effect: 'write',
  undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
});
const notifying = testContract({
  tier: 2,
  effect: 'write',
  undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
});

type Snapshot = Awaited<ReturnType<typeof stateOf>>;
async function stateOf(harness: GateHarness, id: Parameters<GateHarness['stored']>[0]) {
  const stored = await harness.proposals.get(id);
  return {
    state: stored?.state ?? 'none',
    approval: stored?.approval && (await harness.approvals.get(stored.approval))?.state,
    grant: stored?.grant && (await harness.execute.store.grant(harness.uow.tx, stored.grant))?.state,
    handoffs: (await harness.handoffs.list({})).length,
    notices: (await harness.notices.list({ groups: ['case-approvers'], limit: 10 })).length,
    records: harness.audit.drafts.length,
  };
}

/** Submits, approves where asked, and resumes; the nth append fails. Gives the state before and after the failure. */
async function withDiskFull(contract: Parameters<GateHarness['wish']>[0], nth: number) {
  const harness = gateHarness();
  const { gate } = harness.process('one');
  const wanted = harness.wish(contract);
  const steps: (() => Promise<GateResult>)[] = [
    () => gate.submit(wanted),
    async () => {
      const { approval } = await harness.stored(wanted.id);
      if (approval && (await harness.approvals.get(approval))?.state === 'pending') await harness.vote(approval);
      return gate.resume(wanted.id);
    },
  ];
  harness.failAppend(nth);
  for (const [index, step] of steps.entries()) {
    const callsBefore = harness.calls.length;
    const failure = await step().then(
      () => null,
      (error: unknown) => error,
    );
    if (failure === null) continue;
    const broken: Snapshot = await stateOf(harness, wanted.id);
    return {
      harness,
      wanted,
      gate,
      failure,
      broken,
      called: harness.calls.length - callsBefore,
      rest: steps.slice(index),
    };
  }
  return null;
}

describe('G3 INV3: nothing acts unrecorded', () => {
  test.each([
    ['permitted', { contract: automatic }, 5],
    ['notified', { contract: notifying }, 6],
    ['approved', {}, 8],
    ['refused', { contract: testContract({ tier: 4 }) }, 2],
  ] as const)(
    '%s: whichever append fails, nothing has acted before, and all goes on afterwards',
    async (_, contract, appends) => {
      for (let nth = 1; ; nth++) {
        const run = await withDiskFull(contract, nth);
        if (run === null) {
          expect(nth - 1, 'how many appends the way has').toBe(appends);
          break;
        }
        const { harness, failure, broken, called, rest, wanted } = run;
        expect(failure, `append ${nth}`).toMatchObject({ code: 'audit_unavailable' });
        const intents = harness.audit.of('execution.intent').length;
        expect(called, `append ${nth}: a call needs an intent`).toBe(intents);
        // What stands is what is on record: each state has its records, and no more.
        const submitted = harness.audit.of('proposal.submitted').length;
        expect(broken.state === 'none').toBe(submitted === 0);
        expect(broken.grant === 'issued' || broken.grant === 'spent').toBe(harness.audit.of('grant.issued').length > 0);
        expect(broken.notices).toBe(harness.audit.of('notice.posted').length);
        expect(broken.handoffs).toBe(harness.audit.of('handoff.opened').length);

        let result: GateResult | undefined;
        for (const step of rest) result = await step();
        if (result?.status === 'waiting') {
          await harness.vote(result.approval);
          result = await run.gate.resume(wanted.id);
        }
        expect(result?.status, `append ${nth}`).toBe(wanted.contract.tier === 4 ? 'refused' : 'succeeded');
        expect(harness.calls.length, `append ${nth}`).toBe(wanted.contract.tier === 4 ? 0 : 1);
        expect(harness.audit.of('execution.intent').length).toBe(harness.calls.length);
        expect(harness.audit.of('execution.result').length).toBe(harness.calls.length);
      }
    },
  );

  test('a hand-off that cannot be recorded keeps the proposal granted; the outcome is not lost', async () => {
    const harness = gateHarness();
    harness.answer = () => {
      // The result is on record by the first append from here, the hand-off by the second.
      harness.failAppend(2);
      return { state: 'failed', status: 409, reason: 'no', duration_ms: 1 };
    };
    const { gate } = harness.process('one');
    const wanted = harness.wish({ contract: automatic });
    await expect(gate.submit(wanted)).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(await stateOf(harness, wanted.id)).toMatchObject({ state: 'granted', handoffs: 0 });
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'failed', reason: 'no' });
    expect(await stateOf(harness, wanted.id)).toMatchObject({ state: 'failed', handoffs: 1 });
    expect(harness.calls).toHaveLength(1);
  });
});

describe('SPEC 1: every row of the table is walked by the gate', () => {
  const MOVES = PROPOSAL_STATES.flatMap((state) =>
    PROPOSAL_EVENTS.flatMap((event) => {
      const next = PROPOSAL_TABLE[state][event];
      return next === null ? [] : [[`${state}→${next}`, state, event] as const];
    }),
  );
  const crash = (name: string) => {
    if (name === 'after-grant') throw new Error('crash');
  };
  const submitted = async (harness: GateHarness, over: Parameters<GateHarness['wish']>[0] = {}) => {
    const wanted = harness.wish(over);
    const result = await harness.process('one').gate.submit(wanted);
    return { wanted, result, approval: result.status === 'waiting' ? result.approval : null };
  };
  const resumed = (harness: GateHarness, id: Parameters<GateHarness['stored']>[0], over = {}) =>
    harness.process('two', over).gate.resume(id);

  const LOST = { state: 'unknown' as const, reason: 'lost', duration_ms: 1 };
  const DONE = { state: 'succeeded' as const, status: 200, duration_ms: 1 };
  const lost = (harness: GateHarness, contract: ToolContract) => {
    harness.answer = () => LOST;
    const workflow = { ...harness.wish().workflow, tools: ['book_entry', 'find_entry'] };
    return submitted(harness, { contract, workflow, tools: LEDGER_TOOLS, args: { case_id: 'case-7' } });
  };
  const later = (harness: GateHarness) => {
    harness.clock.advance(3_600_000);
    return harness.process('three').gate.settleDue();
  };
  const learned = async (harness: GateHarness, came: 'happened' | 'did_not_happen') => {
    const { result } = await lost(harness, bookEntry);
    if (result.status !== 'unknown') throw new Error('it is known');
    const { proposals: store, handoffs, writer: audit, clock, execute, people } = harness;
    const history = { succeed: async () => undefined, release: async () => undefined } as never;
    const learn = learnFromPerson({ store, handoffs, audit, clock, history, execution: execute.grants });
    return learn(result.handoff, { came }, 'looked', people.ana.principal);
  };

  const WALKS: Record<string, (harness: GateHarness) => Promise<unknown>> = {
    'proposed→approved': (harness) => submitted(harness, { contract: automatic }),
    'proposed→awaiting_approval': (harness) => submitted(harness),
    'proposed→refused': (harness) => submitted(harness, { contract: testContract({ tier: 4 }) }),
    'awaiting_approval→approved': async (harness) => {
      const { wanted, approval } = await submitted(harness);
      await harness.vote(approval!);
      return resumed(harness, wanted.id);
    },
    'awaiting_approval→denied': async (harness) => {
      const { wanted, approval } = await submitted(harness);
      await harness.vote(approval!, 'ana', 'deny');
      return resumed(harness, wanted.id);
    },
    'awaiting_approval→amended': async (harness) => {
      const { approval } = await submitted(harness);
      const args = { case_id: 'case-7', summary: 'Shorter.' };
      const by = harness.people.ana.principal;
      return harness.process('two').gate.amend(approval!, { args, reason: 'It says too much.', by });
    },
    'awaiting_approval→refused': async (harness) => {
      const { wanted, approval } = await submitted(harness);
      await harness.vote(approval!);
      harness.environment.freezes.push('all');
      return resumed(harness, wanted.id);
    },
    'approved→granted': (harness) => submitted(harness, { contract: automatic }),
    'approved→refused': async (harness) => {
      const facts = () => ({
        name: 'test' as const,
        incident: false,
        maintenance: [],
        outages: [],
        freezes: asked++ > 0 ? ['all'] : [],
      });
      let asked = 0;
      const environment = {
        facts,
        isCurrent: async () => true,
        freshen: async () => undefined,
        refresh: async () => undefined,
      };
      return harness.process('one', { environment }).gate.submit(harness.wish({ contract: automatic }));
    },
    'granted→approved': async (harness) => {
      const wanted = harness.wish({ contract: automatic });
      await harness
        .process('one', { debugpoint: crash })
        .gate.submit(wanted)
        .catch(() => undefined);
      return resumed(harness, wanted.id);
    },
    'granted→succeeded': (harness) => submitted(harness, { contract: automatic }),
    'granted→failed': (harness) => {
      harness.answer = () => ({ state: 'failed', reason: 'no', duration_ms: 1 });
      return submitted(harness, { contract: automatic });
    },
    'granted→unknown': (harness) => {
      harness.answer = () => LOST;
      return submitted(harness, { contract: automatic });
    },
    'granted→settling': (harness) => lost(harness, idempotentEntry),
    'settling→retrying': (harness) => lost(harness, idempotentEntry).then(() => later(harness)),
    'settling→unknown': async (harness) => {
      await lost(harness, idempotentEntry);
      harness.environment.freezes.push('all');
      return later(harness);
    },
    'settling→settling': async (harness) => {
      await lost(harness, queryableEntry);
      return later(harness);
    },
    'settling→succeeded': async (harness) => {
      await lost(harness, queryableEntry);
      harness.answer = () => ({ ...DONE, result: { state: 'booked', entry: 'e-1' } });
      return later(harness);
    },
    'settling→failed': async (harness) => {
      await lost(harness, queryableEntry);
      harness.answer = () => ({ ...DONE, result: { state: 'absent' } });
      for (let round = 0; round < 9; round++) await later(harness);
    },
    'retrying→succeeded': async (harness) => {
      await lost(harness, idempotentEntry);
      harness.answer = () => ({ ...DONE, result: { entry: 'e-1' } });
      return later(harness);
    },
    'retrying→settling': (harness) => lost(harness, idempotentEntry).then(() => later(harness)),
    'retrying→unknown': async (harness) => {
      await lost(harness, idempotentEntry);
      for (let round = 0; round < 9; round++) await later(harness);
    },
    'unknown→succeeded': (harness) => learned(harness, 'happened'),
    'unknown→failed': (harness) => learned(harness, 'did_not_happen'),
  };

  test.each(MOVES)('%s', async (move) => {
    const harness = gateHarness();
    expect(Object.keys(WALKS)).toContain(move);
    await WALKS[move]!(harness);
    expect(harness.moves).toContain(move);
    const allowed = new Set(MOVES.map(([name]) => name as string));
    expect(harness.moves.filter((made) => !allowed.has(made))).toEqual([]);
  });

  test.each<ProposalState>(['refused', 'denied', 'succeeded', 'failed', 'unknown'])(
    '%s stays as it is',
    async (state) => {
      const harness = gateHarness();
      const move = MOVES.map(([name]) => name).find((name) => name.endsWith(`→${state}`))!;
      await WALKS[move]!(harness);
      const before = [...harness.moves];
      const [record] = harness.audit.of('proposal.submitted');
      for (let i = 0; i < 3; i++) await harness.process(`later-${i}`).gate.resume(record!.refs!.proposal!);
      expect(harness.moves).toEqual(before);
    },
  );
});
