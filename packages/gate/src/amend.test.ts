import {
  digestOf,
  fixedClock,
  isPortreeveError,
  type JsonObject,
  type PolicyDecider,
  proposalDigest,
  requestersOf,
} from '@portreeve/contract';
import { TEST_NOW, testContract, testDecision } from '@portreeve/execute/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Amendment, amended } from './amend.ts';
import { gateHarness } from './testing/index.ts';

/** A policy that asks two people, with passkeys, about one summary, and nobody about any other. */
const asksAbout = (summary: string): PolicyDecider => ({
  version: digestOf('policy'),
  decide: (request) => {
    const asks = request.kind === 'act' && request.args.summary === summary;
    return {
      ...testDecision(clock, { outcome: asks ? 'approve' : 'permit' }),
      remedies: asks ? [{ kind: 'approval', groups: ['case-approvers'], quorum: 2, signature: 'passkey' }] : [],
    };
  },
});
const clock = fixedClock(TEST_NOW);
const WAIT = { case_id: 'case-7', summary: 'All is well.' };

async function waiting(over: Parameters<ReturnType<typeof gateHarness>['wish']>[0] = {}) {
  const harness = gateHarness();
  const { gate } = harness.process('one');
  const wanted = harness.wish(over);
  const first = await gate.submit(wanted);
  if (first.status !== 'waiting') throw new Error(first.status);
  const amend = (
    args: JsonObject,
    person: 'ana' | 'bo' | 'requester' = 'ana',
    change: Partial<Amendment> = {},
    id = first.approval,
  ) => gate.amend(id, { args, reason: 'It says too much.', by: harness.people[person].principal, ...change });
  return { ...harness, harness, gate, wanted, approval: first.approval, amend };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return error.code;
}

