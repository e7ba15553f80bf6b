import type { Json, JsonObject, Label, Principal, Proposal, ProposalId, ToolContract } from '@portreeve/contract';
import type { Piece, Source } from '../provenance/material.ts';
import type { Intent } from './intent.ts';
import type { SessionState } from './states.ts';

/** What a session tells of a call, before policy judges it. */
export type Judged = Pick<Proposal, 'provenance' | 'influence' | 'intent' | 'quarantined_bits'>;

/** Something that the model has read. */
export interface Observation {
  readonly contract: ToolContract;
  readonly args: JsonObject;
  readonly output: Json;
  /** How secret it is; `internal` where nobody says. Its integrity is ours to say. */
  readonly secrecy?: Pick<Label, 'confidentiality' | 'categories'>;
  /** The pieces of evidence that the output consists of: what comes from them is named by them. */
  readonly pieces?: readonly Piece[];
}

/** The answer of a model that had no tools, a closed schema, and untrusted text before it. */
export interface QuarantinedAnswer {
  readonly origin: string;
  readonly schema: JsonObject;
  readonly value: Json;
}

/** All that a session is, as JSON: kept between requests, and the same again after {@link restoreSession}. */
export interface SessionSnapshot {
  readonly state: SessionState;
  readonly request: JsonObject;
  readonly today: string | null;
  readonly sources: readonly Source[];
  readonly influence: Label;
  readonly intent: Intent;
  /** By proposal: which call of the intent it used; null where it used none. */
  readonly uses: readonly (readonly [ProposalId, number | null])[];
  readonly quarantined_bits: number;
  /** What untrusted text has written somewhere, folded: where it comes back, it is still untrusted. */
  readonly written: readonly string[];
  /** Which tools reached which recipients of the request, folded. */
  readonly served: readonly (readonly [recipient: string, tool: string])[];
}

/**
 * One trusted request and what a model does for it (requirements D5, D6). The model is not trusted: it may do all that
 * any text it reads tells it. So the session keeps what was read, with its label, and the intent that was declared before.
 */
export interface Session {
  state(): SessionState;
  intent(): Intent;
  /** Says what will be done. Only before anything untrusted is read; later it throws `conflict`. */
  declare(intent: unknown): void;
  /** Less than before, at any time. Throws `conflict` for more. */
  narrow(intent: unknown): void;
  /** More, by a person who acts for themselves. Throws `not_allowed` for anybody else. */
  widen(intent: unknown, by: Principal): void;
  observe(observation: Observation): void;
  observeQuarantined(answer: QuarantinedAnswer): void;
  /** Traces a call, and takes its use of the intent. The same id gives the same use again. */
  judge(id: ProposalId, contract: ToolContract, args: JsonObject): Judged;
  /** What became of it: a use that nothing came of is given back. */
  settle(
    proposal: Pick<Proposal, 'id' | 'args' | 'provenance'>,
    contract: ToolContract,
    outcome: 'done' | 'nothing',
  ): void;
  close(): void;
  snapshot(): SessionSnapshot;
}
