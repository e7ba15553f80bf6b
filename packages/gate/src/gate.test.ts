import {
  BOTTOM,
  type Decision,
  digestOf,
  type Evidence,
  fixedClock,
  Labelled,
  newId,
  type PolicyDecider,
  type ToolContract,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { TEST_NOW, testContract, testDecision } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import type { GateResult } from './result.ts';
import { gateHarness } from './testing/index.ts';

/** A reversible write of tier 1: goes on by itself. */
const tier = (number: 1 | 2 | 3 | 4, over: Partial<ToolContract> = {}) =>
  testContract({
    tier: number,
    effect: 'write',
    undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
    ...(over as object),
  });
const setUp = (options: Parameters<typeof gateHarness>[0] = {}) => {
  const harness = gateHarness(options);
  return { ...harness, harness, gate: harness.process('one').gate };
};
const waiting = (result: GateResult) => {
  if (result.status !== 'waiting') throw new Error(`it is ${result.status}`);
  return result.approval;
};

describe('the ways of a proposal', () => {
  test('F1 G3: what is too large to be put on record is refused before anything is, and never waits for ever', async () => {
    const { gate, wish, story } = setUp();
    const wanted = wish({ contract: tier(3), args: { case_id: 'case-7', summary: 'x'.repeat(700 * 1024) } });
    await expect(gate.submit(wanted)).rejects.toMatchObject({
      code: 'bad_input',
      detail: expect.stringContaining('too large'),
    });
    expect(story()).toEqual([]);
  });

  test('H6: a call that has succeeded before is on record as such; one of another run, or of other words, is not', async () => {
    const { gate, wish, audit } = setUp();
    const [run, other] = [newId('run', fixedClock(TEST_NOW)), newId('run', fixedClock(TEST_NOW))];
    const contract = tier(1);
    const args = { case_id: 'case-7', summary: 'Other words.' };
    for (const over of [{ run }, { run }, { run: other }, { run, args }])
      expect(await gate.submit(wish({ contract, ...over }))).toMatchObject({ status: 'succeeded' });
    const codes = audit.of('proposal.submitted').map(({ refs }) => refs?.codes ?? []);
    expect(codes).toEqual([[], ['repeated_call'], [], []]);
  });

  test('F1 G1 INV1: permitted: decided, granted, executed and recorded, in this order', async () => {
    const { gate, wish, story, calls, stored, audit, moves } = setUp();
    const wanted = wish({ contract: tier(1) });
    const result = await gate.submit(wanted);
    expect(result).toMatchObject({ status: 'succeeded' });
    expect(calls).toHaveLength(1);
    expect(moves).toEqual(['proposed→approved', 'approved→granted', 'granted→succeeded']);
    expect(story()).toEqual([
      'proposal.submitted',
      'decision.made:permit',
      'decision.made:permit',
      'grant.issued',
      'execution.intent',
      'execution.result:succeeded',
    ]);
    expect(audit.of('decision.made').map(({ data }) => data.phase)).toEqual(['submit', 'at_use']);
    expect(await stored(wanted.id)).toMatchObject({ state: 'succeeded', approval: null, handoff: null });
    expect(await gate.get(wanted.id)).toEqual(await stored(wanted.id));
  });

  test('C2 C3 INV3: notify goes on, and its groups are told in the transaction that lets it go on', async () => {
    const { gate, wish, story, calls, notices } = setUp();
    // Cut in the middle of a character that has two halves.
    const wanted = wish({ contract: tier(2), rationale: '😀'.repeat(2000) });
    expect(await gate.submit(wanted)).toMatchObject({ status: 'succeeded' });
    expect(calls).toHaveLength(1);
    expect(story()).toEqual([
      'proposal.submitted',
      'decision.made:notify',
      'decision.made:notify',
      'notice.posted:notify',
      'grant.issued',
      'execution.intent',
      'execution.result:succeeded',
    ]);
    const [notice] = await notices.list({ groups: ['case-approvers', 'others'], limit: 10 });
    expect(notice).toMatchObject({ proposal: wanted.id, run: wanted.run, groups: ['case-approvers'] });
    expect(notice!.text).toMatch(/^publish_case_summary 1\.0\.0 goes ahead for rita: 😀/);
    expect(notice!.text.isWellFormed()).toBe(true);
    expect(await notices.list({ groups: ['others'], limit: 10 })).toEqual([]);
  });

  test('C3 F3: approval: waits, is decided again with the approval and again at use, and acts once', async () => {
    const { gate, wish, vote, story, calls, moves, audit, approvals, clock } = setUp();
    const wanted = wish();
    const first = await gate.submit(wanted);
    expect(first).toMatchObject({
      status: 'waiting',
      expires_at: new Date(clock.now().getTime() + 60 * 60_000).toISOString(),
    });
    expect(await gate.resume(wanted.id)).toEqual(first);
    expect(calls).toHaveLength(0);
    const id = waiting(first);
    expect(await approvals.get(id)).toMatchObject({ groups: ['case-approvers'], quorum: 1, proposal: wanted.id });

    await vote(id);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(calls).toHaveLength(1);
    expect(moves).toEqual([
      'proposed→awaiting_approval',
      'awaiting_approval→approved',
      'approved→granted',
      'granted→succeeded',
    ]);
    expect(story()).toEqual([
      'proposal.submitted',
      'decision.made:approve',
      'approval.requested',
      'approval.verdict:approve',
      'approval.closed:approved',
      'decision.made:permit',
      'decision.made:permit',
      'grant.issued',
      'execution.intent',
      'execution.result:succeeded',
    ]);
    expect(audit.of('decision.made').map(({ data }) => data.phase)).toEqual(['submit', 'after_approval', 'at_use']);
    for (const { data } of audit.of('decision.made')) {
      expect(data.decision.request_digest).toBe(digestOf(data.request));
      expect(data.request).toMatchObject({
        kind: 'act',
        args: wanted.args,
        approval: data.phase === 'submit' ? null : {},
      });
    }
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(calls).toHaveLength(1);
  });

  test('F4: a workflow of critical risk needs two people', async () => {
    const { gate, wish, vote, calls } = setUp();
    const wanted = wish();
    const critical = { ...wanted, workflow: { ...wanted.workflow, tier: 'critical' as const } };
    const id = waiting(await gate.submit(critical));
    await vote(id, 'ana');
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'waiting' });
    expect(calls).toHaveLength(0);
    await vote(id, 'bo');
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
  });

  test('F4: denied by a person: nothing is done, whatever comes later', async () => {
    const { gate, wish, vote, calls, moves } = setUp();
    const wanted = wish();
    const id = waiting(await gate.submit(wanted));
    await vote(id, 'ana', 'deny');
    const denied = { status: 'denied', approval: id, by: 'person' };
    expect(await gate.resume(wanted.id)).toEqual(denied);
    await expect(vote(id, 'bo')).rejects.toMatchObject({ code: 'approval_closed' });
    expect(await gate.submit(wanted)).toEqual(denied);
    expect(moves).toEqual(['proposed→awaiting_approval', 'awaiting_approval→denied']);
    expect(calls).toHaveLength(0);
  });

  test('F4: nobody answers in time: that is a denial', async () => {
    const { gate, wish, vote, calls, clock } = setUp();
    const wanted = wish();
    const id = waiting(await gate.submit(wanted));
    clock.advance(60 * 60_000);
    expect(await gate.resume(wanted.id)).toEqual({ status: 'denied', approval: id, by: 'time-out' });
    await expect(vote(id)).rejects.toMatchObject({ code: 'approval_closed' });
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'denied' });
    expect(calls).toHaveLength(0);
  });

  test('C2 C3 I8: refused: the reasons come back, and a person finds the work in the queue', async () => {
    const { gate, wish, story, calls, handoffs, moves } = setUp();
    const wanted = wish({ contract: tier(4) });
    const result = await gate.submit(wanted);
    expect(result).toMatchObject({ status: 'refused', decision: { outcome: 'refuse' } });
    expect(calls).toHaveLength(0);
    expect(moves).toEqual(['proposed→refused']);
    expect(story()).toEqual(['proposal.submitted', 'decision.made:refuse', 'handoff.opened:refused']);
    const [work] = await handoffs.list({ states: ['open'] });
    expect(work).toMatchObject({
      kind: 'refused',
      run: wanted.run,
      proposal: wanted.id,
      why: 'Tier 4 (deletions, filings, large sums, privileges) is done by people only.',
      next: 'Hand it to a person: the queue takes it with all that was prepared.',
      context: { tool: 'publish_case_summary', args: { case_id: 'case-7' }, reasons: ['people_only'] },
    });
    await gate.submit(wanted);
    expect(await handoffs.list({})).toHaveLength(1);
  });

  test('A3: a tool that the workflow does not declare is refused and named', async () => {
    const { gate, wish, calls } = setUp();
    const wanted = wish({ contract: tier(1) });
    const result = await gate.submit({ ...wanted, workflow: { ...wanted.workflow, tools: ['other_tool'] } });
    if (result.status !== 'refused') throw new Error(result.status);
    expect(result.decision.reasons.map((reason) => reason.code)).toContain('out_of_scope');
    expect(result.decision.next).toContain('publish_case_summary');
    expect(calls).toHaveLength(0);
  });

  test('C2: where people are asked, the decision says until when, stored and on record', async () => {
    const { gate, wish, harness } = setUp();
    const wanted = wish({ approval_timeout_minutes: 90 });
    expect(await gate.submit(wanted)).toMatchObject({ status: 'waiting' });
    const until = 'It is asked for 90 minutes, and denied if it is not approved by then.';
    expect((await harness.stored(wanted.id)).decision.next).toContain(until);
    expect(harness.audit.of('decision.made')[0]?.data.decision.next).toContain(until);
    const alone = wish({ contract: tier(1) });
    await gate.submit(alone);
    expect((await harness.stored(alone.id)).decision.next).not.toContain('It is asked for');
  });

  test.each(['narrow', 'refuse'] as const)('C2 C4 INV2: the outcome %s is never a permit', async (outcome) => {
    const { gate, wish, calls, moves } = setUp({
      policy: deciderOf({ outcome, remedies: [{ kind: 'narrow', profile: 'read-only' }] }),
    });
    expect(await gate.submit(wish({ contract: tier(1) }))).toMatchObject({ status: 'refused' });
    expect(moves).toEqual(['proposed→refused']);
    expect(calls).toHaveLength(0);
  });

  test('C4 INV2: where deciding breaks, nothing is stored and nothing is done', async () => {
    const broken: PolicyDecider = {
      ...deciderOf({}),
      decide: () => {
        throw new Error('the policy engine broke');
      },
    };
    const { gate, wish, calls, audit } = setUp({ policy: broken });
    const wanted = wish({ contract: tier(1) });
    await expect(gate.submit(wanted)).rejects.toThrow('the policy engine broke');
    expect(await gate.get(wanted.id)).toBeNull();
    expect(audit.drafts).toEqual([]);
    expect(calls).toHaveLength(0);
  });

  test('resume needs a proposal', async () => {
    const { gate, harness } = setUp();
    await expect(gate.resume(newId('proposal', harness.clock))).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('labels decide', () => {
  const document = { ...BOTTOM, integrity: 'untrusted' as const, origins: ['case-logs'] };

  test('D6: a target that an untrusted document names needs a person, with the same tool', async () => {
    const { gate, wish } = setUp();
    const args = (value: unknown) => ({ case_id: new Labelled(value, document), summary: 'fixed' });
    const contract = tier(1);
    expect(await gate.submit(wish({ contract, args: args('case-7') }))).toMatchObject({ status: 'succeeded' });
    expect(await gate.submit(wish({ contract, args: args('case-8') }))).toMatchObject({ status: 'waiting' });
  });

  test('A2 D5: data above the clearance of the sink is refused, also where it came by evidence alone', async () => {
    const { gate, wish, calls } = setUp();
    const evidence = new Labelled<readonly Evidence[]>([], { ...document, confidentiality: 'restricted' });
    const result = await gate.submit(wish({ contract: tier(1), evidence }));
    if (result.status !== 'refused') throw new Error(result.status);
    expect(result.decision.reasons.map((reason) => reason.code)).toEqual(['not_cleared']);
    expect(calls).toHaveLength(0);
  });

  test('INV1: an id that stands for one action is refused for another tool, and for other arguments', async () => {
    const { gate, wish, calls, story } = setUp();
    const wanted = wish();
    expect(await gate.submit(wanted)).toMatchObject({ status: 'waiting' });
    const before = story().length;
    const other = { ...wanted, args: { case_id: 'case-7', summary: 'Another.' } };
    const renamed = { ...wanted, contract: testContract({ name: 'another_tool' }) };
    for (const wrong of [other, renamed])
      await expect(gate.submit(wrong)).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    expect(await gate.submit(wanted)).toMatchObject({ status: 'waiting' });
    expect(story()).toHaveLength(before);
    expect(calls).toEqual([]);
  });

  test('INV1: an id that another process has taken meanwhile for another action is refused', async () => {
    let late = false;
    const { gate, wish } = setUp({
      wrapStore: (store) => ({
        ...store,
        async get(id) {
          const unseen = late;
          late = false;
          return unseen ? null : store.get(id);
        },
      }),
    });
    const wanted = wish();
    await gate.submit(wanted);
    late = true;
    const other = { ...wanted, args: { case_id: 'case-7', summary: 'Another.' } };
    await expect(gate.submit(other)).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  });

  test('D5 INV7: the answer of the tool carries the whole influence, and is untrusted', async () => {
    const { gate, wish } = setUp();
    const label = { ...BOTTOM, confidentiality: 'internal' as const, categories: [], origins: ['crm', 'model:m'] };
    const result = await gate.submit(
      wish({ contract: tier(1), args: { case_id: 'case-7', summary: new Labelled('text', label) } }),
    );
    if (result.status !== 'succeeded') throw new Error(result.status);
    expect(open(result.result)).toEqual({ published: true });
    expect(result.result.label).toEqual({
      integrity: 'untrusted',
      confidentiality: 'internal',
      categories: [],
      origins: ['crm', 'model:m', 'tool:publish_case_summary'],
    });
  });

  test.each([
    ['is internal where its contract does not say', {}, { confidentiality: 'internal', categories: [] }],
    [
      'is as secret as its contract says',
      { secrecy: { confidentiality: 'restricted' as const, categories: ['health' as const] } },
      { confidentiality: 'restricted', categories: ['health'] },
    ],
  ])('A2: the answer of the tool %s', async (_, over, secrecy) => {
    const { gate, wish, calls } = setUp();
    const read = tier(1, { effect: 'read', ...over });
    const found = await gate.submit(wish({ contract: read }));
    if (found.status !== 'succeeded') throw new Error(found.status);
    expect(found.result.label).toMatchObject(secrecy);
    // So it goes to no tool that is not cleared for it.
    const clearance = { confidentiality: 'internal' as const, categories: [] };
    const args = { case_id: 'case-7', summary: new Labelled('x', found.result.label) };
    const sent = await gate.submit(wish({ contract: tier(1, { clearance }), args }));
    expect([sent.status, calls.length]).toEqual('secrecy' in over ? ['refused', 1] : ['succeeded', 2]);
  });

  test('F3: the proposal names the evidence that the arguments cite, or else all that was shown', async () => {
    const { gate, wish, stored, clock } = setUp();
    const items = [1, 2, 3].map((position) => ({
      id: newId('evidence', clock),
      source: 'case-logs',
      position,
      fields: {},
    }));
    const evidence = new Labelled<readonly Evidence[]>(items, document);
    const of = async (summary: string) => {
      const wanted = wish({ args: { case_id: 'case-7', summary }, evidence });
      await gate.submit(wanted);
      return (await stored(wanted.id)).proposal.evidence;
    };
    expect(await of(items[1]!.id)).toEqual([items[1]!.id]);
    expect(await of('cites nothing, and ev_invented')).toEqual(items.map((item) => item.id));
  });
});

function deciderOf(over: Partial<Decision>): PolicyDecider {
  const { clock } = gateHarness();
  const decision = testDecision(clock, over);
  return { version: decision.policy_version as `sha256:${string}`, decide: () => decision };
}
