import { createApprovals } from '@portreeve/approve';
import { testSigners } from '@portreeve/approve/testing';
import {
  BOTTOM,
  digestOf,
  type EnvironmentFacts,
  Labelled,
  proposalDigest,
  type RecordDraft,
} from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import type { ProposalStore, StoredProposal } from './ports.ts';
import { gateHarness } from './testing/index.ts';

const automatic = testContract({
  tier: 1,
  effect: 'write',
  undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
});
const awaiting = async (over: Parameters<ReturnType<typeof gateHarness>['process']>[1] = {}) => {
  const harness = gateHarness();
  const { gate } = harness.process('one', over);
  const wanted = harness.wish();
  const first = await gate.submit(wanted);
  if (first.status !== 'waiting') throw new Error(first.status);
  return { ...harness, harness, gate, wanted, approval: first.approval };
};
/** Another signature for certain: its last byte is zero now and then, so the start is what is changed. */
const withoutItsStart = (signature: string) => `${signature.startsWith('AA') ? 'BB' : 'AA'}${signature.slice(2)}`;

const facts = (over: Partial<EnvironmentFacts> = {}): EnvironmentFacts => ({
  name: 'test',
  freezes: [],
  incident: false,
  maintenance: [],
  outages: [],
  ...over,
});

describe('F6: decided again', () => {
  test.each(['all', 'tool:publish_case_summary', 'workflow:incident-summary'])(
    'C5: a freeze of %s that comes after the approval reaches it',
    async (freeze) => {
      const { gate, wanted, vote, approval, environment, calls, handoffs, moves, audit } = await awaiting();
      await vote(approval);
      environment.freezes.push(freeze);
      const result = await gate.resume(wanted.id);
      if (result.status !== 'refused') throw new Error(result.status);
      expect(result.decision.reasons.map((reason) => reason.code)).toContain('frozen');
      expect(calls).toHaveLength(0);
      expect(moves).toEqual(['proposed→awaiting_approval', 'awaiting_approval→refused']);
      expect(audit.of('grant.issued')).toEqual([]);
      expect(await handoffs.list({ states: ['open'] })).toMatchObject([{ kind: 'refused', proposal: wanted.id }]);
      environment.freezes.length = 0;
      expect(await gate.resume(wanted.id)).toMatchObject({ status: 'refused' });
      expect(calls).toHaveLength(0);
    },
  );

  test('C5 F6: a freeze that comes between the last decision and its grant makes the gate decide again', async () => {
    let frozen = false;
    let looks = 0;
    const { gate, wanted, vote, approval, calls, audit } = await awaiting({
      environment: {
        facts: () => facts(frozen ? { freezes: ['all'] } : {}),
        // The first look under the log's lock finds that something has changed since the decision.
        isCurrent: async () => ++looks > 1,
        freshen: async () => undefined,
        refresh: async () => {
          frozen = true;
        },
      },
    });
    await vote(approval);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'refused' });
    expect(calls).toHaveLength(0);
    expect(audit.of('grant.issued')).toHaveLength(0);
    expect(audit.of('decision.made').at(-1)).toMatchObject({ outcome: 'refuse', data: { phase: 'at_use' } });
  });

  test('C5: a freeze that comes between the decision after the approval and the use reaches it', async () => {
    let asked = 0;
    const { gate, wanted, vote, approval, calls, moves, audit } = await awaiting({
      environment: {
        facts: () => facts(++asked > 2 ? { freezes: ['all'] } : {}),
        isCurrent: async () => true,
        freshen: async () => undefined,
        refresh: async () => undefined,
      },
    });
    await vote(approval);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'refused' });
    expect(moves.slice(1)).toEqual(['awaiting_approval→approved', 'approved→refused']);
    expect(audit.of('decision.made').map(({ data, outcome }) => [data.phase, outcome])).toEqual([
      ['submit', 'approve'],
      ['after_approval', 'permit'],
      ['at_use', 'refuse'],
    ]);
    expect(calls).toHaveLength(0);
  });

  test('F5: a stored verdict whose signature does not verify any more counts for nothing', async () => {
    const { gate, wanted, vote, approval, approvalStore, calls, moves } = await awaiting();
    await vote(approval);
    approvalStore.tamper(approval, (stored) => ({
      ...stored,
      verdicts: stored.verdicts.map((verdict) => {
        if ('passkey' in verdict.signed) throw new TypeError('signed by the key');
        return { ...verdict, signed: { ...verdict.signed, signature: withoutItsStart(verdict.signed.signature) } };
      }),
    }));
    const result = await gate.resume(wanted.id);
    if (result.status !== 'refused') throw new Error(result.status);
    expect(result.decision.outcome).toBe('approve');
    expect(moves).toEqual(['proposed→awaiting_approval', 'awaiting_approval→refused']);
    expect(calls).toHaveLength(0);
  });

  test('F5: an approval that was written into the store without any verdict counts for nothing', async () => {
    const { gate, wanted, approval, approvalStore, calls } = await awaiting();
    approvalStore.tamper(approval, (stored) => ({
      ...stored,
      state: 'approved',
      closed_at: stored.created_at,
      quorum: 0,
      demands: [],
    }));
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'refused' });
    expect(calls).toHaveLength(0);
  });

  test('F5: a key that is not the signer’s any more undoes the verdict until it is used', async () => {
    const harness = gateHarness();
    const approvals = createApprovals({
      store: harness.approvalStore,
      uow: harness.uow,
      audit: harness.writer,
      clock: harness.clock,
      signers: testSigners(),
    });
    const wanted = harness.wish();
    const first = await harness.process('one').gate.submit(wanted);
    if (first.status !== 'waiting') throw new Error(first.status);
    await harness.vote(first.approval);
    expect(await harness.process('two', { approvals }).gate.resume(wanted.id)).toMatchObject({ status: 'refused' });
    expect(harness.calls).toHaveLength(0);
  });

  test('an approval of somebody else that cannot be closed does not hold this one up', async () => {
    const { gate, wanted, harness, vote, approval, clock, calls } = await awaiting();
    const short = harness.wish({ approval_timeout_minutes: 1 });
    await gate.submit(short);
    await vote(approval);
    clock.advance(2 * 60_000);
    harness.failAppend(1);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(calls).toHaveLength(1);
    expect(await gate.resume(short.id)).toMatchObject({ status: 'denied', by: 'time-out' });
  });

  test('G3: a time-out that cannot be recorded is not taken for a wait', async () => {
    const { gate, wanted, harness, clock, calls } = await awaiting();
    clock.advance(60 * 60_000);
    harness.failAppend(1);
    await expect(gate.resume(wanted.id)).rejects.toBeInstanceOf(AggregateError);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'denied' });
    expect(calls).toHaveLength(0);
  });
});

