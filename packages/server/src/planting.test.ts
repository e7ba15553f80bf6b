import { fixedClock, type Proposal, type RunId, type Tx, type WorkflowContract } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { testProposal } from '@portreeve/execute/testing';
import { expect, test } from 'vitest';
import { commitmentOf, createPlanting, plantingNote } from './planting.ts';
import type { PlantedStore } from './store/planted.ts';

const clock = fixedClock('2026-11-02T09:00:00.000Z');
const CASE = { id: 'too-much', input: { case_id: 'C-1' }, tool: 'publish', args: {}, wrong: 'it says all' };
const who = { ...testProposal(clock).principal, name: 'ana' };

function plantingWith(
  over: { per_thousand?: number; requesters?: string[]; cases?: (typeof CASE)[]; numbers?: number[] } = {},
) {
  const { per_thousand = 100, requesters = ['ana'], cases = [CASE], numbers = [] } = over;
  const audit = memoryAuditWriter();
  const uow = memoryUnitOfWork(audit);
  const planned: { id: string; at: Date }[] = [];
  const planted = new Map<RunId, Parameters<PlantedStore['insert']>[1]>();
  const store: PlantedStore = {
    plan: async (_tx, { id }, at) => void planned.push({ id, at }),
    due: async (now) =>
      planned.filter(({ at }) => at <= now).map(({ id }) => ({ id, workflow: 'incident-summary', case_id: CASE.id })),
    take: async (_tx, id) => {
      const at = planned.findIndex((each) => each.id === id);
      return at >= 0 && planned.splice(at, 1).length === 1;
    },
    insert: async (_tx, run) => void planted.set(run.run, run),
    mark: async () => undefined,
    ofRun: async (run) => (planted.has(run) ? { ...planted.get(run)!, shown: null } : null),
    open: async () => null,
    isPlanted: async (_tx, run) => planted.has(run),
  };
  const errors: string[] = [];
  const planting = createPlanting({
    ...{ store, audit, uow, clock },
    config: { per_thousand, requesters, delay_minutes_max: 30 },
    contractOf: () => ({ planted: cases }) as unknown as WorkflowContract,
    whoIs: async (name) => (name === 'ana' ? who : null),
    log: (_level, message) => void errors.push(message),
    chance: (below) => Math.min(numbers.shift() ?? 0, below - 1),
  });
  return { planting, planned, planted, audit, errors, uow };
}
const sample = ({ planting, uow }: ReturnType<typeof plantingWith>, proposal: Proposal) =>
  uow.transaction((tx) => planting.sample(tx, proposal));

test('H7: one is planned for as many of a thousand real ones as the configuration says, and after a while by chance', async () => {
  const at = plantingWith({ numbers: [99, 600_000, 0, 100] });
  await sample(at, testProposal(clock));
  await sample(at, testProposal(clock));
  expect(at.planned.map((each) => each.at.toISOString())).toEqual(['2026-11-02T09:10:00.000Z']);
});

test('H7: none without a rate, a case, or somebody who knows of it; none for a planted or an amended one', async () => {
  for (const none of [
    plantingWith({ per_thousand: 0 }),
    plantingWith({ cases: [] }),
    plantingWith({ requesters: [] }),
  ]) {
    await sample(none, testProposal(clock));
    expect(none.planned).toEqual([]);
  }
  const at = plantingWith();
  const proposal = testProposal(clock);
  at.planted.set(proposal.run!, {} as never);
  await sample(at, proposal);
  const digest = proposal.digest;
  await sample(at, testProposal(clock, { amends: { proposal: proposal.id, digest, by: [who.id] } }));
  expect(at.planned).toEqual([]);
});

test('H7: what is due is planted once, its record sealed in the transaction that admits its run', async () => {
  const at = plantingWith({ numbers: [0, 0, 0] });
  await sample(at, testProposal(clock));
  const run = testProposal(clock).run!;
  const submitted: unknown[] = [];
  const submit = async (task: unknown, by: unknown, admitted: (tx: Tx, run: RunId) => Promise<void>) => {
    submitted.push([task, by]);
    await at.uow.transaction((tx) => admitted(tx, run));
  };
  await at.planting.plantDue(submit);
  await at.planting.plantDue(submit);
  expect(submitted).toEqual([[{ workflow: 'incident-summary', input: CASE.input }, who]]);
  const { commitment, ...sealed } = at.planted.get(run)!;
  expect(sealed).toMatchObject({ run, case_id: CASE.id, wrong: CASE.wrong });
  expect(commitmentOf(sealed)).toBe(commitment);
  expect(commitmentOf({ ...sealed, nonce: 'other' })).not.toBe(commitment);
  expect(at.audit.of('oversight.planted').map(({ data, refs }) => [data, refs ?? null])).toEqual([
    [{ commitment }, null],
  ]);
});

test('H7: every real run of a workflow with a programme has a seal of the same form, and no other run has one', async () => {
  const at = plantingWith();
  for (let n = 0; n < 2; n++) await at.uow.transaction((tx) => at.planting.admitted(tx, 'incident-summary'));
  const records = at.audit.of('oversight.planted');
  expect(records.map(({ refs, data }) => [refs ?? null, Object.keys(data)])).toEqual([
    [null, ['commitment']],
    [null, ['commitment']],
  ]);
  const commitments = records.map(({ data }) => data.commitment);
  expect(new Set(commitments).size).toBe(2);
  for (const commitment of commitments) expect(commitment).toMatch(/^sha256:[0-9a-f]{64}$/);
  for (const none of [
    plantingWith({ per_thousand: 0 }),
    plantingWith({ cases: [] }),
    plantingWith({ requesters: [] }),
  ]) {
    await none.uow.transaction((tx) => none.planting.admitted(tx, 'incident-summary'));
    expect(none.audit.of('oversight.planted')).toEqual([]);
  }
});

test('H7: what was planned is not planted where the programme has ended: its seal would be the only one', async () => {
  const { planned, planting, errors } = plantingWith({ per_thousand: 0 });
  planned.push({ id: 'left', at: clock.now() });
  await planting.plantDue(() => Promise.reject(new Error('not reached')));
  expect([planned, errors]).toEqual([[], [expect.stringContaining('could not be planted')]]);
});

test('what cannot be planted is said once, and not tried again', async () => {
  const at = plantingWith({ requesters: ['nobody'], numbers: [0, 0, 0] });
  await sample(at, testProposal(clock));
  for (let round = 0; round < 2; round++) await at.planting.plantDue(() => Promise.reject(new Error('not reached')));
  expect(at.errors).toHaveLength(1);
  expect(at.planned).toEqual([]);
});

test('H7: reviewers are told of a programme where there is one', () => {
  const config = { requesters: [], delay_minutes_max: 0 };
  expect(plantingNote({ ...config, per_thousand: 0 })).toBeNull();
  expect(plantingNote({ ...config, per_thousand: 1 })).toContain('never carried out');
});
