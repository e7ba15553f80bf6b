import { setImmediate } from 'node:timers/promises';
import { type Decision, type Outcome, type PolicyRequest, policyRequestSchema } from '@portreeve/contract';
import { requestDigest } from './digest.ts';
import type { PolicyEngine } from './engine.ts';

/** A decision as it was recorded, with the request that it judged. */
export interface RecordedDecision {
  readonly request: unknown;
  readonly decision: Decision;
}

export interface ReplayedChange {
  readonly request_digest: string;
  readonly decision: string;
  readonly from: Outcome;
  readonly to: Outcome;
  /** The rules that decide under the candidate. */
  readonly rules: readonly string[];
}

export interface Replay {
  readonly total: number;
  readonly same: number;
  /** The first {@link REPLAY_LISTED_MAX} decisions that would come out differently. */
  readonly changed: readonly ReplayedChange[];
  readonly changed_total: number;
  /** How many would change from one outcome to another, as `refuse>permit`. */
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
 * because a guess would look like a result.
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
  for await (const { request, decision } of recorded) {
    total += 1;
    const answer = judgeAnew(request, decision, candidate);
    if (typeof answer === 'string') {
      const why = unjudged.has(answer) || unjudged.size < REASONS_MAX ? answer : 'another reason';
      unjudged.set(why, (unjudged.get(why) ?? 0) + 1);
    } else if (answer.outcome === decision.outcome) {
      same += 1;
    } else {
      changedTotal += 1;
      const kind = `${decision.outcome}>${answer.outcome}`;
      changes.set(kind, (changes.get(kind) ?? 0) + 1);
      if (changed.length < REPLAY_LISTED_MAX)
        changed.push({
          request_digest: decision.request_digest,
          decision: decision.id,
          from: decision.outcome,
          to: answer.outcome,
          rules: [...new Set(answer.reasons.map(({ rule }) => rule))],
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

/** The candidate's decision, or why there is none. */
function judgeAnew(request: unknown, decision: Decision, candidate: PolicyEngine): Decision | string {
  const parsed = policyRequestSchema.safeParse(request);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return `the recorded request lacks a fact: ${issue?.path.map(String).join('.') || 'request'}: ${issue?.message}`.slice(
      0,
      200,
    );
  }
  if (digestOrNull(parsed.data) !== decision.request_digest)
    return 'the recorded request is not the one that was judged';
  const answer = candidate.decide(parsed.data);
  const failed = answer.layers.find(({ effect }) => effect === 'error');
  // Where the recorded decision failed as well, failing is not a lack of facts.
  if (failed !== undefined && !decision.layers.some(({ effect }) => effect === 'error'))
    return `the candidate cannot judge it: ${failed.errors[0]}`.slice(0, 200);
  return answer;
}

function digestOrNull(request: PolicyRequest): string | null {
  try {
    return requestDigest(request);
  } catch {
    return null;
  }
}
