import {
  type Digest,
  digestOfText,
  fixedClock,
  newId,
  type RunId,
  rolloutSchema,
  type UnitOfWork,
} from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PilotStore } from '../pilot/ports.ts';

export interface PilotStoreHarness {
  readonly store: PilotStore;
  readonly uow: UnitOfWork;
  /** What a store needs before a release can be in a pilot, and a run be counted. */
  release(release: Digest, workflow: string): Promise<void>;
  run(run: RunId, ending: 'completed' | 'failed' | 'handed_off' | null): Promise<void>;
  close?(): Promise<void>;
}

const clock = fixedClock('2026-11-21T12:00:00.000Z');
const leave = { runs_min: 1, minutes_min: 0, failed_max: 0 };
const ROLLOUT = rolloutSchema.parse([
  { kind: 'shadow', runs_max: 100, leave },
  { kind: 'share', basis_points: 500, runs_max: 3, leave },
]);
let counter = 0;

/** What every {@link PilotStore} promises. */
export function pilotStoreContract(name: string, make: () => Promise<PilotStoreHarness>): void {
  describe(`H9: pilot store: ${name}`, () => {
    let harness: PilotStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    const enter = async (release: Digest, workflow: string, index: number) => {
      const step = { release, workflow, rollout: ROLLOUT, index, entered_at: clock.now().toISOString() };
      await harness.uow.transaction((tx) => harness.store.enter(tx, step));
      return { ...step, taken: 0 };
    };
    const tried = async (workflow: string, index: number) => {
      const release = digestOfText(`pilot ${++counter}`);
      await harness.release(release, workflow);
      return { release, step: await enter(release, workflow, index) };
    };
    const count = async (release: Digest, ending: Parameters<PilotStoreHarness['run']>[1] = null) => {
      const run = newId('run', clock);
      await harness.run(run, ending);
      await harness.uow.transaction((tx) => harness.store.count(tx, release, run));
    };

    test('a step is entered, left for the next one, and left for good', async () => {
      const { release, step } = await tried('one', 0);
      expect(await harness.store.get(release)).toEqual(step);
      await count(release);
      expect((await harness.store.get(release))?.taken).toBe(1);
      clock.advance(60_000);
      const next = await enter(release, 'one', 1);
      expect(await harness.store.get(release)).toEqual(next);
      expect(await harness.store.runs(release)).toEqual({ ended: 0, failed: 0 });
      expect(await harness.store.open()).toContainEqual(next);
      await harness.uow.transaction((tx) => harness.store.leave(tx, release, clock.now().toISOString()));
      expect(await harness.store.get(release)).toBeNull();
      expect(await harness.uow.transaction((tx) => harness.store.lock(tx, release))).toBeNull();
      expect(await harness.store.tried('one')).toEqual([release]);
      expect(await harness.store.tried('nothing')).toEqual([]);
    });

    test('it takes no more than it may, however many ask at once', async () => {
      const { release } = await tried('full', 1);
      const asked = await Promise.allSettled(Array.from({ length: 8 }, () => count(release)));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      expect((await harness.store.get(release))?.taken).toBe(3);
    });

    test('how its runs have ended is known of the step that it is in', async () => {
      const { release } = await tried('ended', 0);
      for (const ending of ['completed', 'failed', 'handed_off', null, 'completed'] as const)
        await count(release, ending);
      expect(await harness.store.runs(release)).toEqual({ ended: 4, failed: 2 });
    });
  });
}