describe('F1: what is no proposal is stored by nobody', () => {
  const refused = async (over: Parameters<ReturnType<typeof gateHarness>['wish']>[0]) => {
    const harness = gateHarness();
    const wanted = harness.wish({ contract: automatic, ...over });
    const error = await harness
      .process('one')
      .gate.submit(wanted)
      .catch((thrown: unknown) => thrown);
    expect(await harness.proposals.get(wanted.id)).toBeNull();
    expect(harness.audit.drafts).toEqual([]);
    expect(harness.calls).toHaveLength(0);
    return error;
  };
  const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
  const anything = testContract({ tier: 1, effect: 'write', args: { type: 'object' } });

  test.each<[string, Parameters<typeof refused>[0], string]>([
    ['an argument that is missing', { args: { case_id: 'case-7' } }, "must have required property 'summary'"],
    ['an argument too many', { args: { case_id: 'c', summary: 's', bcc: 'evil' } }, '"bcc"'],
    ['an argument of the wrong type', { args: { case_id: 7, summary: 's' } }, 'must be string'],
    ['an argument that is too long', { args: { case_id: 'c'.repeat(201), summary: 's' } }, '200'],
  ])('%s', async (_, over, message) => {
    const error = await refused(over);
    expect(error).toMatchObject({ code: 'bad_input' });
    expect(JSON.stringify((error as { errors: unknown }).errors)).toContain(JSON.stringify(message).slice(1, -1));
  });

  test.each<[string, Parameters<typeof refused>[0]]>([
    ['a value that is not there', { args: { case_id: 'case-7', summary: new Labelled(undefined, labelOf()) } }],
    ['a value without JSON form', { args: { case_id: 'case-7', summary: Number.NaN } }],
    ['a value that is undefined', { args: { case_id: 'case-7', summary: undefined as never } }],
    [
      'more values than a person can look at',
      { contract: anything, args: { list: Array.from({ length: 1001 }, () => 'x') } },
    ],
    ['values deeper than can be digested', { contract: anything, args: { deep: nested(31) as never } }],
    ['values deeper than can be stored', { contract: anything, args: { deep: nested(30) as never } }],
    ['a rationale that is too long', { rationale: 'x'.repeat(4001) }],
  ])('%s', async (_, over) => {
    expect(await refused(over)).toMatchObject({ code: 'bad_input' });
  });
});

