import { describe, expect, test } from 'vitest';
import { actorOf } from './actor.ts';
import type { Digest } from './canonical.ts';
import { GRANT_TTL_MAX_S, grantClaimsSchema } from './grant.ts';
import { asId } from './ids.ts';
import {
  RECORD_TYPE_NAMES,
  RECORD_TYPES,
  type RecordRefs,
  recordEntrySchema,
  SYSTEM_ACTOR,
  storedRefs,
} from './records.ts';

const DIGEST = `sha256:${'0'.repeat(64)}` as Digest;

describe('H1: the release stands in every record of a run', () => {
  test('H1: who names a run names its workflow and its release, whatever the record; so does what a table keeps', () => {
    const run = asId('run', 'run_a');
    const whole: RecordRefs = { run, workflow: 'triage', release: DIGEST };
    // The compiler holds every writer of every type to it. If one of these is no error any more, none is held.
    // @ts-expect-error: a run without its release
    const bare: RecordRefs = { run, workflow: 'triage' };
    // @ts-expect-error: a run without its workflow
    const lost: RecordRefs = { run, release: DIGEST };
    expect(storedRefs(JSON.stringify(whole))).toEqual(whole);
    for (const refs of [bare, lost]) expect(() => storedRefs(JSON.stringify(refs))).toThrow(TypeError);
    expect(storedRefs(JSON.stringify({ workflow: 'triage' }))).toEqual({ workflow: 'triage' });
  });
});

describe('record types', () => {
  test('G1: are a closed set of names of the form area.event', () => {
    for (const name of RECORD_TYPE_NAMES) expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
    expect(recordEntrySchema.shape.type.safeParse('made.up').success).toBe(false);
  });

  test('G1: cover each stage of a task and of a proposal', () => {
    // If you are here because this failed: a stage would pass without a record. See design.md, section 2.
    const needed = [
      'run.submitted',
      'run.admitted',
      'run.refused',
      'source.read',
      'source.refused',
      'tool.refused',
      'prompt.refused',
      'prompt.assembled',
      'model.answered',
      'model.failed',
      'output.validated',
      'output.rejected',
      'proposal.submitted',
      'decision.made',
      'approval.requested',
      'approval.verdict',
      'approval.closed',
      'grant.issued',
      'grant.refused',
      'execution.intent',
      'execution.result',
      'handoff.opened',
      'handoff.closed',
      'run.ended',
      'api.read',
      'api.refused',
      'audit.read',
    ];
    expect(needed.filter((name) => !RECORD_TYPE_NAMES.includes(name as never))).toEqual([]);
  });

  test('G1: refuse members that they do not know, so that nothing is recorded unnamed', () => {
    expect(RECORD_TYPES['system.stopped'].safeParse({ reason: 'x' }).success).toBe(true);
    for (const name of RECORD_TYPE_NAMES)
      expect(
        RECORD_TYPES[name].safeParse({ not_a_member_of_any: 1 }).error?.issues.map((issue) => issue.code),
      ).toContain('unrecognized_keys');
  });
});

test('INV10: an entry holds the digest of its payload and nothing of the payload itself', () => {
  const entry = {
    v: 1,
    id: 'rec_1',
    log: 'portreeve.local/audit',
    index: 0,
    time: '2026-11-20T12:00:00.000Z',
    type: 'system.stopped',
    actor: { id: 'system', kind: 'system', act: [] },
    refs: {},
    keys: ['key_1'],
    outcome: '',
    payload_digest: DIGEST,
  };
  expect(recordEntrySchema.parse(entry)).toEqual(entry);
  for (const member of ['data', 'payload', 'nonce'])
    expect(recordEntrySchema.safeParse({ ...entry, [member]: {} }).success).toBe(false);
  expect(recordEntrySchema.safeParse({ ...entry, index: -1 }).success).toBe(false);
  // A name in the leaf could never be erased.
  expect(recordEntrySchema.safeParse({ ...entry, actor: SYSTEM_ACTOR }).success).toBe(false);
  expect(recordEntrySchema.safeParse({ ...entry, keys: [] }).success).toBe(false);
});

test('G1: an actor on record names the principal and everybody who acts for it, without roles or groups', () => {
  const actor = actorOf({
    id: asId('principal', 'prn_ada'),
    kind: 'person',
    name: 'Ada',
    roles: ['requester'],
    groups: ['analysts'],
    act: [{ id: 'agent:incident-summary', kind: 'agent' }],
  });
  expect(actor).toEqual({
    id: 'prn_ada',
    kind: 'person',
    name: 'Ada',
    act: [{ id: 'agent:incident-summary', kind: 'agent' }],
  });
});

describe('grant claims', () => {
  const claims = {
    iss: 'portreeve',
    aud: 'case-system',
    iat: 0,
    nbf: 0,
    exp: GRANT_TTL_MAX_S,
    jti: 'grt_1',
    txn: 'run_1',
    sub: 'prn_ada',
    scope: 'publish_case_summary',
    req_wl: 'portreeve',
    cnf: { jkt: 'k'.repeat(43) },
    authorization_details: [
      {
        type: 'urn:portreeve:grant:tool-call',
        actions: ['publish_case_summary'],
        tool_version: '1.0.0',
        args_digest: DIGEST,
        max_uses: 1,
      },
    ],
    tctx: {
      proposal: 'prop_1',
      proposal_digest: DIGEST,
      workflow: 'incident-summary',
      release: DIGEST,
      policy_version: DIGEST,
      decision: 'dec_1',
      approvals: [],
      approvers: [],
      environment: 'development',
    },
  };
  const detail = claims.authorization_details[0]!;
  test('F6: are for one call of one tool', () => {
    expect(grantClaimsSchema.parse(claims)).toEqual(claims);
    expect(GRANT_TTL_MAX_S).toBeLessThanOrEqual(300);
  });
  test.each<[string, object]>([
    ['two calls', { authorization_details: [detail, detail] }],
    ['no call', { authorization_details: [] }],
    ['two tools', { authorization_details: [{ ...detail, actions: ['a', 'b'] }] }],
    ['two uses', { authorization_details: [{ ...detail, max_uses: 2 }] }],
    ['another type of detail', { authorization_details: [{ ...detail, type: 'other' }] }],
    ['no digest of the arguments', { authorization_details: [{ ...detail, args_digest: undefined }] }],
    ['no end', { exp: undefined }],
    ['members that it does not know', { admin: true }],
    ['no policy version', { tctx: { ...claims.tctx, policy_version: undefined } }],
  ])('F6: refuse %s', (_name, change) => {
    expect(grantClaimsSchema.safeParse({ ...claims, ...change }).success).toBe(false);
  });
});
