/**
 * Where a release stands in the register of an installation (requirement H1). `added`: it is kept, and nothing runs it.
 * `testing` and `staging`: on its way. `pilot`: it serves what a step of its rollout says, beside the one in production.
 * `production`: new runs take it; one of a workflow at the most in either. `retired`: it was in
 * production, or was given up. `barred`: it never starts again.
 */
export const RELEASE_STATES = ['added', 'testing', 'staging', 'pilot', 'production', 'retired', 'barred'] as const;
export type ReleaseState = (typeof RELEASE_STATES)[number];

/**
 * What can happen to a release. `supersede`: another one took its place. `restore`: it is taken back into production.
 * `retire`: it is given up before it came there. `pilot`: it enters the next step of its rollout. `withdraw`: its pilot ends, and
 * the release before goes on.
 */
export const RELEASE_EVENTS = [
  'test',
  'stage',
  'pilot',
  'promote',
  'withdraw',
  'supersede',
  'restore',
  'retire',
  'bar',
] as const;
export type ReleaseEvent = (typeof RELEASE_EVENTS)[number];

/** Where a release came from: a signed bundle that somebody added, or the files that a server was started with. */
export const RELEASE_ORIGINS = ['bundle', 'folder'] as const;
export type ReleaseOrigin = (typeof RELEASE_ORIGINS)[number];
