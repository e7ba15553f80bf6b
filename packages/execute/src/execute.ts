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
  type UnitOfWork,
} from '@portreeve/contract';
import type { JSONWebKeySet } from 'jose';
import type { Debugpoint } from './debugpoint.ts';
import { DEFAULT_WORKLOAD } from './grant-limits.ts';
import { grantRefs } from './grant-refs.ts';
import { intentRecord, refusalRecord } from './outcome.ts';
import type { Connector, ExecuteStore, StoredExecution } from './ports.ts';
import { createProver } from './prove.ts';
import { createRecovery, type Recovery } from './recover.ts';
import { type Credentials, CredentialUnavailable } from './secrets/credentials.ts';
import { mentions } from './secrets/mentions.ts';
import { recordLate, settle } from './settle.ts';
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

export interface Executor extends Recovery {
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

    async execute({ token, proposal: given, contract, signal = new AbortController().signal }) {
      const { proposal, claims } = await verify(token, given, contract);
      const execution = started(claims, proposal, contract);
      running.add(execution.id);
      try {
        await debugpoint('before-intent', execution.id);
        await spend(execution, proposal, claims);
        await debugpoint('after-intent', execution.id);
        const outcome = await call(token, execution, proposal, claims, contract, signal);
        await debugpoint('before-result', execution.id);
        const settled = await write(execution, outcome);
        await debugpoint('after-result', execution.id);
        return { execution: execution.id, outcome: settled };
      } finally {
        running.delete(execution.id);
      }
    },
  };

  async function verify(token: string, given: Proposal, contract: ToolContract) {
    const parsed = proposalSchema.safeParse(given);
    if (!parsed.success) {
      const error = new PortreeveError('bad_request', 'This is not a proposal.', { errors: fieldErrors(parsed.error) });
      throw await refused(error, null, null);
    }
    try {
      return { proposal: parsed.data, claims: await check(token, parsed.data, contract) };
    } catch (error) {
      throw await refused(error, parsed.data, null);
    }
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

  /** INVARIANT: the grant is spent, the execution exists and the intent is on record, all three or none. SPEC.md 4. */
  async function spend(execution: StoredExecution, proposal: Proposal, claims: GrantClaims): Promise<void> {
    try {
      await uow.transaction(async (tx) => {
        const grant = await store.moveGrant(tx, claims.jti, 'issued', step(GRANT_TABLE, 'issued', 'use')!);
        if (!grant) throw whyNot((await store.grant(tx, claims.jti))?.state ?? null);
        if (grant.proposal_digest !== execution.proposal_digest || grant.args_digest !== execution.args_digest) {
          throw new PortreeveError('grant_mismatch', 'The grant is kept for another call.');
        }
        await store.insertExecution(tx, execution);
        await audit.append(tx, [intentRecord(execution)]);
      });
    } catch (error) {
      if (isPortreeveError(error) && error.code.startsWith('grant_')) {
        throw await refused(error, proposal, grantRefs(claims));
      }
      throw unavailable('The intent cannot be recorded, so nothing was called.', execution.id, error);
    }
  }

  async function call(
    token: string,
    execution: StoredExecution,
    proposal: Proposal,
    claims: GrantClaims,
    contract: ToolContract,
    signal: AbortSignal,
  ): Promise<CallOutcome> {
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
      if (signal.aborted) return failed('cancelled before the call');
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
        outcome = await connectors[connector].call(verified, { credential, signal });
      } catch {
        // A connector answers with an outcome. One that throws has broken that promise at a moment nobody knows.
        outcome = { state: 'unknown', reason: 'the connector broke off', duration_ms: elapsed(begun) };
      }
      await debugpoint('after-call', execution.id);
      return outcome;
    }
  }

  async function write(execution: StoredExecution, outcome: CallOutcome): Promise<CallOutcome> {
    const settling = { store, uow, audit, clock };
    try {
      const settled = await settle(settling, execution, outcome);
      if (settled !== outcome) await recordLate(settling, execution, outcome);
      return settled;
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
