import { digestOf, fixedClock, SYSTEM_ACTOR, type WorkflowContract } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import type { EnvironmentService } from '@portreeve/gate';
import { moveChange, openChange, touchedBy } from '@portreeve/govern';
import { CONTRACT, memoryChangeStore } from '@portreeve/govern/testing';
import { expect, test } from 'vitest';
import { suspendUnreviewed } from './suspend.ts';

function setUp(contracts: readonly WorkflowContract[]) {
  const changes = memoryChangeStore();
  const uow = memoryUnitOfWork(changes);
  const clock = fixedClock('2026-11-21T12:00:00.000Z');
  let frozen: string[] = [];
  const reasons: string[] = [];
  const environment = {
    current: () => frozen.map((target) => ({ subject: `freeze:${target}` })),
    suspend: async (target: string, reason: string) => {
      frozen.push(target);
      reasons.push(reason);
      return true;
    },
  } as unknown as EnvironmentService;
  const opened = (kind: 'model' | 'configuration') =>
    uow.transaction((tx) =>
      openChange({ changes, clock }, tx, {
        ...{ kind, subject: kind, from: null, to: digestOf(kind), touched: touchedBy(contracts), pieces: [] },
        ...{ reason: 'a test', actor: SYSTEM_ACTOR },
      }),
    );
  const approve = async () => {
    const [change] = await changes.unreviewed();
    await uow.transaction((tx) =>
      moveChange({ changes, clock }, tx, { change: change!, event: 'approve', reason: 'yes', actor: SYSTEM_ACTOR }),
    );
  };
  const look = () => suspendUnreviewed({ changes, contracts: () => contracts, environment });
  const thaw = () => {
    frozen = [];
  };
  return { opened, approve, look, thaw, reasons, frozen: () => frozen };
}

const suspending: WorkflowContract = { ...CONTRACT, name: 'careful', unreviewed_model: 'suspend' };

test('H2: a workflow that says so is frozen while a model answers by a version that nobody has agreed to', async () => {
  const { opened, look, frozen, reasons, thaw, approve } = setUp([CONTRACT, suspending]);
  await opened('configuration');
  await look();
  expect(frozen()).toEqual([]);
  await opened('model');
  await look();
  await look();
  expect(frozen()).toEqual(['workflow:careful']);
  expect(reasons).toEqual([expect.stringMatching(/^Suspended as its contract says: .*portreeve changes approve chg_/)]);
  // Before it is agreed to, a thaw holds until the next look.
  thaw();
  await look();
  expect(frozen()).toEqual(['workflow:careful']);
  await approve();
  await approve();
  thaw();
  await look();
  expect(frozen()).toEqual([]);
});

test('H2: a workflow that does not say so goes on', async () => {
  const { opened, look, frozen } = setUp([CONTRACT, { ...CONTRACT, name: 'other', unreviewed_model: 'record' }]);
  await opened('model');
  await look();
  expect(frozen()).toEqual([]);
});
