import { type CallOutcome, isPortreeveError, type ToolContract, UNDO_STATES, UNWIND_STATES } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { type GateHarness, gateHarness } from '../testing/index.ts';
import { bookEntry, cancelEntry, idempotentEntry, LEDGER_TOOLS, testLedger } from '../testing/ledger.ts';
import { UNDO_EVENTS, UNDO_TABLE, UNWIND_EVENTS, UNWIND_TABLE } from './states.ts';

const CUT: CallOutcome = { state: 'unknown', reason: 'the connection broke', duration_ms: 9 };
const NO: CallOutcome = { state: 'failed', status: 409, reason: 'it said no', duration_ms: 1 };

/** A ledger behind the gate; what `fates` names by tool comes in place of what the ledger would do. */
function setUp(options: Parameters<typeof gateHarness>[0] = {}) {
  const harness = gateHarness(options);
  const ledger = testLedger();
  const fates: { [tool: string]: CallOutcome[] } = {};
  harness.answer = (call) => fates[call.contract.name]?.shift() ?? ledger.apply(call);
  const one = harness.process('one');
  const run = harness.wish().run!;
  const workflow = { ...harness.wish().workflow, tools: ['book_entry', 'cancel_entry', 'find_entry', 'send_letter'] };
  const book = async (contract: ToolContract = bookEntry, tools: readonly ToolContract[] = LEDGER_TOOLS) => {
    harness.clock.advance(1000);
    const wanted = harness.wish({ contract, workflow, run, args: { case_id: `case-${contract.name}` }, tools });
    const result = await one.gate.submit(wanted);
    return { id: wanted.id, result, stored: await harness.stored(wanted.id) };
  };
  const by = harness.people.requester.principal;
  return { harness, ledger, fates, ...one, run, book, ask: { by, reason: 'booked in error' } };
}

const openHandoffs = (harness: GateHarness) => harness.handoffs.list({ states: ['open'] });

