import type { ProjectConfig } from '@portreeve/contract';

type Configured = Pick<ProjectConfig, 'environment' | 'identity'>;

/** Whether people may sign in by a password of this house (requirement B1). */
export const allowsLocalAccounts = ({ environment, identity }: Configured): boolean =>
  environment !== 'production' || identity.local_accounts === 'allow';

/** Whether the first start makes accounts by itself: where people come from a provider, only if the configuration says so. */
export const makesLocalAccounts = ({ environment, identity }: Configured): boolean =>
  identity.local_accounts === 'allow' || (environment !== 'production' && identity.oidc.length === 0);

/** No refusal: workloads may be all that asks, and their rules or tokens may be all that is wanted. */
export const nobodySignsIn = (config: Configured): boolean =>
  !allowsLocalAccounts(config) && config.identity.oidc.length === 0;

export const NOBODY_SIGNS_IN =
  'Nobody can sign in: there is no identity provider, and local accounts are off in production.';
export const LET_SOMEBODY_IN =
  "Name a provider under `identity.oidc` in portreeve.config.ts (docs/guides/identity.md), or set `identity: { local_accounts: 'allow' }`.";
