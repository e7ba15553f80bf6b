import { createHash } from 'node:crypto';
import type { ProposalId, RunId } from '@portreeve/contract';

/** Where a span belongs (W3C Trace Context, 3.2.2): lower-case hex of 16 and of 8 bytes. */
export interface SpanContext {
  readonly trace: string;
  readonly span: string;
}

/** What a span is of: a run, or a proposal of a run or of an agent outside. */
export type Subject =
  | { readonly run: RunId; readonly proposal?: undefined }
  | { readonly run: RunId | null; readonly proposal: ProposalId };

const hex = (purpose: string, id: string, bytes: number): string =>
  createHash('sha256')
    .update(`portreeve ${purpose}\n${id}`)
    .digest('hex')
    .slice(0, bytes * 2);

/**
 * The span of a run, or of a proposal. INVARIANT: it follows from the ids that are stored with both, so that every process
 * that works on them, also after a crash, knows it without being told. It is nobody's authority.
 */
export function contextOf(of: Subject): SpanContext {
  const id = of.proposal ?? of.run;
  return { trace: hex('trace', of.run ?? id, 16), span: spanOf(id) };
}

/** The span of what has an id. */
export const spanOf = (id: string): string => hex('span', id, 8);

/** What the subject's own span is in: a run's has no parent, nor has the proposal of no run. */
export function parentOf({ run, proposal }: Subject): SpanContext | null {
  return run === null || proposal === undefined ? null : contextOf({ run });
}

const RANDOM_HEX = 12;

/**
 * Whether a trace is kept. It depends on the trace alone, so that all processes keep the same ones: its last 48 bits, which are
 * as good as random (W3C Trace Context level 2, random trace id flag), against the share in thousandths.
 */
export function isSampled(trace: string, per_mille: number): boolean {
  return Number.parseInt(trace.slice(-RANDOM_HEX), 16) < (per_mille / 1000) * 2 ** (RANDOM_HEX * 4);
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * What a caller says that it is part of (W3C Trace Context, version 00); null for anything else. Its flags are not heeded:
 * nobody outside chooses what is sampled here.
 */
export function linkOf(traceparent: unknown): SpanContext | null {
  const [, trace, span] = (typeof traceparent === 'string' && TRACEPARENT.exec(traceparent)) || [];
  return trace !== undefined && span !== undefined ? { trace, span } : null;
}
