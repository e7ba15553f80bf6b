import { executableOf, type ProposalId, type RunId } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PlantedRuns, plantingGate } from './planted.ts';
import { gateHarness } from './testing/index.ts';

const CASE = {
  id: 'too-much',
  input: {},
  tool: 'publish_case_summary',
  args: { summary: 'Everything.' },
  wrong: 'it says all',
};

/** A run that is planted, on a gate that has where to mark it. */
function plantedHarness() {
  const harness = gateHarness();
  const marked = new Map<ProposalId, boolean>();
  const { gate } = harness.process('one', {
    planted: { mark: async (_tx, proposal, _run, shown) => void marked.set(proposal, shown) },
  });
  const wanted = harness.wish();
  const shown = () => [...marked].find(([, each]) => each)?.[0] ?? null;
  const runs: PlantedRuns = {
    ofRun: async (run: RunId) => (run === wanted.run ? { case: CASE, shown: shown() } : null),
  };
  return { harness, marked, wanted, gate: plantingGate(gate, runs) };
}
const waiting = async (at: ReturnType<typeof plantedHarness>) => {
  const result = await at.gate.submit(at.wanted);
  if (result.status !== 'waiting') throw new Error(result.status);
  return result.approval;
};

describe('H7: a planted proposal', () => {
  test('is that of its run with the arguments of the case, and is asked about like any other', async () => {
    const at = plantedHarness();
    const approval = await waiting(at);
    const stored = await at.harness.stored(at.wanted.id);
    expect(stored).toMatchObject({ planted: true, state: 'awaiting_approval', approval });
    expect(stored.proposal.args).toEqual({ case_id: 'case-7', summary: 'Everything.' });
    expect([...at.marked]).toEqual([[at.wanted.id, true]]);
    const real = gateHarness();
    const asked = real.wish();
    const other = await real.process('one').gate.submit(asked);
    if (other.status !== 'waiting') throw new Error(other.status);
    const keys = (row: object) => Object.keys(row).sort();
    expect(keys((await at.harness.approvals.get(approval))!)).toEqual(
      keys((await real.approvals.get(other.approval))!),
    );
    expect(keys(stored.proposal)).toEqual(keys((await real.stored(asked.id)).proposal));
    expect(at.harness.story()).toEqual(real.story());
  });

  test('INV1: approved by everybody it asks, nothing is granted, nothing is called, and no work is left to a person', async () => {
    const at = plantedHarness();
    await at.harness.vote(await waiting(at));
    const result = await at.gate.resume(at.wanted.id);
    if (result.status !== 'refused') throw new Error(result.status);
    expect(result.decision).toMatchObject({ outcome: 'refuse', reasons: [{ text: 'It is not carried out.' }] });
    expect(JSON.stringify(result)).not.toMatch(/plant|too-much|it says all/i);
    expect(at.harness.calls).toEqual([]);
    expect(at.harness.audit.of('grant.issued')).toEqual([]);
    expect(at.harness.audit.of('handoff.opened')).toEqual([]);
  });

  test('by its type no grant can be asked for it, and the only way there throws', async () => {
    const at = plantedHarness();
    await waiting(at);
    const stored = await at.harness.stored(at.wanted.id);
    expect(() => executableOf(stored)).toThrow(/never be carried out/);
    const { grants } = at.harness.execute;
    // @ts-expect-error a proposal as it is stored is not executable: this line would compile if the type did not hold
    const wish: Parameters<typeof grants.issueGrant>[1]['proposal'] = stored.proposal;
    expect(wish).toBe(stored.proposal);
  });

  test('what policy would let go unasked is refused in silence, and so is whatever else its run wishes', async () => {
    const at = plantedHarness();
    const automatic = testContract({
      tier: 1,
      effect: 'write',
      undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
    });
    expect(await at.gate.submit({ ...at.wanted, contract: automatic })).toMatchObject({ status: 'refused' });
    const next = plantedHarness();
    await waiting(next);
    const later = next.harness.wish({ run: next.wanted.run });
    expect(await next.gate.submit(later)).toMatchObject({ status: 'refused' });
    expect([...next.marked]).toEqual([
      [next.wanted.id, true],
      [later.id, false],
    ]);
    for (const { harness } of [at, next]) {
      expect(harness.calls).toEqual([]);
      expect(harness.audit.of('handoff.opened')).toEqual([]);
    }
  });

  test('without a place for the mark nothing is planted', async () => {
    const harness = gateHarness();
    const gate = harness.process('one').gate;
    const wanted = harness.wish({ planted: { shown: true } });
    await expect(gate.submit(wanted)).rejects.toThrow(/cannot be marked/);
    expect(await harness.proposals.get(wanted.id)).toBeNull();
  });

  test('INV1 INV8: whatever is done with it, in whatever order, no grant is made and no tool is called', async () => {
    const steps = fc.array(
      fc.constantFrom(
        'submit',
        'resume',
        'approve-ana',
        'approve-bo',
        'deny',
        'amend-ana',
        'amend-bo',
        'raw',
        'wait',
        'settle',
        'tamper',
      ),
      { minLength: 1, maxLength: 14 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const at = plantedHarness();
        const { harness } = at;
        let count = 0;
        const pending = async () => {
          const [approval] = await harness.approvals.list({ state: 'pending' });
          return approval?.id ?? null;
        };
        const refused = (work: Promise<unknown>) =>
          work.catch((error: unknown) => void expect(error).toBeInstanceOf(Error));
        await waiting(at);
        for (const step of sequence) {
          const id = await pending();
          if (step === 'submit') await refused(at.gate.submit(at.wanted));
          if (step === 'resume') await refused(at.gate.resume(at.wanted.id));
          if (step === 'raw') await refused(harness.process('two').gate.submit(at.wanted));
          if (step === 'settle') await refused(at.gate.settleDue());
          if (step === 'wait') harness.clock.advance(31 * 60_000);
          if (id && step.startsWith('approve')) await refused(harness.vote(id, step === 'approve-ana' ? 'ana' : 'bo'));
          if (id && step === 'deny') await refused(harness.vote(id, 'bo', 'deny'));
          if (id && step.startsWith('amend')) {
            const by = harness.people[step === 'amend-ana' ? 'ana' : 'bo'].principal;
            await refused(
              at.gate.amend(id, {
                args: { case_id: 'case-7', summary: `${++count}` },
                reason: 'It says too much.',
                by,
              }),
            );
          }
          // Somebody with the database sets the state by hand, as if it had been approved long ago.
          if (step === 'tamper') {
            const { proposal } = await harness.stored(at.wanted.id);
            await harness.uow.transaction((tx) => harness.proposals.update(tx, proposal, { state: 'approved' }));
          }
          expect(harness.calls).toEqual([]);
          expect(harness.audit.of('grant.issued')).toEqual([]);
        }
      }),
      { numRuns: 120 },
    );
  });
});

