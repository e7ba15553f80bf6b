import { ANONYMOUS_ACTOR, type AuditWriter, draft, type UnitOfWork } from '@portreeve/contract';

/** Why a token or a sign-in is refused: for the record and the operator, never for its sender. */
export const REFUSALS = [
  'too_large',
  'malformed',
  'too_deep',
  'header',
  'type',
  'algorithm',
  'key_unknown',
  'key_ambiguous',
  'keys_unavailable',
  'signature',
  'issuer',
  'audience',
  'expired',
  'not_yet_valid',
  'too_long_lived',
  'claims',
  'subject',
  'no_rule',
  'replayed',
  'revoked',
  'environment',
  'account',
  'not_begun',
  'other_browser',
  'provider_error',
  'provider_unavailable',
  'group_claim',
  'no_role',
  'local_accounts_off',
  'credential',
  'may_act',
  'scope',
  'chain_too_long',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Thrown inside this package alone; at its edge it becomes an error that does not say why. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: Refusal;
  /** The rule, issuer or account that it is about, as we name it: never text of the sender. */
  readonly about: string | null;

  constructor(reason: Refusal, options: { about?: string | null; cause?: unknown } = {}) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.about = options.about ?? null;
  }
}

export async function recordRefused(
  deps: { uow: UnitOfWork; audit: AuditWriter },
  way: 'local' | 'oidc' | 'workload' | 'access_token' | 'exchange',
  refused: Refused,
): Promise<void> {
  await deps.audit.record([
    draft({
      type: 'identity.refused',
      actor: ANONYMOUS_ACTOR,
      outcome: 'refuse',
      data: { way, reason: refused.reason, about: refused.about?.slice(0, 256) ?? null },
    }),
  ]);
}
