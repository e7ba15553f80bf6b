import {
  type Approval,
  type ApprovalId,
  asId,
  assertJson,
  digestOf,
  type EnvironmentFacts,
  fixedClock,
  isPortreeveError,
  type Json,
  newId,
  type PolicyDecider,
  type Principal,
  type ProposalId,
  principalSchema,
  type ToolContract,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { carryApart } from '@portreeve/execute/gatekeeper';
import { createGate, createHandoffs, type Gate, type GateResult, openSession, type Session } from '@portreeve/gate';
import {
  memoryHandoffStore,
  memoryHistoryStore,
  memoryNoticeStore,
  memoryProposalStore,
} from '@portreeve/gate/testing';
import { baselinePolicies, createPolicyEngine } from '@portreeve/policy';
import { contractOf, outputOf } from './contracts.ts';
import type { Call, ToolLabels, Trace } from './data.ts';
import type { GateUnderTest, Replay, Verdict } from './gates.ts';

const clock = fixedClock('2026-01-01T00:00:00.000Z');
const AGENT: Principal = principalSchema.parse({
  id: newId('principal', clock),
  kind: 'person',
  name: 'requester',
  roles: ['requester'],
  groups: [],
  act: [{ id: 'agent:outside', kind: 'agent' }],
});
const APPROVER = newId('principal', clock);
const contracts = new WeakMap<ToolLabels, ToolContract>();
let policy: PolicyDecider | undefined;

/** Portreeve: the real gate with the baseline's policy, sessions and provenance, over stores in memory. */
export function ourGate(): GateUnderTest {
  policy ??= createPolicyEngine({ layers: baselinePolicies(), clock });
  const decider = policy;
  return {
    name: 'ours',
    begin(trace, tools, intended) {
      return replayOurs(decider, trace, tools, intended);
    },
  };
}

function replayOurs(
  decider: PolicyDecider,
  trace: Trace,
  tools: ReadonlyMap<string, ToolLabels>,
  intended: readonly string[],
): Replay {
  const session = openSession({ prompt: trace.prompt });
  session.declare({
    calls: [...new Set(intended)].map((tool) => ({ tool, times: intended.filter((each) => each === tool).length })),
  });
  return replayIn(session, decider, tools);
}

/** Replays calls in a session through a gate of their own. */
export function replayIn(session: Session, decider: PolicyDecider, tools: ReadonlyMap<string, ToolLabels>): Replay {
  const outputs = new Map<ProposalId, Json>();
  const approvals = new Map<ApprovalId, Approval>();
  const gate = gateWith(decider, outputs, approvals);
  const proposals = new Map<number, ProposalId>();

  async function after(call: Call, contract: ToolContract, id: ProposalId, result: GateResult): Promise<Verdict> {
    if (result.status === 'waiting') return 'asked';
    const stored = await gate.get(id);
    const isDone = result.status === 'succeeded';
    if (stored) session.settle(stored.proposal, contract, isDone ? 'done' : 'nothing');
    if (!isDone) return 'refused';
    session.observe({ contract, args: call.args, output: outputOf(contract, call.output) });
    return 'ran';
  }

  return {
    async judge(call, index) {
      const contract = contractFor(tools.get(call.tool) ?? { name: call.tool });
      const id = newId('proposal', clock);
      proposals.set(index, id);
      outputs.set(id, outputOf(contract, call.output));
      try {
        assertJson(call.args);
        const result = await gate.submit({
          id,
          run: null,
          workflow: {
            name: 'outside-session',
            tier: 'low',
            tools: [...tools.keys(), call.tool],
            sources: [],
            approvers: ['approvers'],
          },
          approval_timeout_minutes: 60,
          history: {},
          stoodFor: [],
          tools: [],
          injection: 0,
          release: digestOf('bench'),
          principal: AGENT,
          contract,
          args: call.args,
          request: session.snapshot().request,
          rationale: 'The model wishes it.',
          evidence: null,
          session,
        });
        return await after(call, contract, id, result);
      } catch (error) {
        // Arguments that do not fit the tool: nothing is done.
        if (isPortreeveError(error, 'bad_input')) return 'refused';
        throw error;
      }
    },
    async answer(call, index, isApproved) {
      const id = proposals.get(index)!;
      const stored = await gate.get(id);
      const approval = stored?.approval ? approvals.get(stored.approval) : undefined;
      if (!approval) throw new TypeError('nobody was asked');
      approvals.set(approval.id, { ...approval, state: isApproved ? 'approved' : 'denied' });
      await after(call, contractFor(tools.get(call.tool) ?? { name: call.tool }), id, await gate.resume(id));
    },
  };
}

function contractFor(labels: ToolLabels): ToolContract {
  let contract = contracts.get(labels);
  if (!contract) {
    contract = contractOf(labels);
    contracts.set(labels, contract);
  }
  return contract;
}

/** The real gate. People are a table of verdicts, and the tools answer what was recorded. */
function gateWith(
  decider: PolicyDecider,
  outputs: ReadonlyMap<ProposalId, Json>,
  approvals: Map<ApprovalId, Approval>,
): Gate {
  const audit = memoryAuditWriter();
  const uow = memoryUnitOfWork();
  const proposals = memoryProposalStore();
  const environment: EnvironmentFacts = {
    name: 'production',
    freezes: [],
    incident: false,
    maintenance: [],
    outages: [],
  };
  return createGate({
    policy: decider,
    audit,
    uow,
    clock,
    store: proposals,
    history: memoryHistoryStore(),
    notices: memoryNoticeStore(),
    handoffs: createHandoffs({
      ...{ audit, uow, clock, store: memoryHandoffStore() },
      procedures: () => ({}),
      whoIs: async () => null,
      releaseOf: async () => null,
      proposals,
      finished: async () => undefined,
    }),
    environment: {
      facts: () => environment,
      isCurrent: async () => true,
      freshen: async () => undefined,
      refresh: async () => undefined,
    },
    approvals: {
      async request(_tx, { proposal, decision, demands }) {
        const approval: Approval = {
          id: newId('approval', clock),
          proposal: proposal.id,
          proposal_digest: proposal.digest,
          decision: decision.id,
          preview_digest: null,
          signature: 'key',
          reason_chars_min: 0,
          confirm_by: null,
          requesters: [proposal.principal.id],
          demands: [...demands],
          groups: demands.flatMap(({ groups }) => groups),
          quorum: Math.max(0, ...demands.map(({ quorum }) => quorum)),
          state: 'pending',
          created_at: clock.now().toISOString(),
          expires_at: '2027-01-01T00:00:00.000Z',
          closed_at: null,
          verdicts: [],
        };
        approvals.set(approval.id, approval);
        return approval;
      },
      get: async (id) => approvals.get(id) ?? null,
      // Nobody here proposes other arguments: the bench counts what is asked.
      assertMayAmend: () => Promise.reject(new TypeError('nobody amends here')),
      closeAmended: () => Promise.reject(new TypeError('nobody amends here')),
      refuseAmendment: () => Promise.reject(new TypeError('nobody amends here')),
      expireDue: async () => [],
      recheck: async (approval) => ({
        valid: approval.state === 'approved',
        approvers: [APPROVER],
        groups: approval.groups,
        by_passkey: [],
        by_device: [],
        confirmed: false,
      }),
    },
    execution: {
      issueGrant: async (_tx, { proposal }) => ({ token: proposal.id, grant: newId('grant', clock) }),
      carry: carryApart(uow, async ({ proposal }) => ({
        execution: newId('execution', clock),
        outcome: {
          state: 'succeeded',
          status: 200,
          result: outputs.get(asId('proposal', proposal.id)) ?? null,
          duration_ms: 1,
        },
      })),
      settle: async () => false,
      recover: async () => ({ state: 'unused' }),
    },
  });
}