describe('F10: an undo', () => {
  test('is a proposal of its own: arguments from the call and its result, decided, granted, recorded', async () => {
    const { harness, ledger, undos, book, ask, run } = setUp();
    const { stored, id } = await book();
    const view = await undos.request(stored, ask);
    expect(view).toMatchObject({ state: 'undone', by_proposal: `${id}-u1`, reason: 'booked in error', why: null });
    expect(ledger.effects).toEqual([`book_entry ${id}`, `cancel_entry ${id}-u1`]);
    const undo = await harness.stored(view.by_proposal!);
    expect(undo.proposal).toMatchObject({
      tool: 'cancel_entry',
      run,
      args: { entry: 'e-1', case_id: 'case-book_entry' },
      principal: { id: ask.by.id },
      rationale: expect.stringContaining('booked in error'),
    });
    expect(undo.serves).toEqual({ purpose: 'undo', of: id });
    for (const type of ['proposal.submitted', 'grant.issued', 'execution.intent', 'execution.result'] as const)
      expect(
        harness.audit.of(type).filter(({ refs }) => refs?.proposal === undo.proposal.id),
        type,
      ).toHaveLength(1);
    expect(harness.story().filter((type) => type.startsWith('undo.'))).toEqual(['undo.requested', 'undo.ended:undone']);
    expect(await openHandoffs(harness)).toEqual([]);
  });

  test('D6 INV7: its arguments are as trusted as what they came from', async () => {
    const { harness, undos, book, ask } = setUp();
    const { stored, id } = await book();
    const trusted = await harness.stored((await undos.request(stored, ask)).by_proposal!);
    expect(trusted.proposal.provenance).toEqual([
      { path: '/entry', kind: 'trusted-record', origins: ['tool:book_entry'] },
      { path: '/case_id', kind: 'constant', origins: [] },
    ]);
    // A tool of which nobody said who writes what it returns: its answer is untrusted, and a person looks at the sink.
    const { returns: _, ...unsaid } = bookEntry;
    const other = await book(unsaid);
    const view = await undos.request(other.stored, ask);
    expect(view).toMatchObject({ state: 'requested', approval: expect.stringMatching(/^appr_/) });
    const undo = await harness.stored(view.by_proposal!);
    expect(undo.proposal.influence.integrity).toBe('untrusted');
    expect(undo.proposal.provenance[0]).toMatchObject({ path: '/entry', kind: 'untrusted-document' });
    expect(id).not.toBe(other.id);
  });

  test('C1: policy decides on who asks: whoever may not act may not undo', async () => {
    const { harness, ledger, undos, book } = setUp();
    const { stored } = await book();
    const view = await undos.request(stored, { by: harness.people.ana.principal, reason: 'I say so' });
    expect(view).toMatchObject({ state: 'declined', why: expect.stringMatching(/.+/) });
    expect(ledger.effects).toHaveLength(1);
    expect(await openHandoffs(harness)).toMatchObject([{ kind: 'refused' }]);
  });

  test('double undo is one: twice, and twenty at once in two processes', async () => {
    const { harness, ledger, undos, book, ask } = setUp();
    const { stored } = await book();
    const other = harness.process('two');
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? undos : other.undos).request(stored, ask)),
    );
    await undos.sweep();
    expect(new Set(all.map(({ by_proposal }) => by_proposal)).size).toBe(1);
    expect((await undos.request(stored, ask)).state).toBe('undone');
    expect(ledger.effects).toHaveLength(2);
    expect(harness.audit.of('undo.requested')).toHaveLength(1);
  });

  test('undo of an undo is refused, and says what to do', async () => {
    const { harness, undos, book, ask, ledger } = setUp();
    const { stored } = await book();
    const { by_proposal } = await undos.request(stored, ask);
    const error = await undos.request(await harness.stored(by_proposal!), ask).catch((thrown: unknown) => thrown);
    expect(isPortreeveError(error, 'conflict') && [error.extra.refusal, error.next]).toEqual([
      'undo_of_undo',
      'Propose the action anew.',
    ]);
    expect(harness.audit.of('undo.refused')).toMatchObject([{ outcome: 'undo_of_undo' }]);
    expect(ledger.effects).toHaveLength(2);
  });

  test('within the window and not after it: then it is a hand-off, once', async () => {
    const { harness, undos, book, ask, ledger } = setUp();
    const [early, late] = [await book(), await book()];
    expect(await undos.view(late.stored)).toMatchObject({
      state: 'none',
      until: expect.stringMatching(/^2026-11-20T13:00/),
    });
    harness.clock.advance(59 * 60_000);
    expect(await undos.request(early.stored, ask)).toMatchObject({ state: 'undone' });
    harness.clock.advance(60_001);
    for (let again = 0; again < 2; again++)
      expect(await undos.request(late.stored, ask)).toMatchObject({
        state: 'impossible',
        why: expect.stringContaining('60 minutes'),
      });
    expect(ledger.effects).toHaveLength(3);
    expect(await openHandoffs(harness)).toMatchObject([
      { kind: 'not_undone', proposal: late.id, context: { tool: 'book_entry', result: { entry: 'e-2' } } },
    ]);
  });

  test('what is irreversible is a hand-off', async () => {
    const { harness, undos, book, ask } = setUp();
    const { stored } = await book({ ...bookEntry, tier: 2, undo: 'irreversible' });
    const approval = (await harness.stored(stored.proposal.id)).approval!;
    await harness.vote(approval);
    await harness.process('two').gate.resume(stored.proposal.id);
    const view = await undos.request(await harness.stored(stored.proposal.id), ask);
    expect(view).toMatchObject({ state: 'impossible', until: null, why: expect.stringContaining('irreversible') });
    expect(await openHandoffs(harness)).toMatchObject([{ kind: 'not_undone' }]);
  });

  test('arguments that do not follow from what is recorded are a hand-off and no call', async () => {
    const { harness, undos, book, ask, ledger } = setUp();
    const strict = {
      ...cancelEntry,
      args: {
        ...cancelEntry.args,
        properties: { entry: { type: 'string', pattern: '^x-' }, case_id: { type: 'string' } },
      },
    };
    const { stored } = await book(bookEntry, [strict as ToolContract]);
    expect(await undos.request(stored, ask)).toMatchObject({
      state: 'impossible',
      why: expect.stringContaining('/entry'),
    });
    expect(ledger.effects).toHaveLength(1);
    expect(await openHandoffs(harness)).toMatchObject([{ kind: 'not_undone' }]);
  });

  test.each([
    ['failed', NO, 'not_succeeded'],
    ['unknown', CUT, 'outcome_unknown'],
  ] as const)('of what is %s is refused', async (_state, answer, code) => {
    const { fates, undos, book, ask, harness } = setUp();
    fates.book_entry = [answer];
    const { stored } = await book();
    await expect(undos.request(stored, ask)).rejects.toMatchObject({ code: 'conflict', extra: { refusal: code } });
    expect(harness.audit.of('undo.requested')).toEqual([]);
  });

  test('one that failed did nothing: it may be asked for again', async () => {
    const { fates, undos, book, ask, ledger, harness } = setUp();
    const { stored } = await book();
    fates.cancel_entry = [NO];
    expect(await undos.request(stored, ask)).toMatchObject({ state: 'failed', why: 'it said no' });
    expect(await openHandoffs(harness)).toMatchObject([
      { kind: 'failed_action', context: { undoes: stored.proposal.id } },
    ]);
    expect(await undos.request(stored, ask)).toMatchObject({ state: 'undone' });
    expect(ledger.effects).toHaveLength(2);
  });

  test('INV8: one whose outcome nobody knows is not asked for again, until a person knows', async () => {
    const { fates, undos, book, ask, harness, ledger } = setUp();
    const { stored } = await book();
    fates.cancel_entry = [CUT];
    expect(await undos.request(stored, ask)).toMatchObject({ state: 'unknown' });
    expect(await undos.request(stored, ask)).toMatchObject({ state: 'unknown' });
    await undos.sweep();
    expect(harness.calls).toHaveLength(2);
    const [work] = await openHandoffs(harness);
    expect(work).toMatchObject({ kind: 'unknown_outcome', context: { undoes: stored.proposal.id } });
    const by = harness.process('two');
    const { proposal } = await harness.stored(work!.proposal!);
    await harness.uow.transaction((tx) =>
      harness.proposals.update(tx, proposal, {
        state: 'succeeded',
        outcome: { state: 'succeeded', result: null, duration_ms: 1 },
      }),
    );
    await by.undos.sweep();
    expect(await undos.view(stored)).toMatchObject({ state: 'undone' });
    expect(ledger.effects).toHaveLength(1);
  });

  test('F4: where policy wants people, it waits for them, and goes on after the verdict', async () => {
    const { harness, undos, book, ask, ledger } = setUp();
    const asked = { ...cancelEntry, tier: 3 as const };
    const { stored } = await book(bookEntry, [asked]);
    const { approval, state } = await undos.request(stored, ask);
    expect(state).toBe('requested');
    await undos.sweep();
    expect(ledger.effects).toHaveLength(1);
    await harness.vote(approval!);
    expect(await harness.process('two').undos.sweep()).toEqual([]);
    expect(await undos.view(stored)).toMatchObject({ state: 'undone' });
  });

  test('a no of a person ends it, and it may be asked for again; silence is work for a person', async () => {
    const { harness, undos, book, ask } = setUp();
    const { stored } = await book(bookEntry, [{ ...cancelEntry, tier: 3 as const }]);
    await harness.vote((await undos.request(stored, ask)).approval!, 'ana', 'deny');
    await undos.sweep();
    expect(await undos.view(stored)).toMatchObject({ state: 'declined', why: 'a person said no' });
    expect(await openHandoffs(harness)).toEqual([]);
    expect((await undos.request(stored, ask)).by_proposal).toMatch(/-u2$/);
    harness.clock.advance(61 * 60_000);
    await undos.sweep();
    expect(await undos.view(stored)).toMatchObject({ state: 'declined', why: 'nobody approved it in time' });
    expect(await openHandoffs(harness)).toMatchObject([{ kind: 'not_undone' }]);
  });

  test('F9 J1: a process that dies anywhere in it is followed by another, and it is undone once', async () => {
    for (const point of ['before-grant', 'after-grant', 'before-intent', 'after-result']) {
      const { harness, ledger, book, ask } = setUp();
      const { stored } = await book();
      const crash = (name: string) => {
        if (name === point) throw new Error(`crashed at ${point}`);
      };
      const dying = harness.process('dying', { debugpoint: crash, executorPoint: crash });
      await expect(dying.undos.request(stored, ask)).rejects.toThrow('crashed');
      harness.bury('dying');
      const next = harness.process('next');
      expect(await next.undos.sweep()).toEqual([]);
      expect(await next.undos.view(stored)).toMatchObject({ state: 'undone' });
      expect(ledger.effects, point).toHaveLength(2);
    }
  });

  test('G3: what cannot be recorded is not asked for', async () => {
    const { harness, undos, book, ask, ledger } = setUp();
    const { stored } = await book();
    harness.failAppend(1);
    await expect(undos.request(stored, ask)).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(await undos.view(stored)).toMatchObject({ state: 'none' });
    expect(await undos.request(stored, ask)).toMatchObject({ state: 'undone' });
    expect(ledger.effects).toHaveLength(2);
  });
});