describe('INV5: the digest is the promise', () => {
  test('the same digest in proposal, approval, grant, intent; of the content as it is stored', async () => {
    const { gate, wanted, vote, approval, audit, stored, approvals, execute } = await awaiting();
    await vote(approval);
    await gate.resume(wanted.id);
    const { proposal, grant, execution } = await stored(wanted.id);
    expect(proposal.digest).toBe(proposalDigest(proposal));
    const [submitted] = audit.of('proposal.submitted');
    const digests = [
      submitted?.data.digest,
      ...audit.of('decision.made').map(({ data }) => data.proposal_digest),
      audit.of('approval.requested')[0]?.data.proposal_digest,
      audit.of('approval.verdict')[0]?.data.verdict.statement.proposal_digest,
      audit.of('grant.issued')[0]?.data.proposal_digest,
      audit.of('execution.intent')[0]?.data.proposal_digest,
      (await approvals.get(approval))?.proposal_digest,
      (await execute.store.grant({} as never, grant!))?.proposal_digest,
      (await execute.store.execution(execution!))?.proposal_digest,
    ];
    expect(digests).toHaveLength(11);
    expect(new Set(digests)).toEqual(new Set([proposal.digest]));
    expect(submitted?.data.args_digest).toBe(digestOf(proposal.args));
    expect(audit.of('execution.intent')[0]?.data.args_digest).toBe(digestOf(proposal.args));
  });

  test('G1: each record names run, proposal, decision, approval, grant and execution as far as they exist', async () => {
    const { gate, wanted, vote, approval, audit, stored } = await awaiting();
    await vote(approval);
    await gate.resume(wanted.id);
    const { proposal, grant, execution } = await stored(wanted.id);
    const about = (type: RecordDraft['type']) =>
      audit.drafts.filter((entry) => entry.type === type).map(({ refs }) => refs);
    for (const { refs, type } of audit.drafts)
      expect({ type, refs }).toMatchObject({
        refs: {
          run: wanted.run,
          proposal: wanted.id,
          workflow: 'incident-summary',
          release: proposal.release,
          tool: proposal.tool,
        },
      });
    const [, , atUse] = audit.of('decision.made');
    const use = {
      decision: atUse!.data.decision.id,
      policy_version: atUse!.data.decision.policy_version,
      approval,
      grant,
    };
    expect(about('grant.issued')).toMatchObject([use]);
    expect(about('execution.intent')).toMatchObject([{ ...use, execution }]);
    expect(about('execution.result')).toMatchObject([{ ...use, execution }]);
    expect(audit.drafts.every(({ actor }) => actor.name === 'rita' || actor.name === 'ana')).toBe(true);
    expect(audit.drafts[0]!.actor.act).toEqual([{ id: 'agent:incident-summary', kind: 'agent' }]);
  });

  /** The store as it looks after somebody with access to the database changed a part of every proposal. */
  const tampered = (store: ProposalStore, part: keyof typeof CHANGES): ProposalStore => {
    const twist = async (found: Promise<StoredProposal | null>) => {
      const stored = await found;
      return stored && { ...stored, proposal: { ...stored.proposal, [part]: CHANGES[part] } };
    };
    return { ...store, get: (id) => twist(store.get(id)), lock: (tx, id) => twist(store.lock(tx, id)) };
  };

  test.each(Object.keys(CHANGES) as (keyof typeof CHANGES)[])(
    'a proposal whose %s was changed in the store after its approval is refused',
    async (part) => {
      const { harness, wanted, vote, approval, proposals, calls } = await awaiting();
      await vote(approval);
      const { gate } = harness.process('two', { store: tampered(proposals, part) });
      expect(await gate.resume(wanted.id)).toMatchObject({ status: 'refused' });
      expect(calls).toHaveLength(0);
    },
  );

  test.each(Object.keys(CHANGES) as (keyof typeof CHANGES)[])(
    'a proposal whose %s was changed in the store after it was permitted gets no other grant',
    async (part) => {
      const harness = gateHarness();
      const crash = (name: string) => {
        if (name === 'after-grant') throw new Error('crash');
      };
      const wanted = harness.wish({ contract: automatic });
      await expect(harness.process('one', { debugpoint: crash }).gate.submit(wanted)).rejects.toThrow('crash');
      harness.bury('one');
      const { gate } = harness.process('two', { store: tampered(harness.proposals, part) });
      await expect(gate.resume(wanted.id)).rejects.toMatchObject({ code: 'grant_mismatch' });
      expect(harness.calls).toHaveLength(0);
      expect(harness.audit.of('grant.issued')).toHaveLength(1);
    },
  );
});

const CHANGES = {
  args: { case_id: 'case-8', summary: 'All is well.' },
  release: digestOf('another release'),
  influence: { ...BOTTOM, integrity: 'internal', categories: [], origins: ['elsewhere'] },
  provenance: [{ path: '/case_id', kind: 'constant', origins: [] }],
} as const;

function labelOf() {
  return { integrity: 'untrusted' as const, confidentiality: 'public' as const, categories: [], origins: ['model:m'] };
}
