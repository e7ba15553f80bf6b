import type {
  CallOutcome,
  ExecutionId,
  ExecutionState,
  GrantId,
  GrantState,
  ProposalId,
  RecordActor,
  RecordRefs,
  Tx,
} from '@portreeve/contract';
import type { VerifiedCall } from './verified-call.ts';

/** A grant as it is kept: never the token itself. Times are RFC 3339. */
export interface StoredGrant {
  readonly id: GrantId;
  readonly proposal: ProposalId;
  readonly proposal_digest: string;
  readonly args_digest: string;
  readonly audience: string;
  readonly state: GrantState;
  readonly issued_at: string;
  readonly expires_at: string;
}

/** One use of a grant. `outcome` is null while it is `started`. */
export interface StoredExecution {
  readonly id: ExecutionId;
  readonly grant: GrantId;
  readonly proposal: ProposalId;
  readonly proposal_digest: string;
  readonly args_digest: string;
  readonly tool: string;
  readonly tool_version: string;
  readonly idempotency_key: string;
  /** The process that makes the call. */
  readonly instance: string;
  readonly state: ExecutionState;
  readonly outcome: CallOutcome | null;
  /** For the record of the result, which another process may have to write. */
  readonly actor: RecordActor;
  readonly refs: RecordRefs;
  readonly started_at: string;
  readonly ended_at: string | null;
}

/** What issuing needs to keep: the gatekeeper's half of the store. */
export interface GrantStore {
  insertGrant(tx: Tx, grant: StoredGrant): Promise<void>;
  /**
   * Compare and set: moves the grant only if it is in `from`, and gives it as it is afterwards; `null` if it was not.
   * Of any number of callers at once, one gets the grant.
   */
  moveGrant(tx: Tx, id: GrantId, from: GrantState, to: GrantState): Promise<StoredGrant | null>;
  grant(tx: Tx, id: GrantId): Promise<StoredGrant | null>;
  /** Moves every grant in `from` whose time is over by `now`; gives their ids. */
  moveGrantsOver(tx: Tx, now: Date, from: GrantState, to: GrantState): Promise<GrantId[]>;
}

/** What executing needs to keep. A grant has at most one execution: a second insert for it throws. */
export interface ExecuteStore extends GrantStore {
  insertExecution(tx: Tx, execution: StoredExecution): Promise<void>;
  /** Compare and set: moves the execution and writes its outcome only if it is in `from`. False if it was not. */
  finishExecution(
    tx: Tx,
    id: ExecutionId,
    move: { readonly from: ExecutionState; readonly to: ExecutionState },
    outcome: CallOutcome,
    ended_at: Date,
  ): Promise<boolean>;
  /** By its id, by its grant, or the newest one of a proposal. Reads what is committed. */
  execution(id: ExecutionId | GrantId | ProposalId): Promise<StoredExecution | null>;
  /** The oldest executions in `state`, at most `limit`. */
  executionsIn(state: ExecutionState, limit: number): Promise<StoredExecution[]>;
}

/** What a credential is fetched for. */
export interface CredentialPurpose {
  readonly tool: string;
  readonly execution: ExecutionId;
  /** How long the call may take: a lease must not end before. */
  readonly timeout_ms: number;
}

/** A right that a store has minted and takes back. Its id is no secret. */
export interface Lease {
  readonly id: string;
  readonly expires_at: Date;
}

export interface Secret {
  /** The secret itself. One of several parts (a name and a password) is the RFC 8785 text of an object. */
  readonly value: string;
  /** `null` for a secret that stands in the store and is not minted for this use. */
  readonly lease: Lease | null;
}

/**
 * Where credentials come from (requirements F7, E9). It keeps no value: each fetch asks anew, so that a rotation is seen
 * by the next call. It rejects with `SecretStoreError`, which never holds a value or text of an answer.
 */
export interface SecretStore {
  /** The secret as it is now, or `null` where there is none of that name. Rejects for a name that is none. */
  fetch(name: string): Promise<Secret | null>;
  /** Asks that the lease lives `seconds` from now on; gives it as it is then. */
  renew(lease: string, seconds: number): Promise<Lease>;
  /** Takes a lease back. Resolves also for one that is over. */
  revoke(lease: string): Promise<void>;
  /** Gives back the store's own session. */
  close(): Promise<void>;
}

/** A lease that was not given back yet, as it is kept: never the secret. */
export interface StoredLease {
  readonly id: string;
  readonly credential: string;
  readonly tool: string;
  readonly execution: ExecutionId;
  /** The process that uses it. */
  readonly instance: string;
  readonly expires_at: string;
  /** Whether giving it back has failed, so that anybody may try again. */
  readonly left_open: boolean;
}

/** Remembers leases while they live, so that a crash leaves none behind unnoticed. */
export interface LeaseStore {
  insertLease(tx: Tx, lease: StoredLease): Promise<void>;
  /** Changes what a lease is kept with; false if it is not kept. */
  updateLease(tx: Tx, id: string, change: Partial<Pick<StoredLease, 'expires_at' | 'left_open'>>): Promise<boolean>;
  /** Forgets a lease; false if it was not kept. Of several at once, one gets true. */
  deleteLease(tx: Tx, id: string): Promise<boolean>;
  /** The oldest leases, at most `limit`. */
  leases(limit: number): Promise<StoredLease[]>;
}

/** Makes exactly one call of a tool. */
export interface Connector {
  /**
   * Makes the call at most once and says how it ended. It follows no redirect, repeats nothing, and answers within the
   * contract's time-out. It rejects only for a call that is not verified; whatever happens downstream is an outcome.
   */
  call(
    call: VerifiedCall,
    options: { readonly credential: string | null; readonly signal: AbortSignal },
  ): Promise<CallOutcome>;
}
