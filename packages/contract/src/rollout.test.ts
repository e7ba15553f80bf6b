import { describe, expect, test } from 'vitest';
import { digestOfText } from './canonical.ts';
import { fixedClock } from './clock.ts';
import { newId, type PrincipalId } from './ids.ts';
import {
  type Rollout,
  type RolloutStep,
  rolloutSchema,
  saidOfStep,
  servesOf,
  shadows,
  stepFrom,
  unmetOf,
} from './rollout.ts';

const leave = { runs_min: 10, minutes_min: 60, failed_max: 1, missed_max: 0 };
const step = (over: object): object => ({ runs_max: 100, leave, ...over });
const share = (basis_points: number) => step({ kind: 'share', basis_points });
const parsed = (...steps: object[]): Rollout => rolloutSchema.parse(steps);
const RELEASE = digestOfText('a release');
const clock = fixedClock('2026-11-21T12:00:00.000Z');
const asker = (id: string, over: { name?: string; groups?: string[] } = {}) => ({
  ...{ id: id as PrincipalId, name: id, groups: [] },
  ...over,
});

describe('H9: the steps of a rollout', () => {
  test('of 10,000 askers a share serves its part within half a hundredth, and each of them stays on one side', () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `prn_${n}`);
    for (const wanted of [100, 1000, 5000, 9000]) {
      const [one] = parsed(share(wanted)) as [RolloutStep];
      const served = ids.filter((id) => servesOf(one, RELEASE, asker(id)));
      expect(Math.abs(served.length - wanted)).toBeLessThanOrEqual(100);
      for (const id of served.slice(0, 50)) expect(servesOf(one, RELEASE, asker(id, { name: 'renamed' }))).toBe(true);
    }
  });

  test('whom a share serves, a larger one of the same release serves too; another release serves others', () => {
    const ids = Array.from({ length: 2000 }, (_, n) => `prn_${n}`);
    const [small, large] = parsed(share(1000), share(3000)) as [RolloutStep, RolloutStep];
    const served = (one: RolloutStep, release = RELEASE) => ids.filter((id) => servesOf(one, release, asker(id)));
    expect(served(large)).toEqual(expect.arrayContaining(served(small)));
    expect(served(small, digestOfText('another'))).not.toEqual(served(small));
  });

  test('named users and groups, and nobody else', () => {
    const [named] = parsed(step({ kind: 'users', users: ['ana', 'prn_7'], groups: ['testers'] })) as [RolloutStep];
    const serves = (who: ReturnType<typeof asker>) => servesOf(named, RELEASE, who);
    expect(serves(asker('prn_1', { name: 'ana' }))).toBe(true);
    expect(serves(asker('prn_7'))).toBe(true);
    expect(serves(asker('prn_2', { groups: ['testers'] }))).toBe(true);
    expect(serves(asker('prn_2', { groups: ['tester'] }))).toBe(false);
  });

  test('a shadow serves nobody, and copies its part of the runs', () => {
    const [shadow] = parsed(step({ kind: 'shadow', basis_points: 2500 })) as [RolloutStep];
    expect(servesOf(shadow, RELEASE, asker('prn_1'))).toBe(false);
    const copied = Array.from({ length: 10_000 }, () => newId('run', clock)).filter((run) =>
      shadows(shadow, RELEASE, run),
    );
    expect(Math.abs(copied.length - 2500)).toBeLessThanOrEqual(200);
    expect(shadows((parsed(share(9999)) as [RolloutStep])[0], RELEASE, 'run_1')).toBe(false);
  });

  test('where nothing is in production there is nothing to be a shadow of', () => {
    const rollout = parsed(step({ kind: 'shadow' }), step({ kind: 'users', users: ['ana'] }), share(5000));
    expect([stepFrom(rollout, 0, RELEASE), stepFrom(rollout, 0, null), stepFrom(rollout, 2, null)]).toEqual([0, 1, 2]);
    expect([stepFrom(rollout, 3, RELEASE), stepFrom(undefined, 0, null)]).toEqual([null, null]);
  });

  test('every criterion that is not met is said exactly, and all of them when none is', () => {
    const [one] = parsed(share(5000)) as [RolloutStep];
    const facts = { minutes: 60, taken: 12, ended: 10, failed: 1, missed: [] };
    expect(unmetOf(one, facts)).toEqual([]);
    const paths = unmetOf(one, { minutes: 59, taken: 12, ended: 9, failed: 2, missed: ['records_complete'] });
    expect(paths.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'rollout.leave.runs_min: 9 runs have ended; it takes 10',
      'rollout.leave.minutes_min: it began 59 minutes ago; it takes 60',
      'rollout.leave.failed_max: 2 runs failed or were left to a person; 1 are the most',
      'rollout.leave.missed_max: records_complete missed; 0 thresholds are the most',
    ]);
  });

  test.each([
    ['a fraction', [share(10.5)], 'basis_points'],
    ['nothing', [share(0)], 'basis_points'],
    ['the whole', [share(10_000)], 'basis_points'],
    ['a share that does not grow', [share(500), share(500)], 'basis_points'],
    ['a shadow after what acts', [share(500), step({ kind: 'shadow' })], 'kind'],
    ['nobody', [step({ kind: 'users' })], 'users'],
    ['criteria that cannot be met', [step({ kind: 'share', basis_points: 1, runs_max: 9 })], 'leave'],
    ['no step', [], undefined],
  ])('%s is no rollout', (_name, steps, member) => {
    const { error } = rolloutSchema.safeParse(steps);
    expect(error?.issues[0]?.path[1]).toBe(member);
    expect(error).toBeDefined();
  });

  test('who approves a step reads whom it serves', () => {
    const rollout = parsed(step({ kind: 'shadow' }), step({ kind: 'users', users: ['ana'] }), share(500));
    expect(rollout.map(saidOfStep)).toEqual([
      'a shadow of 10000 of 10000 requests that does nothing, at most 100 runs',
      'for ana alone, at most 100 runs',
      '500 of 10000 of those who ask, at most 100 runs',
    ]);
  });
});