describe('F10: a run is unwound in reverse', () => {
  const letter: ToolContract = { ...bookEntry, name: 'send_letter', tier: 2, undo: 'irreversible' };

  test('latest first, each by an undo of its own; asking twice is asking once', async () => {
    const { ledger, unwindings, run, book, ask, harness } = setUp();
    const made = [await book(), await book(), await book()];
    const [first, again] = await Promise.all([unwindings.begin(run, ask), unwindings.begin(run, ask)]);
    await unwindings.sweep();
    expect(ledger.effects.slice(3)).toEqual(made.toReversed().map(({ id }) => `cancel_entry ${id}-u1`));
    expect(first.number).toBe(again.number);
    expect(await unwindings.get(run)).toMatchObject({ state: 'unwound', left: [], ahead: [], handoff: null });
    expect(harness.audit.of('unwinding.begun')).toHaveLength(1);
    expect(harness.audit.of('unwinding.ended')).toMatchObject([
      { refs: { release: expect.stringMatching(/^sha256:/) }, data: { state: 'unwound', left: [] } },
    ]);
    // Nothing stands any more.
    expect(await unwindings.begin(run, ask)).toMatchObject({ state: 'unwound', number: 1 });
    await expect(unwindings.begin(harness.wish().run!, ask)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('what can never be undone is passed over and listed, and does not keep the rest', async () => {
    const { ledger, unwindings, run, book, ask, harness } = setUp();
    const booked = await book();
    const sent = await book(letter);
    await harness.vote((await harness.stored(sent.id)).approval!);
    await harness.process('two').gate.resume(sent.id);
    const end = await unwindings.begin(run, ask);
    expect(end).toMatchObject({
      state: 'unwound',
      undone: [booked.id],
      left: [{ proposal: sent.id, tool: 'send_letter' }],
    });
    expect(ledger.effects.at(-1)).toBe(`cancel_entry ${booked.id}-u1`);
    expect(await openHandoffs(harness)).toMatchObject([
      {
        kind: 'not_undone',
        run,
        context: { left: [{ tool: 'send_letter', why: expect.stringContaining('irreversible') }] },
      },
    ]);
  });

  test('one that fails stops it: what came before stands, one hand-off lists it, and asking again goes on', async () => {
    const { fates, ledger, unwindings, run, book, ask, harness } = setUp();
    const made = [await book(), await book(), await book()];
    const ledgerDoes = (await harness.process('two').gate.get(made[2]!.id))!;
    expect(ledgerDoes.state).toBe('succeeded');
    // The latest is undone, the one before fails.
    let cancelled = 0;
    const apply = harness.answer;
    harness.answer = (call) => (call.contract.name === 'cancel_entry' && ++cancelled === 2 ? NO : apply(call));
    const stopped = await unwindings.begin(run, ask);
    expect(stopped).toMatchObject({
      state: 'stopped',
      undone: [made[2]!.id],
      left: [
        { proposal: made[1]!.id, why: 'it said no' },
        { proposal: made[0]!.id, why: expect.stringContaining('not reached') },
      ],
    });
    const kinds = (await openHandoffs(harness)).map(({ kind }) => kind).sort();
    expect(kinds).toEqual(['failed_action', 'not_undone']);
    expect(fates).toEqual({});
    await unwindings.sweep();
    expect(ledger.effects).toHaveLength(4);
    expect(await unwindings.begin(run, ask)).toMatchObject({
      state: 'unwound',
      number: 2,
      undone: [made[1]!.id, made[0]!.id],
    });
    expect(ledger.effects).toHaveLength(6);
  });

  test('it waits for the people that an undo waits for, and for an outcome that is being settled', async () => {
    const { unwindings, undos, run, book, ask, harness, fates } = setUp();
    fates.book_entry = [CUT];
    await book(idempotentEntry, [{ ...cancelEntry, tier: 3 as const }]);
    expect(await unwindings.begin(run, ask)).toMatchObject({ state: 'unwinding' });
    harness.clock.advance(3000);
    const next = harness.process('two');
    await next.gate.settleDue();
    await next.unwindings.sweep();
    const [{ proposal } = { proposal: null }] = (await next.unwindings.get(run))!.ahead.map((id) => ({ proposal: id }));
    const { approval } = await undos.view(await harness.stored(proposal!));
    expect(await unwindings.get(run)).toMatchObject({ state: 'unwinding' });
    await harness.vote(approval!);
    await next.unwindings.sweep();
    expect(await unwindings.get(run)).toMatchObject({ state: 'unwound', undone: [proposal] });
  });

  test('an effect of which nobody knows stops it', async () => {
    const { unwindings, run, book, ask, fates, ledger } = setUp();
    await book();
    fates.book_entry = [CUT];
    await book();
    expect(await unwindings.begin(run, ask)).toMatchObject({
      state: 'stopped',
      left: [{ why: expect.stringContaining('not known') }, { why: expect.stringContaining('not reached') }],
    });
    expect(ledger.effects).toHaveLength(1);
  });

  test('F9 J1: a process that dies in it is followed by another; who waits is told once', async () => {
    const told: string[] = [];
    const { unwindings, run, book, ask, harness, ledger } = setUp({ onUnwound: async (_tx, id) => void told.push(id) });
    for (let each = 0; each < 3; each++) await book();
    let left = 3;
    const crash = (name: string) => {
      if (name === 'before-grant' && --left === 0) throw new Error('crashed');
    };
    const dying = harness.process('dying', { debugpoint: crash });
    await expect(dying.unwindings.begin(run, { ...ask, key: 'k' })).rejects.toThrow('crashed');
    harness.bury('dying');
    expect(await unwindings.begin(run, { ...ask, key: 'k' })).toMatchObject({ state: 'unwound', number: 1 });
    expect(ledger.effects).toHaveLength(6);
    expect(new Set(ledger.effects).size).toBe(6);
    expect(told).toEqual([run]);
    // The same asking, repeated after it had ended.
    expect(await unwindings.begin(run, { ...ask, key: 'k' })).toMatchObject({ state: 'unwound', number: 1 });
  });
});

describe('SPEC 28: the tables', () => {
  test('an undo is asked for once until it has ended, and nothing leads on from undone or impossible', () => {
    const into = (state: string) =>
      UNDO_STATES.flatMap((from) =>
        UNDO_EVENTS.filter((event) => UNDO_TABLE[from][event] === state).map((event) => `${from}+${event}`),
      );
    expect(into('requested')).toEqual(['none+request', 'declined+request', 'failed+request']);
    expect(into('undone')).toEqual(['requested+succeed', 'unknown+succeed']);
    expect(into('impossible')).toEqual(['none+exclude', 'declined+exclude', 'failed+exclude']);
    for (const state of ['undone', 'impossible'] as const)
      expect(Object.values(UNDO_TABLE[state]).every((next) => next === null)).toBe(true);
  });

  test('an unwinding moves on only while it is under way', () => {
    for (const state of UNWIND_STATES)
      for (const event of UNWIND_EVENTS)
        expect(UNWIND_TABLE[state][event] === null, `${state}+${event}`).toBe(
          (event === 'begin') === (state === 'unwinding'),
        );
  });
});
