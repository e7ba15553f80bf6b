import {
  type Approval,
  actorOf,
  draft,
  type PasskeyId,
  PortreeveError,
  type Principal,
  type PrincipalId,
  type VerdictStatement,
} from '@portreeve/contract';
import { type RequestOptions, type VerdictWish, verdictChallenge } from './challenges.ts';
import {
  type BegunEnrolment,
  beginEnrolment,
  type EnrolDeps,
  type Enrolment,
  finishEnrolment,
  invite,
} from './enrol.ts';
import type { Passkey } from './ports.ts';

/** People's passkeys (requirement F5). What they sign is in `SPEC.md`. */
export interface Passkeys {
  /** Lets somebody else enrol one passkey. The caller has made sure that `by` is an administrator. */
  invite(account: PrincipalId, by: Principal): Promise<{ code: string; expires_at: string }>;
  beginEnrolment(by: Principal): Promise<BegunEnrolment>;
  /** Throws `refused`, `bad_signature`, `conflict`, `bad_request`; the first three are recorded. */
  finishEnrolment(enrolment: Enrolment, by: Principal): Promise<Passkey>;
  /** Of one account, revoked ones too. */
  of(account: PrincipalId): Promise<Passkey[]>;
  /** Ends a passkey, one's own or (where `any`) anybody's: what it signed and is not yet carried out counts no more. */
  revoke(id: PasskeyId, account: PrincipalId, by: Principal): Promise<void>;
  /** What a passkey of this person is to sign for a verdict. */
  challenge(
    approval: Approval,
    wish: VerdictWish,
    by: Principal,
  ): Promise<{ statement: VerdictStatement; options: RequestOptions }>;
  /** Forgets ceremonies and invitations that are over. */
  forgetOld(): Promise<number>;
}

export function createPasskeys(deps: EnrolDeps): Passkeys {
  const { store, uow, audit, clock } = deps;
  return {
    invite: (account, by) => invite(deps, account, by),
    beginEnrolment: (by) => beginEnrolment(deps, by),
    finishEnrolment: (enrolment, by) => finishEnrolment(deps, enrolment, by),
    of: (account) => store.passkeysOf(account),

    async revoke(id, account, by) {
      const passkey = (await store.passkeysOf(account)).find((each) => each.id === id);
      if (!passkey) throw new PortreeveError('not_found', `There is no passkey ${id} of ${account}.`);
      await uow.transaction(async (tx) => {
        if (!(await store.revokePasskey(tx, id, clock.now().toISOString())))
          throw new PortreeveError('conflict', 'It was revoked before.');
        const why = by.id === account ? ('owner' as const) : ('administrator' as const);
        const data = { account, passkey: id, handle: passkey.handle, why };
        await audit.append(tx, [
          draft({ type: 'identity.passkey_revoked', actor: actorOf(by), outcome: 'revoked', data }),
        ]);
      });
    },

    challenge: (approval, wish, by) => verdictChallenge(deps, approval, wish, by),
    forgetOld: () => uow.transaction((tx) => store.forgetOld(tx, clock.now().toISOString())),
  };
}
