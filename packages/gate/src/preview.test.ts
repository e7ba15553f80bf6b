import { testVerdict } from '@portreeve/approve/testing';
import { digestOf, PREVIEW_BYTES_MAX, type Preview, type ToolContract } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ExecutionService } from './ports.ts';
import { type GateHarness, gateHarness } from './testing/harness.ts';
import type { Wish } from './wish.ts';

const publish = testContract({
  tier: 3,
  timeout_ms: 5_000,
  profiles: { short: [{ do: 'set', path: '/summary', to: 'short' }] },
  dry_run: { by: 'tool', tool: 'show_case_summary' },
});
const show = testContract({
  name: 'show_case_summary',
  effect: 'read',
  tier: 1,
  undo: 'irreversible',
  timeout_ms: 60_000,
  result: {
    type: 'object',
    properties: { before: {}, after: {} },
    required: ['before', 'after'],
    additionalProperties: false,
  },
});
const diff = { before: { title: 'old' }, after: { title: 'new' } };

function house(over: Parameters<typeof gateHarness>[0] = {}, tools: readonly ToolContract[] = [publish, show]) {
  const harness = gateHarness(over);
  harness.answer = () => ({ state: 'succeeded', status: 200, result: diff, duration_ms: 5 });
  const workflow = { ...harness.wish().workflow, tools: tools.map(({ name }) => name) };
  const wish = (more: Partial<Wish> = {}) => harness.wish({ contract: publish, tools, workflow, ...more });
  return { harness, wish };
}

