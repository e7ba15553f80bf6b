import { describe, expect, test } from 'vitest';
import { driftOf } from './drift.ts';
import { exactTest } from './exact-test.ts';
import type { Change, Metric, Observation } from './observe.ts';

const SEED = Number(process.env.DRIFT_SEED ?? 20261121);

/** mulberry32: the same histories everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** How a run comes out: shares of kinds, and a bell for sizes. */
interface Behaviour {
  readonly answer: Readonly<Record<string, number>>;
  readonly decision: Readonly<Record<string, number>>;
  readonly tool: Readonly<Record<string, number>>;
  readonly outcome: Readonly<Record<string, number>>;
  readonly ending: Readonly<Record<string, number>>;
  readonly support: Readonly<Record<string, number>>;
  readonly length: { readonly mean: number; readonly spread: number };
  readonly confidence: { readonly mean: number; readonly spread: number };
}

const USUAL: Behaviour = {
  answer: { valid: 0.96, refusal: 0.01, invalid: 0.03 },
  decision: { permit: 0.6, require_approval: 0.35, refuse: 0.05 },
  tool: { publish_note: 0.7, look_up_owner: 0.25, isolate_host: 0.05 },
  outcome: { benign: 0.5, suspicious: 0.4, malicious: 0.1 },
  ending: { completed: 0.9, refused: 0.05, handed_off: 0.05 },
  support: { supported: 0.95, unsupported: 0.05 },
  length: { mean: 16, spread: 1.5 },
  confidence: { mean: 16, spread: 2 },
};

function history(parts: readonly (readonly [runs: number, Behaviour])[], seed: number) {
  const next = random(seed);
  const bell = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const pick = (shares: Readonly<Record<string, number>>) => {
    let left = next();
    for (const [kind, share] of Object.entries(shares)) {
      left -= share;
      if (left < 0) return kind;
    }
    return Object.keys(shares)[0]!;
  };
  const observations: Observation[] = [];
  const changes: Change[] = [];
  let index = 0;
  for (const [part, [runs, behaviour]] of parts.entries()) {
    if (part > 0)
      changes.push({
        kind: 'model',
        about: 'triage',
        from: `m${part - 1}`,
        to: `m${part}`,
        index,
        time: timeOf(index),
      });
    for (let run = 0; run < runs; run++, index++) {
      const add = (metric: Metric, step: string | null, value: string | number) =>
        observations.push({ metric, step, value, index, time: timeOf(index) });
      for (const metric of ['answer', 'support'] as const) add(metric, 'triage', pick(behaviour[metric]));
      for (const metric of ['decision', 'tool', 'outcome', 'ending'] as const)
        add(metric, null, pick(behaviour[metric]));
      for (const metric of ['length', 'confidence'] as const) {
        const { mean, spread } = behaviour[metric];
        add(metric, 'triage', Math.max(0, Math.round(mean + spread * bell())));
      }
    }
  }
  return { observations, changes };
}

const timeOf = (index: number) => new Date(Date.parse('2026-11-01T00:00:00Z') + index * 60_000).toISOString();

/**
 * Twenty known shifts, and within how many runs after the change each is found in nine of ten histories, with 400 runs
 * before it.
 */
const SHIFTS: readonly (readonly [name: string, Metric, Partial<Behaviour>, within: number])[] = [
  ['the model begins to refuse', 'answer', { answer: { valid: 0.85, refusal: 0.12, invalid: 0.03 } }, 250],
  ['the model refuses a third', 'answer', { answer: { valid: 0.64, refusal: 0.33, invalid: 0.03 } }, 40],
  ['answers break the schema', 'answer', { answer: { valid: 0.79, refusal: 0.01, invalid: 0.2 } }, 150],
  ['nothing is valid any more', 'answer', { answer: { valid: 0, refusal: 0, invalid: 1 } }, 10],
  ['twice as many approvals', 'decision', { decision: { permit: 0.25, require_approval: 0.7, refuse: 0.05 } }, 100],
  ['policy refuses a fifth', 'decision', { decision: { permit: 0.5, require_approval: 0.3, refuse: 0.2 } }, 400],
  ['everything is permitted', 'decision', { decision: { permit: 0.98, require_approval: 0.01, refuse: 0.01 } }, 50],
  ['a rare tool becomes common', 'tool', { tool: { publish_note: 0.5, look_up_owner: 0.25, isolate_host: 0.25 } }, 200],
  ['a tool that was never used', 'tool', { tool: { publish_note: 0.6, look_up_owner: 0.3, delete_case: 0.1 } }, 140],
  ['one tool is no longer used', 'tool', { tool: { publish_note: 0.95, look_up_owner: 0, isolate_host: 0.05 } }, 80],
  ['all is benign', 'outcome', { outcome: { benign: 0.85, suspicious: 0.13, malicious: 0.02 } }, 90],
  ['malicious three times as often', 'outcome', { outcome: { benign: 0.4, suspicious: 0.3, malicious: 0.3 } }, 400],
  [
    'a class that was not there',
    'outcome',
    { outcome: { benign: 0.4, suspicious: 0.35, malicious: 0.1, none: 0.15 } },
    100,
  ],
  ['runs are handed off', 'ending', { ending: { completed: 0.7, refused: 0.05, handed_off: 0.25 } }, 160],
  ['half of the runs fail', 'ending', { ending: { completed: 0.5, failed: 0.5 } }, 20],
  ['claims lose their support', 'support', { support: { supported: 0.75, unsupported: 0.25 } }, 200],
  ['answers get longer', 'length', { length: { mean: 17.5, spread: 1.5 } }, 80],
  ['answers get much shorter', 'length', { length: { mean: 11, spread: 1.5 } }, 10],
  ['the model becomes less sure', 'confidence', { confidence: { mean: 14, spread: 2 } }, 80],
  ['the model is always sure', 'confidence', { confidence: { mean: 19, spread: 0.4 } }, 20],
];

