import { PortreeveError, type ReleaseEvent, type ReleaseState, type StateTable, step } from '@portreeve/contract';

const no = {
  test: null,
  stage: null,
  pilot: null,
  promote: null,
  withdraw: null,
  supersede: null,
  restore: null,
  retire: null,
  bar: 'barred',
} as const;

/** INVARIANT: nothing leads out of `barred`, and nothing but `promote` and `restore` into production. */
export const RELEASE_TABLE: StateTable<ReleaseState, ReleaseEvent> = {
  added: { ...no, test: 'testing', retire: 'retired' },
  testing: { ...no, stage: 'staging', retire: 'retired' },
  // Which of the two it may is for its rollout to say.
  staging: { ...no, pilot: 'pilot', promote: 'production', retire: 'retired' },
  pilot: { ...no, pilot: 'pilot', promote: 'production', withdraw: 'retired' },
  production: { ...no, supersede: 'retired' },
  // Whether it was in production once is asked besides: what was given up before goes the whole way.
  retired: { ...no, test: 'testing', restore: 'production' },
  barred: { ...no, bar: null },
};

/** Throws `conflict` where the event cannot happen to a release in this state. */
export function nextRelease(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  const next = step(RELEASE_TABLE, state, event);
  if (next === null)
    throw new PortreeveError('conflict', `A release that is ${state} cannot ${event}.`, {
      next: 'Look where it stands: `portreeve release show`.',
    });
  return next;
}
