import {
  type Clock,
  type GrantClaims,
  type GrantId,
  grantClaimsSchema,
  PortreeveError,
  type ToolContract,
} from '@portreeve/contract';
import type { Executed, ExecuteInput, ExecuteStore, Recovery } from '@portreeve/execute';
import type { ExecutionService } from '@portreeve/gate';
import type { Dispatches } from '../store/dispatches.ts';
import type { ExecutorsAlive } from './executors-alive.ts';
import { pauseFor } from './pause.ts';

export interface DispatchExecution extends Pick<ExecutionService, 'recover'> {
  /** Has an executor use the grant. Throws `grant_expired` where none did in its time. */
  execute(input: ExecuteInput): Promise<Executed>;
  /** Something became of a grant (`EXECUTED_CHANNEL`); an empty text: look at all. */
  heard(grant: string): void;
  /** Removes what nobody waits for any more. */
  tidy(): Promise<void>;
}

/** Looked at all the same, should nobody tell. */
const LOOK_EVERY_MS = 500;
/** Clocks of two machines differ by a little: a grant is not taken back while its executor may hold it for good. */
const SKEW_MS = 5000;
/** What an execution takes besides the call itself: its credential, its records. */
const BESIDES_MS = 60_000;
const TIDY_AFTER_MS = 600_000;

/**
 * The gate's way to executors that run apart. The grant goes through the database; the execution that its use makes, with
 * its outcome, is what is waited for. Nothing is sent twice: a grant that was not used in its time is taken back, and the
 * gate decides anew.
 */
export function dispatchExecution(deps: {
  readonly dispatches: Dispatches;
  readonly store: Pick<ExecuteStore, 'execution'>;
  readonly recovery: Pick<Recovery, 'recoverGrant'>;
  readonly executors: ExecutorsAlive;
  readonly dead: (instance: string) => Promise<boolean>;
  readonly clock: Clock;
  /** Resolves after so many milliseconds, or as soon as `wake` is called. */
  readonly pause?: (ms: number, wake: (call: () => void) => void) => Promise<void>;
}): DispatchExecution {
  const { dispatches, store, recovery, executors, dead, clock, pause = pauseFor } = deps;
  const waiting = new Map<string, () => void>();

  /** Its outcome, where it has one; null while it must be waited for. Throws where the grant was not used. */
  async function look(claims: GrantClaims, contract: ToolContract): Promise<Executed | null> {
    const { jti: grant, cnf } = claims;
    const now = clock.now().getTime();
    const execution = await store.execution(grant);
    if (execution?.outcome) return { execution: execution.id, outcome: execution.outcome };
    if (!execution) {
      const kept = await dispatches.look(grant);
      if (kept?.refusal && !(await store.execution(grant)))
        throw new PortreeveError(kept.refusal.code, kept.refusal.detail);
      const over = now > claims.exp * 1000 + SKEW_MS;
      if (!over && !(await lost(cnf.jkt, kept?.taken_by ?? null))) return null;
    }
    const found = await recovery.recoverGrant(grant, { dead });
    if (found.state === 'ended') return { execution: found.execution, outcome: found.outcome };
    if (found.state === 'unused')
      throw new PortreeveError('grant_expired', 'No executor has used the grant in its time.', {
        next: 'See that an executor runs (`portreeve serve --role=executor`), then try again.',
      });
    if (execution && now > Date.parse(execution.started_at) + contract.timeout_ms + BESIDES_MS)
      throw new PortreeveError('unavailable', 'The executor lives, and does not say how the call ended.', {
        next: 'Look at the executor; the proposal is carried on as soon as its execution has ended.',
      });
    return null;
  }

  /** Nobody will use it: its taker is dead, or its executor is, while another one could. */
  async function lost(jkt: string, taken_by: string | null): Promise<boolean> {
    if (taken_by !== null) return dead(taken_by);
    const alive = await executors.alive();
    return alive.length > 0 && !alive.includes(jkt);
  }

  return {
    async execute({ token, proposal, contract }) {
      const claims = claimsOf(token);
      const { jti: grant, cnf } = claims;
      await dispatches.send({
        ...{ grant, token, proposal: proposal.id, executor: cnf.jkt },
        expires_at: new Date(claims.exp * 1000),
      });
      try {
        for (;;) {
          const told = pause(LOOK_EVERY_MS, (call) => waiting.set(grant, call));
          const ended = await look(claims, contract);
          if (ended) return ended;
          await told;
        }
      } finally {
        waiting.get(grant)?.();
        waiting.delete(grant);
        // What stays is removed by `tidy`; a token in it is of a grant that is spent, taken back or over.
        await dispatches.remove(grant).catch(() => undefined);
      }
    },
    async recover(grant: GrantId) {
      const found = await recovery.recoverGrant(grant, { dead });
      if (found.state !== 'running') await dispatches.remove(grant);
      return found;
    },
    heard(grant) {
      if (grant === '') for (const wake of waiting.values()) wake();
      else waiting.get(grant)?.();
    },
    tidy: () => dispatches.tidy(new Date(clock.now().getTime() - TIDY_AFTER_MS)),
  };
}

/** What our own gatekeeper has just signed; whoever uses it verifies it. */
function claimsOf(token: string): GrantClaims {
  const [, payload = ''] = token.split('.');
  return grantClaimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
}
