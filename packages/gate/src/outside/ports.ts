import type { AgentSessionId, Digest, Principal, PrincipalId, ProposalId, Tx } from '@portreeve/contract';
import type { Source } from '../provenance/material.ts';
import type { SessionSnapshot } from '../session/types.ts';

/** An agent's session as it is kept. What it has read only grows, and is kept apart from the rest. */
export interface StoredAgentSession {
  readonly id: AgentSessionId;
  readonly principal: PrincipalId;
  readonly head: AgentSessionHead;
  readonly sources: readonly Source[];
  /** Each save makes one more; a save that was made on another version is refused. */
  readonly version: number;
  readonly used_at: string;
}

export interface AgentSessionHead extends Omit<SessionSnapshot, 'sources'> {
  /** The highest injection score of what it has read, per mille. */
  readonly injection: number;
  /** It has read more than can be kept: nothing of it is foreseen any more. */
  readonly full: boolean;
  /** How many proposals it has made. */
  readonly proposals: number;
}

/** A call of a session whose end nobody has been told of. */
export interface StoredAgentCall {
  readonly proposal: ProposalId;
  readonly owner: Digest;
  /** Of tool, version and arguments: the same call again is this one. */
  readonly key: Digest;
  /** It was told how it ended; the same call again is a new one. */
  readonly delivered: boolean;
}

export interface AgentSessionStore {
  /** The open session of an owner. */
  find(owner: Digest): Promise<StoredAgentSession | null>;
  /** False where the owner has an open session already. */
  insert(tx: Tx, owner: Digest, session: StoredAgentSession): Promise<boolean>;
  /** Writes the head and what was read besides. False where another version is there, or the session has ended. */
  save(
    tx: Tx,
    session: Pick<StoredAgentSession, 'id' | 'principal' | 'version' | 'head' | 'used_at'>,
    read: { readonly from: number; readonly sources: readonly Source[] },
  ): Promise<boolean>;
  /** False where it had ended. */
  end(tx: Tx, id: AgentSessionId, at: string): Promise<boolean>;
  /** False where the owner waits for the same call already. */
  waits(tx: Tx, call: Omit<StoredAgentCall, 'delivered'>): Promise<boolean>;
  /** The call that waits. */
  waiting(owner: Digest, key: Digest): Promise<StoredAgentCall | null>;
  call(owner: Digest, proposal: ProposalId): Promise<StoredAgentCall | null>;
  /** False where it was told before: only one of two who ask at once tells it. */
  deliver(tx: Tx, proposal: ProposalId): Promise<boolean>;
}

/** Who a session belongs to: the principal of the credential and all who act for it. Nothing that a client says. */
export type SessionOwner = Pick<Principal, 'id' | 'act'>;