describe('H6: drift', () => {
  test.each(SHIFTS)('%s: found, and the change is named', (_name, metric, change, within) => {
    const parts = [
      [400, USUAL],
      [400, { ...USUAL, ...change }],
    ] as const;
    const took = Array.from({ length: 10 }, (_, n) => {
      const { observations, changes } = history(parts, SEED + n);
      const own = observations.filter((each) => each.metric === metric);
      const [found] = driftOf(own, changes, { steps: 1 }).alarms.filter(({ by }) => by === 'change');
      if (found) expect(found.nearest).toEqual(changes[0]);
      return found?.shift.after_count ?? Number.POSITIVE_INFINITY;
    });
    const inTime = took.filter((runs) => runs <= within).length;
    expect(inTime, `DRIFT_SEED=${SEED}: ${took.join(' ')}`).toBeGreaterThanOrEqual(9);
  });

  test('no more false alarms than stated in 100 quiet histories with a change that changes nothing', () => {
    let false_alarms = 0;
    for (let n = 0; n < 100; n++) {
      const parts = [
        [500, USUAL],
        [500, USUAL],
      ] as const;
      const { observations, changes } = history(parts, SEED + 1000 + n);
      const { stretches, alarms } = driftOf(observations, changes, { steps: 1 });
      // Everything was looked at: before and after, and over time in both.
      expect(stretches.map(({ comparisons }) => comparisons.length)).toEqual([8, 16]);
      if (alarms.length > 0) false_alarms++;
    }
    console.log(`drift: ${false_alarms} of 100 quiet histories of two stretches gave an alarm (DRIFT_SEED=${SEED})`);
    // 1 in 100 for each stretch.
    expect(false_alarms).toBeLessThanOrEqual(2);
  });

  test('a shift in the middle of a stretch is found over time, and no change is blamed that was not there', () => {
    const { observations } = history(
      [
        [400, USUAL],
        [400, { ...USUAL, decision: { permit: 0.2, require_approval: 0.6, refuse: 0.2 } }],
      ],
      SEED,
    );
    const { alarms } = driftOf(observations, [], { steps: 1 });
    expect(alarms).toMatchObject([{ metric: 'decision', by: 'time', nearest: null }]);
    expect(alarms[0]!.shift.at.index).toBeGreaterThan(400);
    expect(alarms[0]!.shift.at.index).toBeLessThan(500);
  });

  test('changes with nothing between them begin one stretch; too little before says nothing', () => {
    const { observations } = history([[300, USUAL]], SEED);
    const change = (kind: Change['kind'], index: number): Change => ({
      ...{ kind, about: null, from: 'a', to: 'b', index, time: timeOf(index) },
    });
    const { stretches } = driftOf(observations, [change('release', 30), change('policy', 30), change('model', 30)], {
      steps: 1,
    });
    expect(stretches.map(({ began_with }) => began_with.map(({ kind }) => kind))).toEqual([
      [],
      ['release', 'policy', 'model'],
    ]);
    expect(stretches[1]!.comparisons.every(({ by }) => by === 'time')).toBe(true);
  });
});

describe('H6: the exact test', () => {
  test.each([
    // R: fisher.test(matrix(c(…))), each tail by alternative = "less" and "greater".
    [{ hits: 1, drawn: 4, kind: 4, total: 8 }, 2 * (17 / 70)],
    [{ hits: 4, drawn: 4, kind: 4, total: 8 }, 2 / 70],
    [{ hits: 0, drawn: 5, kind: 0, total: 10 }, 1],
    [{ hits: 2, drawn: 4, kind: 4, total: 8 }, 1],
  ])('%j', (table, p) => {
    expect(exactTest(table)).toBeCloseTo(p, 12);
  });

  test('never tells of a surprise more often than it says, whatever the share', () => {
    for (const [drawn, kind, total] of [
      [10, 3, 60],
      [25, 100, 225],
      [50, 20, 450],
    ] as const) {
      for (const alpha of [0.05, 0.001]) {
        let chance = 0;
        for (let hits = Math.max(0, drawn + kind - total); hits <= Math.min(drawn, kind); hits++)
          if (exactTest({ hits, drawn, kind, total }) <= alpha) chance += hypergeometric(hits, drawn, kind, total);
        expect(chance).toBeLessThanOrEqual(alpha);
      }
    }
  });
});

function hypergeometric(hits: number, drawn: number, kind: number, total: number): number {
  const choose = (n: number, k: number): number => {
    let product = 1;
    for (let i = 1; i <= k; i++) product *= (n - k + i) / i;
    return product;
  };
  return (choose(kind, hits) * choose(total - kind, drawn - hits)) / choose(total, drawn);
}