describe('F4: a reviewer amends', () => {
  test('F3 INV5: it is a new proposal, decided and asked about anew, linked both ways; the first one ends as amended', async () => {
    const { gate, amend, wanted, approval, stored, approvals, audit, people, moves } = await waiting();
    const asked = await amend({ ...WAIT, summary: 'Shorter.' });
    const before = await stored(wanted.id);
    const after = await stored(before.amended_by!);
    expect((await approvals.get(approval))?.state).toBe('amended');
    expect(before).toMatchObject({ state: 'amended', approval });
    expect(after).toMatchObject({ state: 'awaiting_approval', approval: asked.id, amended_by: null });
    expect(after.proposal).toMatchObject({
      args: { case_id: 'case-7', summary: 'Shorter.' },
      principal: before.proposal.principal,
      influence: before.proposal.influence,
      amends: { proposal: wanted.id, digest: before.proposal.digest, by: [people.ana.principal.id] },
      provenance: [
        { path: '/case_id', kind: 'request' },
        { path: '/summary', kind: 'reviewer', origins: [people.ana.principal.id] },
      ],
    });
    expect(after.proposal.digest).toBe(proposalDigest(after.proposal));
    expect(after.decision.id).not.toBe(before.decision.id);
    expect(asked).toMatchObject({
      state: 'pending',
      proposal_digest: after.proposal.digest,
      decision: after.decision.id,
    });
    expect(asked.requesters).toEqual(requestersOf(after.proposal));
    expect(moves).toEqual(['proposed→awaiting_approval', 'proposed→awaiting_approval', 'awaiting_approval→amended']);
    expect(audit.of('approval.amended')).toMatchObject([
      {
        actor: { id: people.ana.principal.id },
        refs: { approval, proposal: wanted.id },
        data: {
          proposal: after.proposal.id,
          proposal_digest: after.proposal.digest,
          approval: asked.id,
          reason: 'It says too much.',
        },
      },
    ]);
    expect(audit.of('approval.closed').map(({ outcome }) => outcome)).toEqual(['amended']);
    expect(audit.of('proposal.submitted').at(-1)).toMatchObject({
      actor: { id: people.ana.principal.id },
      data: { amends: { proposal: wanted.id } },
    });
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'waiting', approval: asked.id });
  });

  test('SPEC 5: who amended cannot approve it; another can, and then exactly the amendment is done', async () => {
    const { gate, amend, wanted, vote, calls, audit } = await waiting();
    const asked = await amend({ ...WAIT, summary: 'Shorter.' });
    expect(await codeOf(vote(asked.id, 'ana'))).toBe('approver_is_requester');
    await vote(asked.id, 'bo');
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded', amended: true });
    expect(calls).toMatchObject([{ call: { args: { summary: 'Shorter.' } } }]);
    expect(calls).toHaveLength(1);
    // Submitted again by whoever asked first, nothing is done twice.
    expect(await gate.submit(wanted)).toMatchObject({ status: 'succeeded' });
    expect(calls).toHaveLength(1);
    expect(audit.of('grant.issued')).toHaveLength(1);
  });

  test('F4 I5: what its caller carries out is not amended: the caller would act on the arguments that it asked with', async () => {
    const binding = { connector: 'caller' } as const;
    const { amend, wanted, stored, calls } = await waiting({ contract: testContract({ binding }) });
    expect(await codeOf(amend({ ...WAIT, summary: 'Shorter.' }))).toBe('refused');
    expect(await stored(wanted.id)).toMatchObject({ state: 'awaiting_approval', amended_by: null });
    expect(calls).toEqual([]);
  });

  test('a denial of the amendment ends what was first asked for too', async () => {
    const { gate, amend, wanted, vote, calls } = await waiting();
    const asked = await amend({ ...WAIT, summary: 'Shorter.' });
    await vote(asked.id, 'bo', 'deny');
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'denied', approval: asked.id, by: 'person' });
    expect(calls).toEqual([]);
  });

  test('INV1: a verdict on the amended one counts for nothing, and its approval opens no way any more', async () => {
    const { gate, amend, wanted, vote, approval, approvalStore, calls } = await waiting();
    await amend({ ...WAIT, summary: 'Shorter.' });
    expect(await codeOf(vote(approval, 'bo'))).toBe('approval_closed');
    approvalStore.tamper(approval, (row) => ({ ...row, state: 'approved' }));
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'waiting' });
    expect(calls).toEqual([]);
  });

  test('others are asked no less than before, also where policy would let the amendment go unasked', async () => {
    const harness = gateHarness({ policy: asksAbout('All is well.') });
    const { gate } = harness.process('one');
    const wanted = harness.wish();
    const first = await gate.submit(wanted);
    if (first.status !== 'waiting') throw new Error(first.status);
    const before = (await harness.approvals.get(first.approval))!;
    expect(before).toMatchObject({ quorum: 2, signature: 'passkey' });
    const by = harness.people.ana.principal;
    const asked = await gate.amend(first.approval, {
      args: { ...WAIT, summary: 'Shorter.' },
      reason: 'It says too much.',
      by,
    });
    const after = await harness.stored((await harness.stored(wanted.id)).amended_by!);
    expect(after).toMatchObject({ state: 'awaiting_approval', decision: { outcome: 'permit' } });
    expect(asked).toMatchObject({ quorum: 2, signature: 'passkey', groups: before.groups, state: 'pending' });
  });

  test('two who amend one after the other: neither may approve, and the chain is in the digest', async () => {
    const { gate, amend, wanted, vote, stored, people } = await waiting();
    const one = await amend({ ...WAIT, summary: 'Shorter.' }, 'ana');
    const two = await amend({ ...WAIT, summary: 'Shorter still.' }, 'bo', {}, one.id);
    expect(two.requesters).toEqual(expect.arrayContaining([people.ana.principal.id, people.bo.principal.id]));
    for (const person of ['ana', 'bo'] as const)
      expect(await codeOf(vote(two.id, person))).toBe('approver_is_requester');
    const last = await stored((await stored((await stored(wanted.id)).amended_by!)).amended_by!);
    expect(last.proposal.amends?.by).toEqual([people.ana.principal.id, people.bo.principal.id]);
    expect(
      proposalDigest({ ...last.proposal, amends: { ...last.proposal.amends!, by: [people.bo.principal.id] } }),
    ).not.toBe(last.proposal.digest);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'waiting', approval: two.id });
  });
});

