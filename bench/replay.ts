import { type Decision, type PolicyRequest, systemClock } from '@portreeve/contract';
import { createPolicyEngine, type RecordedDecision, replayDecisions } from '@portreeve/policy';
import { printReport } from './lib/report.ts';
import { cedarLayers, requestsOf, rulesOf } from './policy/workload.ts';

// What-if over recorded decisions: a million of them, as lines of JSON like those that the server streams, judged anew by
// a candidate of 200 rules and one. The outcome of each is known beforehand, and the counts must be exact.

const quick = process.argv.includes('--quick');
const DECISIONS = quick ? 50_000 : 1_000_000;
const DISTINCT = 2000;
const MARK = '\u27e6personal:email:16:0123456789abcdef\u27e7';

const rules = rulesOf(200);
const layers = cedarLayers(rules);
const live = createPolicyEngine({ layers, clock: systemClock });
const candidate = createPolicyEngine({
  layers: {
    ...layers,
    data: [
      ...layers.data,
      {
        file: 'candidate.cedar',
        text: '@id("data.candidate") @code("bench") @reason("A rule of the bench.")\nforbid (principal, action == Action::"act", resource) when { context.influence.level == 1 };\n',
      },
    ],
  },
  clock: systemClock,
});

type Kind = 'whole' | 'unseen' | 'seen' | 'lacking';
/** Of a hundred records: in five a value was redacted that no rule sees, in one a fact, and one lacks a fact. */
const kindOf = (index: number): Kind => {
  const place = index % 100;
  return place < 5 ? 'unseen' : place === 5 ? 'seen' : place === 6 ? 'lacking' : 'whole';
};

const asked = requestsOf(200);
const lines: string[] = [];
const expected = { same: 0, changed: 0, cannot: 0 };
const outcomes: ('same' | 'changed' | 'cannot')[] = [];
for (let index = 0; index < DISTINCT; index++) {
  const { request } = asked[index % asked.length]!;
  const level = index % 7 === 0 ? 'internal' : request.influence.confidentiality;
  const whole: PolicyRequest = {
    ...request,
    args: { ...request.args, note: `number ${index} to ada@example.org` },
    influence: { ...request.influence, confidentiality: level },
  };
  const decision: Decision = live.decide(whole);
  const kind = kindOf(index);
  const { influence: _, ...lacking } = whole;
  const recorded =
    kind === 'unseen'
      ? { ...whole, args: { ...whole.args, note: `number ${index} to ${MARK}` } }
      : kind === 'seen'
        ? { ...whole, principal: { ...whole.principal, groups: [MARK] } }
        : kind === 'lacking'
          ? lacking
          : whole;
  lines.push(JSON.stringify({ index, request: recorded, decision }));
  const differs = candidate.decide(whole).outcome !== decision.outcome;
  outcomes.push(kind === 'seen' || kind === 'lacking' ? 'cannot' : differs ? 'changed' : 'same');
}
for (let index = 0; index < DECISIONS; index++) expected[outcomes[index % DISTINCT]!] += 1;
if (Object.values(expected).some((count) => count === 0)) throw new Error('the records must meet every case');

async function* recorded(): AsyncGenerator<RecordedDecision> {
  for (let index = 0; index < DECISIONS; index++) {
    const { request, decision } = JSON.parse(lines[index % DISTINCT]!) as RecordedDecision;
    yield { request, decision, record: String(index) };
  }
}

const before = process.memoryUsage.rss();
let peak = before;
const start = performance.now();
const replay = await replayDecisions(recorded(), candidate, ({ total }) => {
  peak = Math.max(peak, process.memoryUsage.rss());
  if (process.stderr.isTTY && total % 50_000 === 0) process.stderr.write(`\r${total} of ${DECISIONS}`);
});
const seconds = (performance.now() - start) / 1000;
const cannot = replay.cannot_judge.reduce((sum, { count }) => sum + count, 0);
const wrong =
  Math.abs(replay.same - expected.same) +
  Math.abs(replay.changed_total - expected.changed) +
  Math.abs(cannot - expected.cannot);
const mb = (bytes: number) => Math.round(bytes / 2 ** 20);

printReport({
  bench: 'replay',
  results: [
    {
      decisions: DECISIONS,
      rules: candidate.rules.length,
      seconds: Number(seconds.toFixed(1)),
      per_second: Math.round(DECISIONS / seconds),
      same: replay.same,
      changed: replay.changed_total,
      cannot_judge: cannot,
      memory_before_mb: mb(before),
      memory_peak_mb: mb(peak),
    },
  ],
  bars: [
    { name: 'results other than those known beforehand', value: wrong, bar: 0 },
    { name: 'minutes for a million decisions', value: Number((((seconds / DECISIONS) * 1e6) / 60).toFixed(2)), bar: 5 },
    { name: 'memory grown at its peak, MB', value: mb(peak - before), bar: 256 },
  ],
});
