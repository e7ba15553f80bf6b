import {
  argumentAt,
  digestOf,
  type HistoryFact,
  type HistoryFacts,
  type HistoryKind,
  type PolicyRequest,
  type Proposal,
  type ProposalId,
  requestersOf,
  type ToolContract,
  type Tx,
  visibleHistory,
  windowMs,
} from '@portreeve/contract';

/** One use of a tool, as one history fact counts it. */
export interface HistoryEntry {
  /** The digest of workflow, fact and what the fact goes by. */
  readonly key: string;
  readonly proposal: ProposalId;
  /** What a sum adds up; 1 elsewhere. */
  readonly amount: number;
  readonly requesters: readonly string[];
  readonly approvers: readonly string[];
  readonly at: string;
  /** Nobody asks for it after this. */
  readonly forget_at: string;
}

export interface HistoryQuestion {
  readonly name: string;
  readonly key: string;
  readonly kind: HistoryKind;
  readonly counts: HistoryFact['counts'];
  /** Uses after this moment. */
  readonly since: string;
}

export type HistoryAnswers = NonNullable<Extract<PolicyRequest, { kind: 'act' }>['history']>;

export interface HistoryStore {
  /** Keeps everybody else who locks one of these keys waiting until the transaction ends; deadlocks with no other lock. */
  lock(tx: Tx, keys: readonly string[]): Promise<void>;
  /** Without the uses by `except`. Throws where a sum is no safe integer any more. */
  read(tx: Tx | null, questions: readonly HistoryQuestion[], except: ProposalId): Promise<HistoryAnswers>;
  /** A use that is about to happen: counted from now on, in this transaction's order. */
  take(tx: Tx, entries: readonly HistoryEntry[]): Promise<void>;
  succeed(tx: Tx, proposal: ProposalId): Promise<void>;
  /** The use certainly had no effect: it never counted. */
  release(tx: Tx, proposal: ProposalId): Promise<void>;
  /** Removes what nobody asks for any more; gives how many. */
  forget(now: string): Promise<number>;
}

interface Use {
  readonly proposal: Proposal;
  readonly contract: ToolContract;
  readonly history: HistoryFacts;
}

/** The questions that a decision on this use needs answered. */
export function questionsOf({ proposal, contract, history }: Use, now: Date): HistoryQuestion[] {
  return Object.entries(visibleHistory(history, contract)).map(([name, fact]) => ({
    name,
    key: keyOf(name, fact, proposal),
    kind: fact.kind,
    counts: fact.counts,
    since: new Date(now.getTime() - windowMs(fact.window)).toISOString(),
  }));
}

/** Whether a use of the tool counts in the history of its workflow. */
export const counts = ({ contract, history }: Pick<Use, 'contract' | 'history'>): boolean =>
  Object.values(history).some((fact) => fact.tools.includes(contract.name));

/** What this use adds to the history of its workflow. */
export function entriesOf(
  { proposal, contract, history }: Use,
  approvers: readonly string[],
  now: Date,
): HistoryEntry[] {
  return Object.entries(history)
    .filter(([, fact]) => fact.tools.includes(contract.name))
    .map(([name, fact]) => ({
      key: keyOf(name, fact, proposal),
      proposal: proposal.id,
      amount: fact.of === undefined ? 1 : (argumentAt(proposal.args, fact.of) as number),
      requesters: requestersOf(proposal),
      approvers: [...approvers],
      at: now.toISOString(),
      forget_at: new Date(now.getTime() + windowMs(fact.window)).toISOString(),
    }));
}

function keyOf(name: string, fact: HistoryFact, proposal: Proposal): string {
  const { principal } = proposal;
  const values = fact.by.map((part) => {
    if (part === 'principal') return principal.id;
    if (part === 'actor') return principal.act[0]?.id ?? principal.id;
    const value = argumentAt(proposal.args, part);
    // The contract requires it, and arguments are validated: without it two customers would share one limit.
    if (value === undefined) throw new TypeError(`${part} is missing`);
    return value;
  });
  return digestOf({ v: 1, workflow: proposal.workflow, fact: name, by: values });
}
