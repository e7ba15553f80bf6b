import type { Concept } from './concepts.ts';
import type { ConceptHit } from './find-concepts.ts';

/** A signal by which a text was judged; the names are part of what policy and approvers see. */
export type RuleName =
  | 'override_instructions'
  | 'override_content'
  | 'forged_turn'
  | 'chat_template'
  | 'addresses_model'
  | 'redirects_task'
  | 'demands_secrecy'
  | 'sends_out'
  | 'controls_output'
  | 'claims_authority'
  | 'asks_for_prompt'
  | 'changes_persona';

interface Rule {
  readonly name: RuleName;
  /** What it counts by itself, per mille. */
  readonly weight: number;
  /** Concepts in this order, each at most so many words after the one before. */
  readonly steps: readonly (readonly [concepts: readonly Concept[], words?: number])[];
}

/**
 * Orders of concepts that an honest text seldom has. The weights say how seldom; they are set by hand, so that each can
 * be read and argued about. The trained model sees the same concepts and adds its own opinion.
 */
const RULES: readonly Rule[] = [
  { name: 'override_instructions', weight: 780, steps: [[['forget']], [['prior'], 4], [['instructions'], 4]] },
  {
    name: 'override_instructions',
    weight: 600,
    steps: [
      [['forget']],
      [['prior'], 5],
      [['say', 'task', 'persona'], 10],
      [['say', 'only', 'asset', 'send', 'persona'], 10],
    ],
  },
  // Languages that put the verb last.
  { name: 'override_instructions', weight: 620, steps: [[['prior']], [['instructions'], 6], [['forget'], 6]] },
  {
    name: 'override_content',
    weight: 640,
    steps: [[['forget']], [['prior'], 3], [['content'], 4], [['say', 'only'], 4]],
  },
  {
    name: 'forged_turn',
    weight: 480,
    steps: [[['speaker']], [['speaker'], 24], [['say', 'forget', 'only', 'prior'], 16]],
  },
  {
    name: 'chat_template',
    weight: 480,
    steps: [
      [['template']],
      [['say', 'forget', 'only', 'send', 'authority', 'task', 'speaker', 'model', 'destroy', 'secrecy'], 24],
    ],
  },
  {
    name: 'addresses_model',
    weight: 420,
    steps: [[['model']], [['authority', 'secrecy', 'only', 'task'], 12], [['say', 'send', 'destroy', 'forget'], 16]],
  },
  {
    name: 'redirects_task',
    weight: 520,
    steps: [[['task']], [['task'], 30], [['send', 'destroy', 'change', 'say', 'task'], 30]],
  },
  {
    name: 'demands_secrecy',
    weight: 520,
    steps: [[['send', 'destroy', 'change']], [['asset', 'sink'], 12], [['secrecy'], 40]],
  },
  {
    name: 'demands_secrecy',
    weight: 420,
    steps: [[['secrecy']], [['user'], 3], [['say', 'send', 'destroy', 'change'], 24]],
  },
  {
    name: 'sends_out',
    weight: 380,
    steps: [[['urgency', 'task', 'authority']], [['send'], 8], [['asset'], 8], [['sink'], 16]],
  },
  { name: 'controls_output', weight: 420, steps: [[['condition']], [['say', 'only'], 8], [['only'], 8]] },
  {
    name: 'claims_authority',
    weight: 380,
    steps: [[['authority']], [['forget', 'authority'], 12], [['say', 'instructions', 'forget'], 12]],
  },
  { name: 'asks_for_prompt', weight: 420, steps: [[['say']], [['prior'], 4], [['instructions'], 3]] },
  {
    name: 'changes_persona',
    weight: 420,
    steps: [[['persona']], [['persona', 'forget'], 24], [['instructions', 'persona', 'model'], 24]],
  },
];

export interface RuleHit {
  readonly name: RuleName;
  readonly weight: number;
}

/** Ahead of a concept, at most this many others are looked at: what bounds the work on a text of concepts only. */
const AHEAD_MAX = 48;

/** Each rule's best hit, strongest first. `hits` come in the order of their ends. */
export function matchRules(hits: readonly ConceptHit[]): RuleHit[] {
  const best = new Map<RuleName, number>();
  for (const rule of RULES) {
    if ((best.get(rule.name) ?? 0) >= rule.weight) continue;
    const first = rule.steps[0]![0];
    for (let at = 0; at < hits.length; at++) {
      if (!first.includes(hits[at]!.concept) || !follows(hits, at, rule.steps)) continue;
      best.set(rule.name, rule.weight);
      break;
    }
  }
  return [...best]
    .map(([name, weight]) => ({ name, weight }))
    .sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1));
}

/** Takes the nearest fitting concept for each step: greedy, so linear; the gaps are small enough for that to suffice. */
function follows(hits: readonly ConceptHit[], start: number, steps: Rule['steps']): boolean {
  let at = start;
  for (const [concepts, words = 0] of steps.slice(1)) {
    const { to } = hits[at]!;
    let found = -1;
    for (let next = at + 1; next < hits.length && next <= at + AHEAD_MAX; next++) {
      const hit = hits[next]!;
      if (hit.from - to > words) break;
      if (hit.from > to && concepts.includes(hit.concept)) {
        found = next;
        break;
      }
    }
    if (found < 0) return false;
    at = found;
  }
  return true;
}
