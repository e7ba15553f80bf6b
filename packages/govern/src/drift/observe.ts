import type { RecordData, RecordRefs, RecordType } from '@portreeve/contract';

/** What is watched. `ordered` ones are sizes: they are compared by more or less, the others kind by kind. */
export const METRICS = {
  /** Of a step: what kind of answer a model gave, refusals included. */
  answer: { ordered: false, of: 'step', title: 'kinds of answers' },
  /** Of a step: tokens of an answer. */
  length: { ordered: true, of: 'step', title: 'length of answers' },
  /** Of a step: how sure the model says it is. */
  confidence: { ordered: true, of: 'step', title: 'stated confidence' },
  /** Of a step: whether what an answer claims stands where it says. */
  support: { ordered: false, of: 'step', title: 'support by evidence' },
  /** Of a workflow: what policy decides of its proposals. */
  decision: { ordered: false, of: 'workflow', title: 'decisions of policy' },
  /** Of a workflow: which tools it proposes. */
  tool: { ordered: false, of: 'workflow', title: 'tools that are proposed' },
  /** Of a workflow: the declared classes that its code was shown. */
  outcome: { ordered: false, of: 'workflow', title: 'classes of outcomes' },
  /** Of a workflow: how runs end. */
  ending: { ordered: false, of: 'workflow', title: 'ends of runs' },
} as const;
export type Metric = keyof typeof METRICS;

/** What was seen within so many records of its kind still runs beside what came after it. */
const BESIDE = 200;

export interface Observation {
  readonly metric: Metric;
  /** The prompt; null where it is of the whole workflow. */
  readonly step: string | null;
  /** The kind, or for an ordered metric the number of its fixed class. */
  readonly value: string | number;
  /** The record that says so. */
  readonly index: number;
  /** ISO 8601. */
  readonly time: string;
}

/** What may explain a shift: something that the runs rest on is another from a record on. */
export interface Change {
  readonly kind: 'release' | 'model' | 'prompt' | 'policy';
  /** The step, of a model or a prompt. */
  readonly about: string | null;
  readonly from: string;
  readonly to: string;
  readonly index: number;
  readonly time: string;
}

/** A record of one workflow, as the log has it. */
export interface SeenRecord {
  readonly entry: {
    readonly index: number;
    readonly time: string;
    readonly type: RecordType;
    readonly refs: RecordRefs;
  };
  /** Null where it was erased. */
  readonly payload: { readonly data: unknown } | null;
}

/** The types that {@link observe} looks at. */
export const WATCHED = [
  'model.answered',
  'output.validated',
  'step.judged',
  'decision.made',
  'proposal.submitted',
  'outcome.seen',
  'run.ended',
] as const satisfies readonly RecordType[];

/** Reads records of one workflow in their order: what was observed, and what changed on the way. */
export function observer(): {
  readonly observations: Observation[];
  readonly changes: Change[];
  take(record: SeenRecord): void;
} {
  const observations: Observation[] = [];
  const changes: Change[] = [];
  const inForce = new Map<string, { value: string; count: number; lastSeen: Map<string, number> }>();

  /**
   * What was in force a moment ago is no change when it comes again: two releases run beside each other for a while, and
   * questions fall back to another model and return.
   */
  function note(
    kind: Change['kind'],
    about: string | null,
    to: string | undefined,
    { index, time }: SeenRecord['entry'],
  ) {
    if (to === undefined) return;
    const key = JSON.stringify([kind, about]);
    const known = inForce.get(key) ?? { value: to, count: 0, lastSeen: new Map([[to, 0]]) };
    inForce.set(key, known);
    const { value: from } = known;
    const seen = known.lastSeen.get(to);
    known.count++;
    known.value = to;
    known.lastSeen.set(to, known.count);
    if (seen === undefined || known.count - seen > BESIDE) changes.push({ kind, about, from, to, index, time });
  }

  return {
    observations,
    changes,
    take({ entry, payload }) {
      const { type, refs, index, time } = entry;
      note('release', null, refs.release, entry);
      note('policy', null, refs.policy_version, entry);
      const add = (metric: Metric, step: string | null, value: string | number) =>
        observations.push({ metric, step, value, index, time });
      if (!payload) return;
      const { data } = payload;
      if (type === 'model.answered') {
        const { prompt, prompt_version, provider, model_answered, output_category, output_tokens } =
          data as RecordData<'model.answered'>;
        note('prompt', prompt, prompt_version, entry);
        note('model', prompt, `${provider}/${model_answered}`, entry);
        add('answer', prompt, output_category);
        add('length', prompt, sizeClass(output_tokens));
      } else if (type === 'output.validated') {
        const { prompt, claims } = data as RecordData<'output.validated'>;
        if (claims && claims.count > 0) add('support', prompt, claims.unsupported > 0 ? 'unsupported' : 'supported');
      } else if (type === 'step.judged') {
        const { prompt, confidence_percent } = data as RecordData<'step.judged'>;
        if (confidence_percent !== null) add('confidence', prompt, Math.floor(confidence_percent / 5));
      } else if (type === 'decision.made') {
        const { phase } = data as RecordData<'decision.made'>;
        if (phase === 'submit') add('decision', null, outcomeOf(data as RecordData<'decision.made'>));
      } else if (type === 'proposal.submitted') {
        const { tool, preview_of } = data as RecordData<'proposal.submitted'>;
        if (preview_of === undefined) add('tool', null, tool);
      } else if (type === 'outcome.seen') {
        const { outcomes, outcome } = data as RecordData<'outcome.seen'>;
        add('outcome', null, `${outcome ?? 'none'} of ${[...outcomes].sort().join(', ')}`);
      } else if (type === 'run.ended') add('ending', null, (data as RecordData<'run.ended'>).state);
    },
  };
}

const outcomeOf = ({ decision }: RecordData<'decision.made'>): string => decision.outcome;

/** Fixed classes, half an octave each: what they are must not depend on what is compared. */
function sizeClass(tokens: number): number {
  return Math.floor(2 * Math.log2(tokens + 1));
}
