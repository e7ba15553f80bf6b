import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  type Approval,
  type AuditWriter,
  BOTTOM,
  type CallOutcome,
  type Clock,
  type Decision,
  digestOf,
  type Executable,
  executableOf,
  fixedClock,
  type HttpBinding,
  type JsonObject,
  newId,
  type Proposal,
  proposalDigest,
  type ToolBinding,
  type ToolContract,
  type Tx,
  toolContractSchema,
  type UnitOfWork,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { nothingConnector } from '../connectors/nothing-connector.ts';
import type { Debugpoint } from '../debugpoint.ts';
import { createExecutor, type Executor } from '../execute.ts';
import { createGrants, type Grants } from '../grants.ts';
import { createGrantIssuer, type GrantInput, type GrantIssuer, type IssuedGrant } from '../issue-grant.ts';
import type { Connector, ExecuteStore, LeaseStore } from '../ports.ts';
import { thumbprintOf } from '../prove.ts';
import { type Credentials, createCredentials, type Schedule } from '../secrets/credentials.ts';
import { takeVerifiedCall, type VerifiedCall } from '../verified-call.ts';
import { memoryExecuteStore, memoryLeaseStore, memorySecrets } from './memory-store.ts';

export const TEST_NOW = '2026-11-20T12:00:00.000Z';
export const TEST_ISSUER = 'https://portreeve.test';

/** A connector that gives the outcomes it is told, and keeps the calls. */
export function scriptedConnector(
  answer: (call: VerifiedCall) => CallOutcome | Promise<CallOutcome> = () => ({
    state: 'succeeded',
    status: 200,
    result: { published: true },
    duration_ms: 5,
  }),
): Connector & { readonly calls: { readonly call: VerifiedCall; readonly credential: string | null }[] } {
  const calls: { call: VerifiedCall; credential: string | null }[] = [];
  return {
    calls,
    async call(call, { credential }) {
      takeVerifiedCall(call);
      calls.push({ call, credential });
      return answer(call);
    },
  };
}

export function testContract(
  change: Omit<Partial<ToolContract>, 'binding'> & { binding?: Partial<HttpBinding> | ToolBinding } = {},
): ToolContract {
  return toolContractSchema.parse({
    name: 'publish_case_summary',
    version: '1.0.0',
    title: 'Publish a case summary',
    description: 'Publishes the summary of one case.',
    tier: 3,
    effect: 'external',
    args: {
      type: 'object',
      properties: { case_id: { type: 'string', maxLength: 200 }, summary: { type: 'string' } },
      required: ['case_id', 'summary'],
      additionalProperties: false,
    },
    result: { type: 'object', properties: { published: { type: 'boolean' } }, required: ['published'] },
    sinks: [{ path: '/case_id', kind: 'target' }],
    clearance: { confidentiality: 'confidential' },
    undo: 'irreversible',
    timeout_ms: 5_000,
    idempotency: 'none',
    audience: 'case-system',
    ...change,
    binding:
      change.binding?.connector !== undefined && change.binding.connector !== 'http'
        ? change.binding
        : {
            connector: 'http',
            method: 'POST',
            url: 'https://cases.test/cases/{case_id}/summary',
            ...change.binding,
          },
  });
}

export function testProposal(clock: Clock, change: Partial<Omit<Proposal, 'digest'>> = {}): Executable {
  const parts = {
    id: newId('proposal', clock),
    run: newId('run', clock),
    workflow: 'incident-summary',
    release: digestOf('release'),
    principal: {
      id: newId('principal', clock),
      kind: 'person' as const,
      name: 'ana',
      roles: ['requester' as const],
      groups: [],
      act: [{ id: 'agent:incident-summary', kind: 'agent' as const }],
    },
    tool: 'publish_case_summary',
    tool_version: '1.0.0',
    args: { case_id: 'case-7', summary: 'All is well.' } as JsonObject,
    rationale: 'The analyst asked for it.',
    evidence: [],
    influence: { ...BOTTOM, categories: [], origins: [] },
    provenance: [],
    ...change,
  };
  return executableOf({ proposal: { ...parts, digest: proposalDigest(parts) }, planted: false });
}

export function testDecision(clock: Clock, change: Partial<Decision> = {}): Decision {
  return {
    id: newId('decision', clock),
    outcome: 'permit',
    layers: [],
    reasons: [],
    remedies: [],
    notify: [],
    next: '',
    policy_version: digestOf('policy'),
    request_digest: digestOf('request'),
    ...change,
  };
}

