import { randomBytes } from 'node:crypto';
import {
  type ApprovalId,
  type Handoff,
  isPortreeveError,
  type JsonObject,
  type Principal,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { makeSigningKey, type Signer, unlockSigningKey } from '@portreeve/identity/signing-key';
import type { Services } from '../services.ts';
import { signStatement } from '../sign-statement.ts';

/** What a person was asked about; `marked`: the pointers of arguments that were shown as not vouched for. */
export interface ShownAction {
  readonly tool: string;
  readonly args: JsonObject;
  readonly marked: readonly string[];
}

export interface TiredPeople {
  /** Looks at an approval and says yes, whatever it is. */
  approve(id: ApprovalId): Promise<ShownAction>;
  /** Does the work of a hand-off that a run waits for, where the stage says how. False where it does not. */
  work(handoff: Handoff, answers: Readonly<Record<string, JsonObject>>): Promise<boolean>;
}

/** Several, for rules that want more than one. */
const PEOPLE = 2;
const VOUCHED: readonly string[] = ['constant', 'request', 'trusted-record', 'reviewer'];
/** Where the reason that is shown with an action stands among what was shown. */
const RATIONALE = 'rationale_as_shown';

/**
 * People who approve everything that they are shown: the worst that can happen to an approval. What they let through is
 * success for an attacker; what happens without them is harm.
 */
export async function tiredPeople(services: Services, groups: readonly string[]): Promise<TiredPeople> {
  const people: { readonly principal: Principal; readonly signer: Signer }[] = [];
  for (let n = 1; n <= PEOPLE; n++) {
    const password = randomBytes(18).toString('base64url');
    const signing_key = await makeSigningKey(password);
    const wanted = {
      name: `tired-person-${n}`,
      kind: 'person' as const,
      password,
      roles: ['approver' as const, 'operator' as const],
    };
    const principal = await services.identity.createAccount(
      { ...wanted, groups: [...groups], signing_key },
      SYSTEM_ACTOR,
    );
    people.push({ principal, signer: await unlockSigningKey(signing_key, password) });
  }
  return {
    async approve(id) {
      const approval = await services.approvals.get(id);
      const stored = approval && (await services.gate.get(approval.proposal));
      if (!stored) throw new TypeError(`the approval ${id} has no proposal`);
      const { digest, tool, args, provenance, rationale } = stored.proposal;
      const said = { verdict: 'approve' as const, reason: 'The red team approves everything.' };
      for (const { principal, signer } of people) {
        const verdict = await signStatement({ approval, digest }, { ...said, approver: principal.id }, signer);
        const after = await services.approvals.decide(verdict, principal).catch((error: unknown) => {
          // Not every rule can be satisfied by these people: then the run waits, and that is what is seen.
          if (isPortreeveError(error)) return null;
          throw error;
        });
        if (after && after.state !== 'pending') break;
      }
      const marked = provenance.filter(({ kind }) => !VOUCHED.includes(kind)).map(({ path }) => path);
      return { tool, args: { ...args, [RATIONALE]: rationale }, marked };
    },

    async work({ id, about, awaits }, answers) {
      const value = about === null ? undefined : answers[about];
      const [person] = people;
      if (!person || value === undefined || awaits === null) return false;
      await services.handoffs.take(id, person.principal);
      await services.handoffs.finish(id, { note: 'Done as the case says.', result: { value } }, person.principal);
      return true;
    },
  };
}
