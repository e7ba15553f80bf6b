import { measure } from './lib/measure.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';
import {
  agentGovernance,
  type Contender,
  casbin,
  cedarPlain,
  cedarPreparsed,
  handWritten,
  portreeve,
} from './policy/engines.ts';
import { requestOf, requestsOf, rulesOf } from './policy/workload.ts';

// Decisions a second and p50/p99 with 20, 200 and 2,000 rules: ours against plain Cedar, casbin, the agent governance
// toolkit and predicates by hand, in one run, on the same requests, after they were seen to answer the same.

const SIZES = [20, 200, 2000];
const quick = process.argv.includes('--quick');
const BUDGET = quick ? { calls: 3000, ms: 500 } : { calls: 30_000, ms: 4000 };

const results: Row[] = [];
const ours = new Map<number, number>();
let differing = 0;

for (const size of SIZES) {
  const rules = rulesOf(size);
  const asked = requestsOf(size);
  const contenders: Contender[] = [
    portreeve(rules),
    cedarPreparsed(rules),
    cedarPlain(rules),
    await casbin(rules),
    agentGovernance(rules),
    handWritten(rules),
  ];
  const [reference] = contenders as [Contender];
  const expected = await Promise.all(asked.slice(0, 64).map((one) => reference.allows(one)));
  if (new Set(expected).size !== 2) throw new Error('the requests must meet permits and refusals');
  for (const contender of contenders) {
    const answers = await Promise.all(asked.slice(0, 64).map((one) => contender.allows(one)));
    const same = answers.filter((answer, index) => answer === expected[index]).length;
    const timing = await measure((index) => contender.allows(asked[index % asked.length]!), BUDGET);
    if (contender.name.startsWith('cedar-wasm')) differing += answers.length - same;
    if (contender === reference) ours.set(size, timing.p50_us);
    results.push({ engine: contender.name, rules: size, ...timing, same_answers: `${same}/64`, note: contender.note });
  }
  const opened = asked.map(({ facts }, index) => ({ facts, request: requestOf({ ...facts, approvals: 1 }, index) }));
  const timing = await measure((index) => reference.allows(opened[index % opened.length]!), BUDGET);
  results.push({
    engine: 'portreeve, approved',
    rules: size,
    ...timing,
    same_answers: null,
    note: 'with an approval: what it opens is judged by the official engine as well',
  });
}

const median = ours.get(2000)!;
const bars: Bar[] = [
  { name: 'four layers at the median with 2,000 rules, ms', value: Number((median / 1000).toFixed(5)), bar: 0.05 },
  { name: 'time with 2,000 rules over time with 20', value: Number((median / ours.get(20)!).toFixed(3)), bar: 2.5 },
  { name: "answers other than Cedar's", value: differing, bar: 0 },
];
printReport({ bench: 'policy', results, bars });
