import { describe, expect, test } from 'vitest';
import { type Digest, digestOf } from './canonical.ts';
import { asId } from './ids.ts';
import { BOTTOM, join, labelData } from './labels.ts';
import { type Proposal, personOrigin, proposalDigest, proposalSchema, requestersOf } from './proposal.ts';

const RELEASE = `sha256:${'a'.repeat(64)}` as Digest;
const base: Proposal = {
  id: asId('proposal', 'prop_1'),
  run: asId('run', 'run_1'),
  workflow: 'incident-summary',
  release: RELEASE,
  principal: {
    id: asId('principal', 'prn_ada'),
    kind: 'person',
    name: 'Ada',
    roles: ['requester'],
    groups: ['analysts'],
    act: [{ id: 'agent:incident-summary', kind: 'agent' }],
  },
  tool: 'publish_case_summary',
  tool_version: '1.0.0',
  args: { case: 'C-1', summary: 'text' },
  rationale: 'the case is closed',
  evidence: [asId('evidence', 'ev_1')],
  influence: { integrity: 'untrusted', confidentiality: 'confidential', categories: ['customer'], origins: ['logs'] },
  provenance: [{ path: '/summary', kind: 'model', origins: ['call_1'] }],
  digest: RELEASE,
};
const digest = proposalDigest(base);

describe('proposalDigest', () => {
  test('INV5: is pinned', () => {
    // If you are here because this failed: every approval and grant that is open carries the old digest and becomes
    // invalid. Change the form only together with its `v`.
    expect(digest).toBe(
      digestOf({
        v: 1,
        tool: 'publish_case_summary',
        tool_version: '1.0.0',
        args: { case: 'C-1', summary: 'text' },
        labels: { influence: base.influence, provenance: base.provenance },
        principal: { id: 'prn_ada', act: ['agent:incident-summary'] },
        release: RELEASE,
      }),
    );
    expect(digest).toBe('sha256:dfc0c215094c143e902314e9c030c584e759606df7635e38fc753cc4587926a7');
  });

  test.each<[string, Partial<Proposal>]>([
    ['tool', { tool: 'publish_case_summary_2' }],
    ['tool version', { tool_version: '1.0.1' }],
    ['a changed argument', { args: { case: 'C-2', summary: 'text' } }],
    ['one byte more in an argument', { args: { case: 'C-1', summary: 'text ' } }],
    ['one argument more', { args: { case: 'C-1', summary: 'text', note: null } }],
    ['one argument less', { args: { case: 'C-1' } }],
    ['the type of an argument', { args: { case: 'C-1', summary: ['text'] } }],
    ['integrity', { influence: { ...base.influence, integrity: 'trusted' } }],
    ['confidentiality', { influence: { ...base.influence, confidentiality: 'restricted' } }],
    ['categories', { influence: { ...base.influence, categories: ['customer', 'health'] } }],
    ['origins', { influence: { ...base.influence, origins: [] } }],
    ['provenance', { provenance: [{ path: '/summary', kind: 'request', origins: [] }] }],
    ['principal', { principal: { ...base.principal, id: asId('principal', 'prn_bob') } }],
    ['who acts', { principal: { ...base.principal, act: [] } }],
    ['release', { release: `sha256:${'b'.repeat(64)}` as Digest }],
  ])('INV5: another %s is another proposal', (_name, change) => {
    expect(proposalDigest({ ...base, ...change })).not.toBe(digest);
  });

  test.each<[string, Partial<Proposal>]>([
    ['id', { id: asId('proposal', 'prop_2') }],
    ['run', { run: null }],
    ['workflow name (the release stands for it)', { workflow: 'other' }],
    ['rationale', { rationale: 'another reason' }],
    ['evidence list', { evidence: [] }],
    ['stored digest', { digest: `sha256:${'c'.repeat(64)}` as Digest }],
    [
      'display name and roles of the principal',
      { principal: { ...base.principal, name: 'A.', roles: [], groups: [] } },
    ],
    ['order of arguments', { args: { summary: 'text', case: 'C-1' } }],
  ])('INV5: another %s is the same proposal', (_name, change) => {
    expect(proposalDigest({ ...base, ...change })).toBe(digest);
  });

  test('INV5: arguments that JSON cannot carry have no digest', () => {
    expect(() => proposalDigest({ ...base, args: { amount: Number.NaN } })).toThrow();
  });
});

describe('proposalSchema', () => {
  test('F1: accepts a whole proposal and refuses unknown members', () => {
    expect(proposalSchema.parse(base)).toEqual(base);
    expect(proposalSchema.safeParse({ ...base, approved: true }).success).toBe(false);
  });
  test.each<[string, object]>([
    ['a label outside the lattice', { influence: { ...BOTTOM, integrity: 'checked' } }],
    ['a rationale without bound', { rationale: 'x'.repeat(4001) }],
    ['arguments that are a list', { args: [1] }],
    ['no provenance', { provenance: undefined }],
    ['a short digest', { digest: 'sha256:00' }],
  ])('F1: refuses %s', (_name, change) => {
    expect(proposalSchema.safeParse({ ...base, ...change }).success).toBe(false);
  });
});

describe('requestersOf', () => {
  test('F4 I8: names who asks, who acts, who amended, and who wrote what it was made from', () => {
    const answered = { ...BOTTOM, origins: [personOrigin('prn_lea'), 'handoff:hand_1'] };
    const amends = { proposal: asId('proposal', 'prop_0'), digest: RELEASE, by: [asId('principal', 'prn_mo')] };
    expect(requestersOf(base)).toEqual(['prn_ada', 'agent:incident-summary']);
    expect(requestersOf({ ...base, influence: labelData(join(base.influence, answered)), amends })).toEqual([
      ...['prn_ada', 'agent:incident-summary', 'prn_lea', 'prn_mo'],
    ]);
    const twice = labelData(join(answered, { ...BOTTOM, origins: [personOrigin('prn_ada'), 'person:nobody'] }));
    expect(requestersOf({ ...base, influence: twice })).toEqual(['prn_ada', 'agent:incident-summary', 'prn_lea']);
  });
});