/** An approval by one person. The signature is a filler: `approve` checks signatures, `execute` counts verdicts. */
export function testApproval(clock: Clock, proposal: Proposal, change: Partial<Approval> = {}): Approval {
  const id = newId('approval', clock);
  const decision = newId('decision', clock);
  const now = clock.now().toISOString();
  return {
    id,
    proposal: proposal.id,
    proposal_digest: proposal.digest,
    decision,
    preview_digest: null,
    signature: 'key',
    reason_chars_min: 0,
    confirm_by: null,
    requesters: [proposal.principal.id],
    demands: [{ groups: ['case-approvers'], quorum: 1 }],
    groups: ['case-approvers'],
    quorum: 1,
    state: 'approved',
    created_at: now,
    expires_at: now,
    closed_at: now,
    verdicts: [
      {
        statement: {
          v: 1,
          approval: id,
          proposal: proposal.id,
          proposal_digest: proposal.digest,
          decision,
          verdict: 'approve',
          approver: newId('principal', clock),
          reason: '',
          signed_at: now,
          nonce: 'n'.repeat(22),
        },
        public_key: 'k'.repeat(43),
        signature: 's'.repeat(86),
      },
    ],
    ...change,
  };
}

export interface ExecuteFixture {
  readonly clock: ReturnType<typeof fixedClock>;
  readonly privateKey: KeyObject;
  /** The key that the grants are bound to. */
  readonly executorKey: KeyObject;
  readonly issuer: GrantIssuer;
  readonly grants: Grants;
  readonly store: ExecuteStore;
  readonly uow: UnitOfWork;
  readonly audit: ReturnType<typeof memoryAuditWriter>;
  readonly secrets: ReturnType<typeof memorySecrets>;
  readonly leases: LeaseStore;
  /** What an executor of this name has its credentials from. */
  credentials(instance: string): Credentials;
  /** Proposal, decision, contract and approval that belong together. */
  input(contract?: ToolContract, proposal?: Partial<Omit<Proposal, 'digest'>>): GrantInput;
  /** Issues and keeps a grant, as the gate does. */
  grant(input: GrantInput): Promise<IssuedGrant>;
  executor(
    connector: Connector,
    options?: { instance?: string; debugpoint?: Debugpoint; environment?: string; workload?: string; key?: KeyObject },
  ): Executor;
}

/** Issuer, store and executor over fakes or over a real store: what a test of anything that executes needs. */
export function executeFixture(
  options: {
    store?: ExecuteStore;
    uow?: UnitOfWork & { readonly tx?: Tx };
    secrets?: Record<string, string>;
    /** Of those, the names that are minted with a lease of so many seconds. */
    dynamic?: Record<string, number>;
    leases?: LeaseStore;
    schedule?: Schedule;
    wrapAudit?: (audit: AuditWriter) => AuditWriter;
  } = {},
): ExecuteFixture {
  const clock = fixedClock(TEST_NOW);
  const { privateKey } = generateKeyPairSync('ed25519');
  const memory = memoryExecuteStore();
  const store = options.store ?? memory;
  const audit = memoryAuditWriter();
  const memoryLeases = memoryLeaseStore();
  const leases = options.leases ?? memoryLeases;
  const uow = options.uow ?? memoryUnitOfWork(memory, memoryLeases, audit);
  const secrets = memorySecrets(options.secrets, { clock, dynamic: options.dynamic ?? {} });
  const executorKey = generateKeyPairSync('ed25519').privateKey;
  const issuer = createGrantIssuer({
    ...{ privateKey, keyId: 'grant-1', issuer: TEST_ISSUER, environment: 'test', clock },
    executor_jkt: thumbprintOf(executorKey),
  });
  const written = options.wrapAudit?.(audit) ?? audit;
  const grants = createGrants({ issuer, store, audit: written, clock });
  const credentialsOf = (instance: string) =>
    createCredentials({
      ...{ secrets, leases, uow, audit: written, clock, instance },
      ...(options.schedule ? { schedule: options.schedule } : {}),
    });
  return {
    clock,
    privateKey,
    executorKey,
    issuer,
    grants,
    store,
    uow,
    audit,
    secrets,
    leases,
    credentials: credentialsOf,
    input(contract = testContract(), change = {}) {
      const proposal = testProposal(clock, { tool: contract.name, tool_version: contract.version, ...change });
      return { proposal, contract, decision: testDecision(clock), approvals: [testApproval(clock, proposal)] };
    },
    grant: (input) => uow.transaction((tx) => grants.issueGrant(tx, input)),
    executor: (connector, { instance = 'executor-1', ...more } = {}) =>
      createExecutor({
        jwks: issuer.jwks(),
        key: executorKey,
        issuer: TEST_ISSUER,
        environment: 'test',
        store,
        uow,
        audit: written,
        connectors: {
          http: connector,
          openapi: connector,
          postgres: connector,
          mcp: connector,
          email: connector,
          webhook: connector,
          relabel: nothingConnector(),
          caller: nothingConnector(),
          house: nothingConnector(),
        },
        credentials: credentialsOf(instance),
        clock,
        instance,
        ...more,
      }),
  };
}
