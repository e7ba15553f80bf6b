import {
  companionsOf,
  type Decision,
  type Demand,
  mergeDemands,
  type ProposalId,
  type ProposalState,
  type RecordDraft,
  signsAsWellAs,
  type VerdictSignature,
} from '@portreeve/contract';
import type { StoredProposal } from './ports.ts';
import type { Submission } from './wish.ts';

/** What policy has made of a new proposal. */
export interface Weighed extends Pick<StoredProposal, 'proposal' | 'decision' | 'narrowed'> {
  readonly steps: readonly RecordDraft[];
  readonly event: 'permit' | 'ask' | 'refuse';
}

/** Whom a decision asks, how many of each, and how well they sign. */
export interface Asked {
  readonly demands: readonly Demand[];
  readonly signature: VerdictSignature;
  /** Whether the person for whom the agent acts must confirm it. */
  readonly confirm: boolean;
}

export function askedBy({ remedies }: Pick<Decision, 'remedies'>): Asked {
  const wanted = remedies.flatMap((remedy) => (remedy.kind === 'approval' ? [remedy] : []));
  return {
    demands: mergeDemands(wanted),
    signature: wanted.map(({ signature }): VerdictSignature => signature ?? 'key').reduce(stronger, 'key'),
    confirm: remedies.some(({ kind }) => kind === 'confirm'),
  };
}

export function stronger(one: VerdictSignature, other: VerdictSignature): VerdictSignature {
  return signsAsWellAs(one, other) ? one : other;
}

/** A proposal as it is first kept, with nothing done about it yet. */
export function newlyStored(
  { tools, hidden: _hidden, proposal: _asked, ...about }: Submission,
  {
    proposal,
    decision,
    narrowed,
    state,
  }: Pick<Weighed, 'proposal' | 'decision' | 'narrowed'> & { readonly state: ProposalState },
): StoredProposal {
  return {
    ...about,
    ...{ proposal, decision, narrowed, state },
    amended_by: null,
    approval: null,
    grant: null,
    execution: null,
    outcome: null,
    handoff: null,
    succeeded_at: null,
    companions: companionsOf(about.contract, tools),
    settlement: null,
  };
}

/** What took the place of an amended proposal. */
export function successorOf({ proposal, amended_by }: StoredProposal): ProposalId {
  if (amended_by === null) throw new TypeError(`${proposal.id} is amended, and by nothing`);
  return amended_by;
}
