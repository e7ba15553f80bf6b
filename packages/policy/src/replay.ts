import { setImmediate } from 'node:timers/promises';
import {
  type Decision,
  digestOf,
  type Outcome,
  type PolicyRequest,
  policyRequestSchema,
  type Remedy,
} from '@portreeve/contract';
import { isRequestOf } from './digest.ts';
import type { PolicyEngine } from './engine.ts';
import { printable } from './printable.ts';
import { type ReadRedacted, redactedReader } from './read-redacted.ts';
import { redactedPlaces } from './redacted.ts';

/** A decision as it was recorded, with the request that it judged. */
export interface RecordedDecision {
  readonly request: unknown;
  /** `null`: its record was erased. */
  readonly decision: Decision | null;
  /** The place of its record, where it has one. */
  readonly record?: string;
}

export interface ReplayedChange {
  readonly request_digest: string;
  readonly decision: string;
  readonly record: string | null;
  /** What was asked, such as `act refund_order`. */
  readonly asked: string;
  readonly from: Outcome;
  readonly to: Outcome;
  /** The rules that decide under the candidate, those first that did not on record. */
  readonly rules: readonly string[];
  /** What would then be asked for, where something is. */
  readonly remedies: readonly Remedy[];
}

export interface Replay {
  readonly total: number;
  readonly same: number;
  /** The first {@link REPLAY_LISTED_MAX} decisions that would come out differently. */
  readonly changed: readonly ReplayedChange[];
  readonly changed_total: number;
  /**
   * How many would change from one outcome to another, as `refuse>permit`. `approve>approve`: other people, or more of
   * them; `notify>notify`: others are told.
   */
  readonly changes: Readonly<Record<string, number>>;
  /** Decisions that cannot be judged anew, by the fact that is missing. */
  readonly cannot_judge: readonly { readonly why: string; readonly count: number }[];
}

/** What is listed one by one; the rest is counted, so that a million decisions fit. */
export const REPLAY_LISTED_MAX = 1000;
const REASONS_MAX = 100;
const PROGRESS_EVERY = 5000;

/**
 * Judges every recorded decision anew by a candidate policy. Streams, in bounded memory, and lets other work go on between
 * batches. A request that is not whole any more (its digest differs, or it lacks what the candidate needs) is not judged,
 * because a guess would look like a result. Where `audit` redacted a value that no rule of the candidate can look at, the
 * digest cannot be checked, and the decision is judged all the same.
 */
export async function replayDecisions(
  recorded: AsyncIterable<RecordedDecision>,
  candidate: PolicyEngine,
  onProgress: (done: { readonly total: number; readonly changed: number }) => void = () => {},
): Promise<Replay> {
  const changed: ReplayedChange[] = [];
  const changes = new Map<string, number>();
  const unjudged = new Map<string, number>();
  let total = 0;
  let same = 0;
  let changedTotal = 0;
  const readRedacted = redactedReader(candidate);
  for await (const each of recorded) {
    total += 1;
    const judged = judgeAnew(each, candidate, readRedacted);
    if ('why' in judged) {
      const why = unjudged.has(judged.why) || unjudged.size < REASONS_MAX ? judged.why : 'another reason';
      unjudged.set(why, (unjudged.get(why) ?? 0) + 1);
    } else if (isSame(judged.after, judged.before)) {
      same += 1;
    } else {
      const { before: decision, after: answer, request } = judged;
      changedTotal += 1;
      const kind = `${decision.outcome}>${answer.outcome}`;
      changes.set(kind, (changes.get(kind) ?? 0) + 1);
      if (changed.length < REPLAY_LISTED_MAX)
        changed.push({
          request_digest: decision.request_digest,
          decision: decision.id,
          record: each.record ?? null,
          asked: askedOf(request),
          from: decision.outcome,
          to: answer.outcome,
          rules: rulesOf(answer, decision),
          remedies: answer.remedies,
        });
    }
    if (total % PROGRESS_EVERY === 0) {
      onProgress({ total, changed: changedTotal });
      await setImmediate();
    }
  }
  onProgress({ total, changed: changedTotal });
  return {
    total,
    same,
    changed,
    changed_total: changedTotal,
    changes: Object.fromEntries([...changes].sort(([a], [b]) => (a < b ? -1 : 1))),
    cannot_judge: [...unjudged].map(([why, count]) => ({ why, count })).sort((a, b) => b.count - a.count),
  };
}

/** The candidate's decision beside the recorded one, or why there is none. */
function judgeAnew(
  { request, decision }: RecordedDecision,
  candidate: PolicyEngine,
  readRedacted: ReadRedacted,
): { readonly why: string } | { readonly before: Decision; readonly after: Decision; readonly request: PolicyRequest } {
  if (decision === null) return { why: 'its record was erased' };
  if (request === undefined || request === null) return { why: 'its record holds no request' };
  let parsed = policyRequestSchema.safeParse(request);
  const isWhole = parsed.success && isRequestOf(parsed.data, decision.request_digest);
  const readable = isWhole ? null : readRedacted(request);
  if (readable !== null && 'missing' in readable) return { why: readable.missing };
  if (readable !== null) parsed = policyRequestSchema.safeParse(readable.request);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.map(String).join('.') || 'request';
    return { why: printable(`the recorded request lacks a fact: ${where}: ${issue?.message}`, 200) };
  }
  if (!isWhole && readable === null) return { why: 'the recorded request is not the one that was judged' };
  const after = candidate.decide(parsed.data);
  const failed = after.layers.find(({ effect }) => effect === 'error');
  // Where the recorded decision failed as well, failing is not a lack of facts.
  if (failed !== undefined && !decision.layers.some(({ effect }) => effect === 'error'))
    return { why: printable(`the candidate cannot judge it: ${failed.errors[0]}`, 200) };
  return { before: decision, after, request: parsed.data };
}

function rulesOf(answer: Decision, decision: Decision): string[] {
  const known = new Set(decision.reasons.map(({ rule }) => rule));
  const rules = [...new Set(answer.reasons.map(({ rule }) => rule))];
  return [...rules.filter((rule) => !known.has(rule)), ...rules.filter((rule) => known.has(rule))];
}

/** The same outcome, and where people are asked or told, the same people. */
function isSame(answer: Decision, decision: Decision): boolean {
  if (answer.outcome !== decision.outcome) return false;
  if ([answer, decision].every(({ remedies, notify }) => remedies.length === 0 && notify.length === 0)) return true;
  const people = ({ remedies, notify }: Decision) => ({ remedies, notify });
  // Names of groups that were redacted cannot be compared.
  if (redactedPlaces(people(decision)).length > 0) return true;
  return digestOf(people(answer)) === digestOf(people(decision));
}

function askedOf(request: PolicyRequest): string {
  switch (request.kind) {
    case 'act':
      return `act ${request.tool.name}`;
    case 'admit':
      return `admit ${request.workflow.name}`;
    case 'read':
      return `read ${request.source.name}`;
    case 'ask':
      return `ask ${request.endpoint.name}`;
    case 'api':
      return `api ${request.operation}`;
  }
}