describe('H9: what a shadow wishes', () => {
  const SHADOW = { shadow: true as const };
  const automatic = testContract({
    tier: 1,
    effect: 'write',
    undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
  });

  test('is decided and recorded as any wish is; permitted or not, nobody is asked and nothing is granted', async () => {
    for (const [contract, outcome] of [
      [automatic, 'permit'],
      [testContract(), 'approve'],
    ] as const) {
      const harness = gateHarness();
      const wanted = harness.wish({ ...SHADOW, contract });
      const result = await harness.process('one').gate.submit(wanted);
      if (result.status !== 'refused') throw new Error(result.status);
      expect(result.decision.reasons).toMatchObject([{ text: expect.stringContaining(`Policy says ${outcome}`) }]);
      expect(harness.audit.of('decision.made')).toMatchObject([{ outcome }]);
      expect(await harness.approvals.list({ state: 'pending' })).toEqual([]);
      for (const type of ['approval.requested', 'grant.issued', 'handoff.opened', 'notice.posted'] as const)
        expect(harness.audit.of(type), type).toEqual([]);
      expect(harness.calls).toEqual([]);
      expect(() => executableOf({ planted: false, ...SHADOW, proposal: {} as never })).toThrow(/never be carried out/);
    }
  });

  test('INV1: a model that wishes for anything in any order, and a state set by hand, get nothing done', async () => {
    const steps = fc.array(fc.constantFrom('submit', 'again', 'resume', 'settle', 'tamper', 'later'), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const harness = gateHarness();
        const { gate } = harness.process('one');
        const wanted = harness.wish({ ...SHADOW, contract: automatic });
        const tried = (work: Promise<unknown>) =>
          work.catch((error: unknown) => void expect(error).toBeInstanceOf(Error));
        await gate.submit(wanted);
        for (const step of sequence) {
          if (step === 'submit') await tried(gate.submit(harness.wish({ ...SHADOW, contract: automatic })));
          if (step === 'again') await tried(gate.submit(wanted));
          if (step === 'resume') await tried(gate.resume(wanted.id));
          if (step === 'settle') await tried(gate.settleDue());
          if (step === 'later') harness.clock.advance(31 * 60_000);
          if (step === 'tamper') {
            const { proposal } = await harness.stored(wanted.id);
            await harness.uow.transaction((tx) => harness.proposals.update(tx, proposal, { state: 'approved' }));
          }
          expect(harness.calls).toEqual([]);
          expect(harness.audit.of('grant.issued')).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