/** Submits, and gives what the approval was opened with. */
async function shown(harness: GateHarness, wish: Wish, gate = harness.process('one').gate) {
  const result = await gate.submit(wish);
  if (result.status !== 'waiting') throw new Error(`not waiting but ${result.status}`);
  const approval = (await harness.approvals.get(result.approval))!;
  const preview = await harness.approvals.preview(approval);
  return { approval, preview: preview as Preview, gate };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('F2 F3: the preview of a proposal', () => {
  test('is made by the same gate before anybody is asked; its digest is on record', async () => {
    const { harness, wish } = house();
    const wanted = wish();
    const { approval, preview } = await shown(harness, wanted);
    expect(preview).toMatchObject({
      state: 'made',
      tool: 'show_case_summary',
      form: 'diff',
      declared: ['after', 'before'],
      result: diff,
      label: { integrity: 'untrusted' },
    });
    expect(approval.preview_digest).toBe(digestOf(preview));
    expect(harness.story()).toEqual([
      'proposal.submitted',
      'decision.made:permit',
      'decision.made:permit',
      'grant.issued',
      'execution.intent',
      'execution.result:succeeded',
      'proposal.submitted',
      'decision.made:approve',
      'approval.requested',
    ]);
    const [first] = harness.audit.drafts;
    expect(first).toMatchObject({ data: { preview_of: wanted.id, tool: 'show_case_summary' } });
    expect(harness.audit.drafts.at(-1)).toMatchObject({
      data: { preview: { digest: approval.preview_digest, proposal: preview.proposal, missing: null } },
    });
    expect(harness.calls).toHaveLength(1);
  });

  test('F5: a verdict that does not name what was shown does not count, and what does is used', async () => {
    const { harness, wish } = house();
    const wanted = wish();
    const { approval, gate } = await shown(harness, wanted);
    for (const preview_digest of [undefined, digestOf('another')]) {
      const verdict = await testVerdict(
        harness.clock,
        { ...approval, preview_digest: preview_digest ?? null },
        harness.people.ana,
        'approve',
      );
      await expect(harness.approvals.decide(verdict, harness.people.ana.principal)).rejects.toMatchObject({
        code: 'digest_mismatch',
      });
    }
    await harness.vote(approval.id);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    // At use nothing is looked at again: one call for the preview, one for the action.
    expect(harness.calls).toHaveLength(2);
  });

  test('a tool that offers none has none, and what nobody is asked about is not previewed', async () => {
    const { harness, wish } = house();
    const without = testContract({ tier: 3 });
    const { approval } = await shown(harness, wish({ contract: without }));
    expect(approval.preview_digest).toBeNull();
    expect(harness.calls).toEqual([]);
    const automatic = testContract({ ...publish, tier: 1, effect: 'read', undo: 'irreversible' });
    await harness.process('two').gate.submit(wish({ contract: automatic }));
    expect(harness.calls).toHaveLength(1);
  });

  test('of a narrowed proposal is of what will really be done', async () => {
    const base = gateHarness();
    const { harness, wish } = house({
      policy: {
        ...base.policy,
        decide(request) {
          const decision = base.policy.decide(request);
          if (request.kind !== 'act' || request.tool.name !== publish.name || request.args.summary === 'short')
            return decision;
          return { ...decision, outcome: 'narrow', remedies: [{ kind: 'narrow', profile: 'short' }] };
        },
      },
    });
    const { preview } = await shown(harness, wish());
    expect((await harness.stored(preview.proposal!)).proposal.args).toMatchObject({ summary: 'short' });
  });

  test('is not made twice after a crash, whenever the process dies', async () => {
    for (const point of ['before-grant', 'after-grant']) {
      const { harness, wish } = house();
      const wanted = wish();
      let crashes = 1;
      const dying = harness.process('dying', {
        debugpoint: (name) => {
          if (name === point && crashes-- > 0) throw new Error('crash');
        },
      });
      await expect(dying.gate.submit(wanted)).rejects.toThrow('crash');
      harness.bury('dying');
      const { preview } = await shown(harness, wanted, harness.process('next').gate);
      expect(preview).toMatchObject({ state: 'made' });
      expect(harness.calls).toHaveLength(1);
    }
    // After the call and before its approval.
    const { harness, wish } = house();
    const wanted = wish();
    const dying = harness.process('dying');
    let appends = 0;
    const { audit } = harness;
    const counted = audit.append;
    vi.spyOn(audit, 'append').mockImplementation(async (tx, drafts) => {
      if (drafts.some(({ type }) => type === 'approval.requested') && appends++ === 0) throw new Error('crash');
      await counted.call(audit, tx, drafts);
    });
    const before = harness.clock.now().toISOString();
    await expect(dying.gate.submit(wanted)).rejects.toThrow('crash');
    harness.bury('dying');
    harness.clock.advance(24 * 3_600_000);
    const { preview } = await shown(harness, wanted, harness.process('next').gate);
    // It is found again, and does not look younger than it is.
    expect(preview).toMatchObject({ state: 'made', made_at: before });
    expect(harness.calls).toHaveLength(1);
  });

  test('INV8: an unknown one is not repeated, and is no work for anybody', async () => {
    const { harness, wish } = house();
    const wanted = wish();
    const dying = harness.process('dying', {
      executorPoint: (name) => {
        if (name === 'after-call') throw new Error('crash');
      },
    });
    await expect(dying.gate.submit(wanted)).rejects.toThrow('crash');
    harness.bury('dying');
    const { preview } = await shown(harness, wanted, harness.process('next').gate);
    expect(preview).toMatchObject({ state: 'missing', why: 'unknown', text: expect.stringContaining('not known') });
    expect(harness.calls).toHaveLength(1);
    expect(harness.story()).not.toContain('handoff.opened:unknown_outcome');
  });

  test.each<[string, string, (h: GateHarness) => void]>([
    [
      'failed',
      'The dry run failed: the downstream answered 404',
      (h) => {
        h.answer = () => ({ state: 'failed', status: 404, reason: 'the downstream answered 404', duration_ms: 1 });
      },
    ],
    [
      'too_large',
      'The dry run gave more than',
      (h) => {
        const after = 'x'.repeat(PREVIEW_BYTES_MAX);
        h.answer = () => ({ state: 'succeeded', result: { before: null, after }, duration_ms: 1 });
      },
    ],
    [
      'too_large',
      'The dry run gave more than',
      (h) => {
        // As deep as an answer may be: a preview that holds it would be deeper.
        const deep = Array.from({ length: 31 }).reduce<unknown>((inner) => [inner], null);
        h.answer = () => ({ state: 'succeeded', result: { before: null, after: deep as never }, duration_ms: 1 });
      },
    ],
    [
      'refused',
      'Policy did not let the dry run be made: The tool is frozen.',
      (h) => {
        h.environment.freezes.push('tool:show_case_summary');
      },
    ],
  ])('%s: the approval is requested all the same, and says so', async (why, text, arrange) => {
    const { harness, wish } = house();
    arrange(harness);
    const { approval, preview } = await shown(harness, wish());
    expect(preview).toMatchObject({ state: 'missing', why, text: expect.stringContaining(text) });
    expect(approval).toMatchObject({ state: 'pending', preview_digest: digestOf(preview) });
    expect(harness.story().filter((each) => each.startsWith('handoff'))).toEqual([]);
    await harness.vote(approval.id);
  });

  test('INV3: where its record cannot be written there is neither a call nor an approval', async () => {
    for (const nth of [1, 2, 3]) {
      const { harness, wish } = house();
      harness.failAppend(nth);
      await expect(shown(harness, wish())).rejects.toMatchObject({ code: 'audit_unavailable' });
      expect(harness.calls).toEqual([]);
      expect(harness.story()).not.toContain('approval.requested');
    }
  });

  test('a dry run that policy would ask about is refused: nobody is asked about a preview', async () => {
    const asking = { ...show, tier: 3 as const };
    const { harness, wish } = house({}, [publish, asking]);
    const { preview } = await shown(harness, wish());
    expect(preview).toMatchObject({ state: 'missing', why: 'refused' });
    expect(harness.story().filter((each) => each === 'approval.requested')).toHaveLength(1);
    expect(harness.calls).toEqual([]);
  });

  test('a dry run outside of the workflow’s scope is refused', async () => {
    const { harness, wish } = house();
    const workflow = { ...wish().workflow, tools: [publish.name] };
    expect((await shown(harness, wish({ workflow }))).preview).toMatchObject({ state: 'missing', why: 'refused' });
    expect(harness.calls).toEqual([]);
  });

  test.each<[string, ToolContract[]]>([
    ['names a tool that is not there', [publish]],
    ['names a tool that has effects', [publish, { ...show, effect: 'write' }]],
    [
      'takes other arguments',
      [publish, { ...show, args: { type: 'object', properties: {}, additionalProperties: false } }],
    ],
  ])('a contract whose dry run %s has none', async (_name, tools) => {
    const { harness, wish } = house({}, tools);
    expect((await shown(harness, wish())).preview).toMatchObject({ state: 'missing', why: 'misconfigured' });
    expect(harness.calls).toEqual([]);
  });

  test('one that was made of other content is not shown', async () => {
    const { harness, wish } = house();
    const wanted = wish();
    const dying = harness.process('dying');
    const { audit } = harness;
    const append = audit.append;
    const spy = vi.spyOn(audit, 'append').mockImplementation(async (tx, drafts) => {
      if (drafts.some(({ type }) => type === 'approval.requested')) throw new Error('crash');
      await append.call(audit, tx, drafts);
    });
    await expect(dying.gate.submit(wanted)).rejects.toThrow('crash');
    spy.mockRestore();
    const other = { ...wanted, args: { case_id: 'case-7', summary: 'Something else.' } };
    expect((await shown(harness, other)).preview).toMatchObject({ state: 'missing', why: 'outdated' });
    expect(harness.calls).toHaveLength(1);
  });

  test('is not waited for longer than the tool’s time-out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { harness, wish } = house();
    let given: ToolContract | undefined;
    const { gate } = harness.process('one', {
      wrapExecution: (): Partial<ExecutionService> => ({
        async carry({ grant }) {
          given = (await harness.uow.transaction(grant))?.contract;
          return new Promise(() => undefined);
        },
      }),
    });
    const asked = shown(harness, wish(), gate);
    await vi.advanceTimersByTimeAsync(publish.timeout_ms - 1);
    expect(harness.story()).not.toContain('approval.requested');
    await vi.advanceTimersByTimeAsync(1);
    const { preview } = await asked;
    expect(preview).toMatchObject({ state: 'missing', why: 'late', text: expect.stringContaining('5000 ms') });
    expect(given).toMatchObject({ name: show.name, timeout_ms: publish.timeout_ms });
  });

  test('by rollback is in scope where the statement is', async () => {
    const statement = testContract({
      tier: 3,
      dry_run: { by: 'rollback' },
      binding: {
        connector: 'postgres',
        url: 'system://ledger/ledger',
        credential: 'ledger-role',
        tls: 'none',
        mode: 'write',
        statement: 'UPDATE cases SET summary = $2 WHERE id = $1',
        parameters: [
          { argument: 'case_id', type: 'text' },
          { argument: 'summary', type: 'text' },
        ],
      } as unknown as ToolContract['binding'],
    });
    const { harness, wish } = house({}, [statement]);
    harness.answer = () => ({ state: 'succeeded', result: { published: true }, duration_ms: 5 });
    const carried: ToolContract[] = [];
    const { gate } = harness.process('one', {
      wrapExecution: (execution) => ({
        issueGrant: (tx, wanted) => {
          carried.push(wanted.contract);
          return execution.issueGrant(tx, wanted);
        },
      }),
    });
    await shown(harness, wish({ contract: statement }), gate);
    expect(carried).toMatchObject([
      { name: `preview_${statement.name}`, effect: 'read', binding: { mode: 'rollback' } },
    ]);
  });
});