describe('F4: what is no amendment', () => {
  const cases: [string, (at: Awaited<ReturnType<typeof waiting>>) => Promise<unknown>, string][] = [
    ['who asked', ({ amend }) => amend({ ...WAIT, summary: 'x' }, 'requester'), 'approver_is_requester'],
    ['the same arguments', ({ amend }) => amend(WAIT), 'bad_request'],
    ['arguments that do not fit', ({ amend }) => amend({ ...WAIT, more: 1 }), 'bad_input'],
    ['no reason', ({ amend }) => amend({ ...WAIT, summary: 'x' }, 'ana', { reason: '.  .' }), 'reason_required'],
    [
      'an agent of an approver',
      ({ amend, people }) =>
        amend({ ...WAIT, summary: 'x' }, 'ana', {
          by: { ...people.ana.principal, act: [{ id: 'agent:a', kind: 'agent' }] },
        }),
      'approver_not_eligible',
    ],
    [
      'somebody outside the groups',
      ({ amend, people }) =>
        amend({ ...WAIT, summary: 'x' }, 'ana', { by: { ...people.ana.principal, groups: ['others'] } }),
      'approver_not_eligible',
    ],
    [
      'one that is over',
      async ({ amend, clock }) => {
        clock.advance(61 * 60_000);
        return amend({ ...WAIT, summary: 'x' });
      },
      'approval_closed',
    ],
    [
      'what policy refuses',
      ({ amend, environment }) => {
        environment.freezes.push('all');
        return amend({ ...WAIT, summary: 'x' });
      },
      'refused',
    ],
  ];
  test.each(cases)('%s: refused, recorded, and the first one stays as it was', async (_name, attempt, code) => {
    const at = await waiting();
    const before = [await at.stored(at.wanted.id), await at.approvals.get(at.approval)];
    expect(await codeOf(attempt(at))).toBe(code);
    expect([await at.stored(at.wanted.id), await at.approvals.get(at.approval)]).toEqual(before);
    expect(at.audit.of('approval.refused_verdict')).toMatchObject([
      { outcome: code, data: { code, verdict: 'amend' } },
    ]);
    expect(at.calls).toEqual([]);
  });

  test('INV3: where it cannot be recorded, nothing is amended', async () => {
    for (const nth of [1, 2, 3]) {
      const at = await waiting();
      const before = [await at.stored(at.wanted.id), await at.approvals.get(at.approval)];
      at.harness.failAppend(nth);
      expect(await codeOf(at.amend({ ...WAIT, summary: 'Shorter.' }))).toBe('audit_unavailable');
      expect([await at.stored(at.wanted.id), await at.approvals.get(at.approval)]).toEqual(before);
    }
  });

  test('of an amendment and a verdict at the same moment exactly one counts', async () => {
    for (const verdict of ['approve', 'deny'] as const) {
      const at = await waiting();
      const both = await Promise.allSettled([
        at.amend({ ...WAIT, summary: 'Shorter.' }),
        at.vote(at.approval, 'bo', verdict),
      ]);
      expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const { state } = (await at.approvals.get(at.approval))!;
      expect((await at.stored(at.wanted.id)).state === 'amended').toBe(state === 'amended');
    }
  });
});

test('INV7 D6: a value keeps where it came from only where it stood, unchanged; all else is the reviewer\u2019s', async () => {
  const leaf = fc.oneof(fc.string({ maxLength: 8 }), fc.integer(), fc.boolean(), fc.constant(null));
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).value;
  const { stored, wanted, people, clock } = await waiting();
  const base = await stored(wanted.id);
  await fc.assert(
    fc.property(tree, tree, (was, now) => {
      if (JSON.stringify(was) === JSON.stringify(now)) return;
      const contract = { ...base.contract, args: { type: 'object' } };
      const provenance = pathsOf({ x: was }).map(([path]) => ({ path, kind: 'model' as const, origins: ['model:m'] }));
      const before = { ...base, contract, proposal: { ...base.proposal, args: { x: was } as JsonObject, provenance } };
      let after: ReturnType<typeof amended>;
      try {
        after = amended(before, { args: { x: now } as JsonObject, reason: 'r', by: people.ana.principal }, clock);
      } catch (error) {
        if (isPortreeveError(error)) return;
        throw error;
      }
      const old = new Map(pathsOf({ x: was }));
      expect(after.provenance.map(({ path }) => path).sort()).toEqual(
        pathsOf({ x: now })
          .map(([path]) => path)
          .sort(),
      );
      for (const [path, text] of pathsOf({ x: now })) {
        const { kind } = after.provenance.find((each) => each.path === path)!;
        if (kind === 'model') expect(old.get(path)).toBe(text);
        else expect(kind).toBe('reviewer');
      }
    }),
    { numRuns: 300 },
  );
});

function pathsOf(value: unknown, path = ''): [string, string][] {
  const children = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (children.length === 0) return [[path, JSON.stringify(value)]];
  return children.flatMap(([name, item]) =>
    pathsOf(item, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
