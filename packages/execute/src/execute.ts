import type { KeyObject } from 'node:crypto';
import {
  type AuditWriter,
  actorOf,
  type CallOutcome,
  type Clock,
  type ExecutionId,
  fieldErrors,
  type GrantClaims,
  isPortreeveError,
  newId,
  PortreeveError,
  type Proposal,
  proposalSchema,
  step,
  type ToolContract,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import type { JSONWebKeySet } from 'jose';
import type { Debugpoint } from './debugpoint.ts';
import { DEFAULT_WORKLOAD } from './grant-limits.ts';
import { grantRefs } from './grant-refs.ts';
import { intentRecord, refusalRecord, resultRecord } from './outcome.ts';
import type { Connector, ExecuteStore, StoredExecution } from './ports.ts';
import { createProver } from './prove.ts';
import { createRecovery, type Recovery } from './recover.ts';
import { type Credentials, CredentialUnavailable } from './secrets/credentials.ts';
import { mentions } from './secrets/mentions.ts';
import { outcomeOf, settleIn } from './settle.ts';
import { GRANT_TABLE } from './states.ts';
import { verifiedCall } from './verified-call.ts';
import { createGrantCheck } from './verify-grant.ts';

export interface ExecutorOptions {
  /** Public keys of the gatekeeper, from {@link GrantIssuer.jwks}. */
  readonly jwks: JSONWebKeySet;
  readonly issuer: string;
  readonly environment: string;
  readonly store: ExecuteStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  /** One connector for each kind of binding. */
  readonly connectors: { readonly [Kind in ToolContract['binding']['connector']]: Connector };
  readonly credentials: Credentials;
  /** This executor's own key, Ed25519: grants are bound to it. */
  readonly key: KeyObject;
  readonly clock: Clock;
  /** The name of this process: unique among all that ever ran on this database. */
  readonly instance: string;
  /** Who this executor is for the `req_wl` claim. */
  readonly workload?: string;
  readonly debugpoint?: Debugpoint;
}

export interface ExecuteInput {
  readonly token: string;
  /** The proposal that will be executed. It is checked against the grant; nothing in it is believed. */
  readonly proposal: Proposal;
  readonly contract: ToolContract;
  /** Cancels: nothing is called if it comes in time, otherwise the outcome is `unknown`. */
  readonly signal?: AbortSignal;
}

export interface Executed {
  readonly execution: ExecutionId;
  readonly outcome: CallOutcome;
}

/** A grant that is made, and what depends on the result of its use, each in the transaction of the use itself. */
export interface Granted {
  /** Makes the grant and says for what; null: there is none, and nothing is called. What it throws comes out as it is. */
  grant(tx: Tx): Promise<ExecuteInput | null>;
  /** In the transaction of the result, which `settle` writes: what else follows from it. */
  ended(tx: Tx, settle: () => Promise<Executed>): Promise<unknown>;
}

export interface Executor extends Recovery {
  /**
   * Uses a grant for the one call that it allows, in the transaction that makes the grant: verifies it, spends it and writes
   * the intent, makes the call once, and writes the result with what follows from it. Where nothing was called nothing of
   * `grant` is kept. Throws as {@link Executor.execute} does.
   */
  carry(granted: Granted): Promise<Executed | null>;
  /**
   * Uses a grant for the one call that it allows. Verifies it, spends it and writes the intent in one transaction, makes
   * the call once, and writes the result.
   *
   * Throws a {@link PortreeveError} if nothing was called: `grant_invalid`, `grant_expired`, `grant_mismatch`,
   * `grant_spent` and `bad_request` (each also recorded as `grant.refused`), or `audit_unavailable` if the intent cannot
   * be recorded. Also throws `audit_unavailable` (with `extra.execution`) if the call was made and its result cannot be
   * recorded: the execution then stays `started` until {@link Recovery.recover} settles it.
   */
  execute(input: ExecuteInput): Promise<Executed>;
}

export function createExecutor(options: ExecutorOptions): Executor {
  const { store, uow, audit, connectors, credentials, clock, instance, workload = DEFAULT_WORKLOAD } = options;
  const prover = createProver({ privateKey: options.key, clock });
  const check = createGrantCheck({ ...options, workload, jkt: prover.jkt });
  const debugpoint = options.debugpoint ?? (() => undefined);
  const running = new Set<ExecutionId>();
  /** Outcomes that this process knows and could not write: recovery writes them instead of `unknown`. */
  const unwritten = new Map<ExecutionId, CallOutcome>();

  return {
    ...createRecovery({ store, uow, audit, clock, instance, running, unwritten }),

    carry: (granted) => used(granted.grant, granted.ended),
    async execute(input) {
      const executed = await used(input, (_tx, settle) => settle());
      return executed!;
    },
  };

  async function used(given: ExecuteInput | Granted['grant'], ended: Granted['ended']): Promise<Executed | null> {
    const use: Use = { at: 'grant', proposal: null, begun: null };
    try {
      await begin(use, given);
      if (!use.begun) return null;
      const { id } = use.begun.execution;
      await debugpoint('after-intent', id);
      const outcome = await call(use.begun);
      await debugpoint('before-result', id);
      const settled = await write(use.begun.execution, outcome, ended);
      await debugpoint('after-result', id);
      return { execution: id, outcome: settled };
    } finally {
      if (use.begun) running.delete(use.begun.execution.id);
    }
  }

  /** INVARIANT: the grant is spent, the execution exists and the intent is on record, all three or none. SPEC.md 4. */
  async function begin(use: Use, given: ExecuteInput | Granted['grant']): Promise<void> {
    try {
      if (typeof given !== 'function') await take(use, given);
      await uow.transaction(async (tx) => {
        if (typeof given === 'function') {
          const input = await given(tx);
          if (!input) return;
          await take(use, input);
        }
        use.at = 'spend';
        await spend(tx, use.begun!);
      });
    } catch (error) {
      const refusal = isPortreeveError(error) && (use.at === 'check' || error.code.startsWith('grant_'));
      if (use.at === 'grant' || (use.at === 'check' && !refusal)) throw error;
      const refs = use.at === 'spend' && use.begun ? grantRefs(use.begun.claims) : null;
      if (refusal) throw await refused(error, use.proposal, refs);
      throw unavailable('The intent cannot be recorded, so nothing was called.', use.begun!.execution.id, error);
    }
  }

  async function take(use: Use, input: ExecuteInput): Promise<void> {
    use.at = 'check';
    use.proposal = proposalOf(input.proposal);
    const claims = check(input.token, use.proposal, input.contract);
    const execution = started(claims, use.proposal, input.contract);
    // Before anybody can see it: what is not running here is settled without us.
    running.add(execution.id);
    use.begun = { ...input, proposal: use.proposal, claims, execution };
    await debugpoint('before-intent', execution.id);
  }

  function proposalOf(given: Proposal): Proposal {
    const parsed = proposalSchema.safeParse(given);
    if (parsed.success) return parsed.data;
    throw new PortreeveError('bad_request', 'This is not a proposal.', { errors: fieldErrors(parsed.error) });
  }

  function started(claims: GrantClaims, proposal: Proposal, contract: ToolContract): StoredExecution {
    const id = newId('execution', clock);
    return {
      id,
      grant: claims.jti,
      proposal: proposal.id,
      proposal_digest: claims.tctx.proposal_digest,
      args_digest: claims.authorization_details[0]!.args_digest,
      tool: contract.name,
      tool_version: contract.version,
      // The proposal is the effect that is wanted once: whoever tries it again by hand sends the same key.
      idempotency_key: proposal.id,
      instance,
      state: 'started',
      outcome: null,
      actor: actorOf(proposal.principal),
      refs: { ...grantRefs(claims), execution: id },
      started_at: clock.now().toISOString(),
      ended_at: null,
    };
  }

  async function spend(tx: Tx, { execution, claims }: Begun): Promise<void> {
    const grant = await store.moveGrant(tx, claims.jti, 'issued', step(GRANT_TABLE, 'issued', 'use')!);
    if (!grant) throw whyNot((await store.grant(tx, claims.jti))?.state ?? null);
    if (grant.proposal_digest !== execution.proposal_digest || grant.args_digest !== execution.args_digest) {
      throw new PortreeveError('grant_mismatch', 'The grant is kept for another call.');
    }
    await store.insertExecution(tx, execution);
    await audit.append(tx, [intentRecord(execution)]);
  }

  async function call({ token, execution, proposal, claims, contract, signal }: Begun): Promise<CallOutcome> {
    const begun = clock.now().getTime();
    const failed = (reason: string): CallOutcome => ({ state: 'failed', reason, duration_ms: elapsed(begun) });
    const { connector } = contract.binding;
    const name = 'credential' in contract.binding ? contract.binding.credential : undefined;
    if (name === undefined) return send(null);
    const purpose = { tool: contract.name, execution: execution.id, timeout_ms: contract.timeout_ms };
    try {
      return await credentials.use(name, purpose, async (credential) =>
        withoutSecret(await send(credential), credential),
      );
    } catch (error) {
      if (error instanceof CredentialUnavailable) return failed(error.message);
      throw error;
    }

    async function send(credential: string | null): Promise<CallOutcome> {
      await debugpoint('before-call', execution.id);
      // A process that was stopped here for minutes may wake after its execution has been settled without it.
      if (clock.now().getTime() >= claims.exp * 1000) return failed('the time of the grant was over before the call');
      if (signal?.aborted) return failed('cancelled before the call');
      let outcome: CallOutcome;
      try {
        const verified = verifiedCall({
          token,
          claims,
          contract,
          args: proposal.args,
          execution: execution.id,
          idempotency_key: execution.idempotency_key,
          prove: (method, url) => prover.prove(token, method, url),
        });
        outcome = await connectors[connector].call(verified, { credential, signal: signal ?? NEVER });
      } catch {
        // A connector answers with an outcome. One that throws has broken that promise at a moment nobody knows.
        outcome = { state: 'unknown', reason: 'the connector broke off', duration_ms: elapsed(begun) };
      }
      await debugpoint('after-call', execution.id);
      return outcome;
    }
  }

  async function write(
    execution: StoredExecution,
    outcome: CallOutcome,
    ended: Granted['ended'],
  ): Promise<CallOutcome> {
    const told = (outcome: CallOutcome): Executed => ({ execution: execution.id, outcome });
    try {
      const written = await uow
        .transaction((tx) =>
          ended(tx, async () => {
            if (!(await settleIn(tx, { store, audit, clock }, execution, outcome))) throw new SettledBefore();
            return told(outcome);
          }),
        )
        .then(
          () => true,
          (error: unknown) => {
            if (error instanceof SettledBefore) return false;
            throw error;
          },
        );
      if (written) return outcome;
      const standing = await outcomeOf(store, execution.id);
      await audit.record([resultRecord(execution, outcome, true)]);
      await uow.transaction((tx) => ended(tx, async () => told(standing)));
      return standing;
    } catch (error) {
      unwritten.set(execution.id, outcome);
      throw unavailable('The call was made and its result cannot be recorded yet.', execution.id, error);
    }
  }

  /** Records a refusal and gives the error to throw. An unrecorded refusal is still a refusal, but says so. */
  async function refused(error: unknown, proposal: Proposal | null, grant: ReturnType<typeof grantRefs> | null) {
    if (!isPortreeveError(error)) return error;
    try {
      await audit.record([refusalRecord(proposal, grant, error.code, error.detail)]);
      return error;
    } catch (failure) {
      return new PortreeveError('audit_unavailable', `Refused (${error.code}), and that cannot be recorded.`, {
        cause: failure,
      });
    }
  }

  function elapsed(since: number): number {
    return Math.max(0, clock.now().getTime() - since);
  }
}

/** How far the use of a grant has come, and so what an error means. */
interface Use {
  at: 'grant' | 'check' | 'spend';
  proposal: Proposal | null;
  begun: Begun | null;
}

interface Begun extends ExecuteInput {
  readonly claims: GrantClaims;
  readonly execution: StoredExecution;
}

/**
 * The execution was settled as unknown without this process, which was stopped and not dead. What stands stays, because a
 * person may have acted on it; what really came is recorded besides.
 */
class SettledBefore extends Error {
  override readonly name = 'SettledBefore';
}

const NEVER = new AbortController().signal;

/** INVARIANT: no outcome holds the credential, whatever the connector or the downstream made of it. SPEC.md 8. */
function withoutSecret(outcome: CallOutcome, secret: string): CallOutcome {
  if (!mentions(JSON.stringify(outcome), secret)) return outcome;
  const reason = 'the answer held the credential and is not kept';
  const { duration_ms } = outcome;
  if (outcome.state !== 'failed') return { state: 'unknown', reason, duration_ms };
  return { ...(outcome.status === undefined ? {} : { status: outcome.status }), state: 'failed', reason, duration_ms };
}

function whyNot(state: string | null): PortreeveError {
  if (state === 'spent') return new PortreeveError('grant_spent', 'The grant was used before.');
  if (state === 'expired') return new PortreeveError('grant_expired', 'The time of the grant is over.');
  if (state === 'revoked') return new PortreeveError('grant_invalid', 'The grant was taken back.');
  return new PortreeveError('grant_invalid', 'Nobody here issued this grant.');
}

function unavailable(detail: string, execution: ExecutionId, cause: unknown): PortreeveError {
  return new PortreeveError('audit_unavailable', detail, { extra: { execution }, cause });
}
