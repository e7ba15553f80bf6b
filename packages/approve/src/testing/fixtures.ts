import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import {
  type Approval,
  type Clock,
  type Decision,
  digestOf,
  type KeyVerdict,
  newId,
  type Principal,
  type Proposal,
  proposalDigest,
  type VerdictKind,
  type VerdictStatement,
} from '@portreeve/contract';
import type { SignerDirectory } from '../ports.ts';
import { signVerdict, type VerdictSigner } from '../verdict.ts';

/** A person with a signing key of their own. */
export interface TestPerson {
  readonly principal: Principal;
  readonly signer: VerdictSigner;
}

export function testPerson(clock: Clock, name: string, fields: Partial<Principal> = {}): TestPerson {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    principal: {
      id: newId('principal', clock),
      kind: 'person',
      name,
      roles: ['approver'],
      groups: ['security'],
      act: [],
      ...fields,
    },
    signer: { public_key: publicKey.export({ format: 'jwk' }).x!, sign: (bytes) => sign(null, bytes, privateKey) },
  };
}

/** The keys of these people; nobody else has one. */
export function testSigners(...people: readonly TestPerson[]): SignerDirectory {
  return {
    publicKeyOf: async (id) => people.find(({ principal }) => principal.id === id)?.signer.public_key ?? null,
  };
}

export function testProposal(clock: Clock, principal: Principal, fields: Partial<Proposal> = {}): Proposal {
  const proposal = {
    id: newId('proposal', clock),
    run: newId('run', clock),
    workflow: 'incident-summary',
    release: digestOf('release'),
    principal,
    tool: 'publish_case_summary',
    tool_version: '1.0.0',
    args: { case: 'C-1', summary: 'Two hosts signed in.' },
    rationale: 'The analyst asked for it.',
    evidence: [],
    influence: {
      integrity: 'untrusted' as const,
      confidentiality: 'internal' as const,
      categories: [],
      origins: ['log'],
    },
    provenance: [{ path: '/summary', kind: 'model' as const, origins: ['log'] }],
    ...fields,
  };
  return { ...proposal, digest: fields.digest ?? proposalDigest(proposal) };
}

export function testDecision(clock: Clock): Decision {
  return {
    id: newId('decision', clock),
    outcome: 'approve',
    layers: [],
    reasons: [],
    remedies: [{ kind: 'approval', groups: ['security'], quorum: 1 }],
    notify: [],
    next: 'Wait for the approval.',
    policy_version: digestOf('policy'),
    request_digest: digestOf('request'),
  };
}

/** A verdict as a well-behaved client makes it, but for `fields`. */
export function testVerdict(
  clock: Clock,
  approval: Approval,
  person: TestPerson,
  verdict: VerdictKind,
  fields: Partial<VerdictStatement> = {},
): Promise<KeyVerdict> {
  const statement: VerdictStatement = {
    v: 1,
    approval: approval.id,
    proposal: approval.proposal,
    proposal_digest: approval.proposal_digest,
    decision: approval.decision,
    ...(approval.preview_digest === null ? {} : { preview_digest: approval.preview_digest }),
    verdict,
    approver: person.principal.id,
    reason: 'I have read it.',
    signed_at: clock.now().toISOString(),
    nonce: randomBytes(16).toString('base64url'),
    ...fields,
  };
  return signVerdict(statement, person.signer);
}
