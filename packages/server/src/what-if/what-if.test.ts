import { type PolicyRequest, systemClock } from '@portreeve/contract';
import { replayDecisions } from '@portreeve/policy';
import { actRequest } from '@portreeve/policy/testing';
import { beforeAll, expect, test } from 'vitest';
import { engineFor, type ProjectPolicies, projectPolicies } from '../config/policies.ts';
import { loadProject } from '../config/project.ts';
import type { DecisionLine } from '../http/views/decisions.ts';
import { PROJECT } from '../testing/server.ts';
import { createWhatIf, type PolicyFile } from './what-if.ts';

const DECISIONS = 730;
const ODD = `
@id("action.odd")
@code("odd")
@reason("Only even cases are looked up.")
@next("Take the next one.")
forbid (principal, action == Action::"act:look_up_owner", resource) when { context.args.case_id like "*odd" };
`;
const nobody = new AbortController().signal;

let policies: ProjectPolicies;
let recorded: readonly DecisionLine[];
beforeAll(async () => {
  policies = projectPolicies(await loadProject(PROJECT));
  const engine = engineFor(policies, systemClock);
  recorded = Array.from({ length: DECISIONS }, (_, n): DecisionLine => {
    const request = actRequest({
      workflow: { name: 'case-note', tools: ['look_up_owner'] },
      tool: { name: 'look_up_owner', effect: 'read' },
      args: { case_id: `CASE-${n}-${n % 3 === 0 ? 'odd' : 'even'}` },
    });
    const time = new Date(Date.UTC(2026, 10, 22) - n * 1000).toISOString();
    return { record: String(DECISIONS - n), time, ...plain({ request, decision: engine.decide(request) }) };
  });
});
const plain = (value: object) => JSON.parse(JSON.stringify(value));
async function* stream(lines: readonly DecisionLine[]) {
  yield* lines;
}
const files = (added = ''): PolicyFile[] =>
  createWhatIf(policies, PROJECT).in_force.files.map(({ name, text }) => ({
    name,
    text: name === 'action.cedar' ? text + added : text,
  }));

/** The rules of the action layer, and one that no other test has. */
const rulesWith = (text: string): string =>
  policies.base.action[0]!.text + ODD.replace('action.odd', `action.odd-${text.length}`).replace('*odd', '*neither');

test('C7: a thread finds what is found without one, and the process goes on with its own work meanwhile', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const candidate = await createWhatIf(policies, PROJECT).open(files(ODD), nobody);
  clearInterval(timer);
  // To check the rules takes a second of computing.
  expect(ticks).toBeGreaterThan(20);
  const found = await candidate.replay(stream(recorded), DECISIONS);
  await candidate.close();

  const base = { ...policies.base, action: [{ file: 'action.cedar', text: policies.base.action[0]!.text + ODD }] };
  const engine = engineFor({ ...policies, base }, systemClock);
  const told = await replayDecisions(stream(recorded) as never, engine);
  expect(candidate.policy_version).toBe(engine.version);
  expect(found).toEqual({ ...told, cut: null, earliest: recorded.at(-1)!.time });
  expect(found).toMatchObject({ total: DECISIONS, changed_total: Math.ceil(DECISIONS / 3), cannot_judge: [] });
});

test('C7: what is not judged because of a bound is said, and how far it went', async () => {
  const some = await createWhatIf(policies, PROJECT).open(files(ODD), nobody);
  const cut = { total: 101, cut: 'limit', earliest: recorded[100]!.time };
  expect(await some.replay(stream(recorded), 101)).toMatchObject(cut);
  await some.close();
  const none = await createWhatIf(policies, PROJECT, -1).open(files(ODD), nobody);
  expect(await none.replay(stream(recorded), 101)).toMatchObject({ total: 0, cut: 'time', earliest: null });
  await none.close();
});

test('C7: a thread that fails gives no result and holds nobody up', async () => {
  const whatIf = createWhatIf(policies, PROJECT);
  const candidate = await whatIf.open(files(), nobody);
  const broken = [{ ...recorded[0]!, decision: { outcome: 'perhaps' } }];
  await expect(candidate.replay(stream(broken), 10)).rejects.toMatchObject({ code: 'unavailable' });
  await candidate.close();
  const next = await whatIf.open(files(), nobody);
  // Whoever was before closes once more, and nothing of this one.
  await candidate.close();
  await expect(whatIf.open(files(), nobody)).rejects.toMatchObject({ code: 'too_many_attempts' });
  expect(await next.replay(stream(recorded), 10)).toMatchObject({ total: 10, same: 10 });
  await next.close();
});

test('C7: rules that break the engine which reads them break that of the thread alone', async () => {
  const whatIf = createWhatIf(policies, PROJECT);
  const engine = engineFor(policies, systemClock);
  const { request, decision } = recorded[0]! as never as { request: PolicyRequest; decision: { outcome: string } };
  for (const deep of [
    `${'('.repeat(2000)}true${')'.repeat(2000)}`,
    `${'['.repeat(20_000)}1${']'.repeat(20_000)} == 1`,
  ]) {
    const opening = whatIf.open(files(ODD.replace('context.args.case_id like "*odd"', deep)), nobody);
    await expect(opening).rejects.toMatchObject({
      code: 'candidate_broken',
      errors: [{ message: expect.stringMatching(/^they cannot be read: .*nested or chained/) }],
    });
    expect(engine.decide(request).outcome).toBe(decision.outcome);
    // The official engine reads what it has not read before.
    const fresh = { ...policies, base: { ...policies.base, action: [{ file: 'a.cedar', text: rulesWith(deep) }] } };
    expect(engineFor(fresh, systemClock).decide(request).outcome).toBe(decision.outcome);
  }
});

test('C7: who left before the rules were checked is not answered', async () => {
  const whatIf = createWhatIf(policies, PROJECT);
  await expect(whatIf.open(files(), AbortSignal.abort())).rejects.toMatchObject({ code: 'conflict' });
  await (await whatIf.open(files(), nobody)).close();
});

test('C7: a fault beside the candidate is named by a path that says nothing of the machine', async () => {
  const [own] = policies.tightening[0]!.layers.action;
  const id = /@id\("([^"]+)"\)/.exec(own!.text)![1]!;
  const twice = ODD.replace('action.odd', id);
  for (const [root, path] of [
    [PROJECT, 'workflows/case-note/policies/action.cedar'],
    ['/elsewhere', 'case-note/action.cedar'],
  ] as const) {
    const opening = createWhatIf(policies, root).open(files(twice), nobody);
    await expect(opening).rejects.toMatchObject({
      code: 'candidate_broken',
      errors: [{ path: expect.stringMatching(new RegExp(`^${path}:\\d+$`)), message: expect.stringContaining(id) }],
    });
  }
});
