import { createApprovals } from '@portreeve/approve';
import { memoryApprovalStore, type TestPerson, testPerson, testSigners, testVerdict } from '@portreeve/approve/testing';
import {
  type ApprovalId,
  type AuditWriter,
  type CallOutcome,
  digestOf,
  type EnvironmentFacts,
  fixedClock,
  type Handoff,
  newId,
  type PolicyDecider,
  PortreeveError,
  type ProposalId,
  type ProposalState,
  type RunId,
  type Tx,
  type UnitOfWork,
  type VerdictKind,
  type WorkflowContract,
} from '@portreeve/contract';
import { type memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import type { Connector, Executor } from '@portreeve/execute';
import { carryApart } from '@portreeve/execute/gatekeeper';
import {
  type ExecuteFixture,
  executeFixture,
  memoryExecuteStore,
  scriptedConnector,
  TEST_NOW,
  testContract,
} from '@portreeve/execute/testing';
import { baselinePolicies, createPolicyEngine } from '@portreeve/policy';
import { createGate, type Gate, type GateDeps } from '../gate.ts';
import { createHandoffs, type Handoffs } from '../handoffs.ts';
import type { ExecutionService, NoticeStore, ProposalStore, StoredProposal } from '../ports.ts';
import { createUndos, type Undos } from '../undo/undo.ts';
import { createUnwindings, type Unwindings } from '../undo/unwind.ts';
import type { Wish } from '../wish.ts';
import { memoryHistoryStore } from './history-store.ts';
import { memoryHandoffStore, memoryNoticeStore, memoryProposalStore } from './memory.ts';
import { memoryUndoStore, memoryUnwindingStore } from './undo-stores.ts';

/** One process of a test: a gate and an executor of its own, on the stores that all share. */
export interface HarnessProcess {
  readonly instance: string;
  readonly gate: Gate;
  readonly executor: Executor;
  readonly undos: Undos;
  readonly unwindings: Unwindings;
}

export interface GateHarness {
  readonly clock: ReturnType<typeof fixedClock>;
  readonly uow: UnitOfWork & { readonly tx: Tx };
  readonly audit: ReturnType<typeof memoryAuditWriter>;
  /** What the stages write with: {@link GateHarness.failAppend} reaches it. */
  readonly writer: AuditWriter;
  readonly policy: PolicyDecider;
  readonly proposals: ProposalStore;
  readonly approvalStore: ReturnType<typeof memoryApprovalStore>;
  readonly execute: ExecuteFixture;
  readonly approvals: ReturnType<typeof createApprovals>;
  readonly handoffs: Handoffs;
  readonly notices: NoticeStore;
  /** What holds now; a test changes it to freeze something. */
  readonly environment: { freezes: string[]; incident: boolean };
  readonly people: Record<'requester' | 'ana' | 'bo', TestPerson>;
  /** Every call that reached a tool. */
  readonly calls: readonly unknown[];
  /** Each move of a proposal, in order, as `from→to`. */
  readonly moves: readonly string[];
  /** How the tool answers. */
  answer: (call: Parameters<Connector['call']>[0]) => CallOutcome | Promise<CallOutcome>;
  /** The append (counted from now, beginning with 1) that fails, as a full disk would make it; null heals it. */
  failAppend(nth: number | null): void;
  process(
    instance: string,
    over?: Partial<GateDeps> & {
      executorPoint?: (name: string) => void | Promise<void>;
      /** The executor is another process, to which a committed grant is sent; left out: where there is a `debugpoint`. */
      apart?: boolean;
      wrapExecution?: (execution: ExecutionService) => Partial<ExecutionService>;
    },
  ): HarnessProcess;
  /** From now on the process of this name counts as dead. It may go on all the same, as a stopped one does. */
  bury(instance: string): void;
  wish(over?: Partial<Wish>): Wish;
  vote(approval: ApprovalId, person?: 'ana' | 'bo', verdict?: VerdictKind): Promise<unknown>;
  stored(id: ProposalId): Promise<StoredProposal>;
  /** The records of a proposal or run, as `type` or `type:outcome`. */
  story(): string[];
}

let baseline: PolicyDecider | undefined;

/**
 * The gate with the real policy engine and its baseline, real approvals with real signatures, real grants and executor,
 * over stores in memory and a tool that is a script.
 */
export function gateHarness(
  options: {
    policy?: PolicyDecider;
    participants?: readonly { snapshot(): () => void }[];
    /** Wraps the store that the gate uses, to reorder its answers. */
    wrapStore?: (store: ProposalStore) => ProposalStore;
    procedures?: WorkflowContract['procedures'];
    /** The release that a run is pinned to. */
    releaseOf?: (run: RunId) => Promise<string | null>;
    /** Work for a person was finished. */
    finished?: (tx: Tx, handoff: Handoff) => Promise<void>;
    onUnwound?: (tx: Tx, run: RunId) => Promise<void>;
    onClosed?: (tx: Tx, approval: { id: ApprovalId; proposal: ProposalId }) => Promise<void>;
  } = {},
): GateHarness {
  baseline ??= createPolicyEngine({ layers: baselinePolicies(), clock: fixedClock(TEST_NOW) });
  const policy = options.policy ?? baseline;
  const moves: string[] = [];
  const rows = memoryProposalStore();
  const handoffStore = memoryHandoffStore();
  const notices = memoryNoticeStore();
  const history = memoryHistoryStore();
  const approvalStore = memoryApprovalStore();
  const executeStore = memoryExecuteStore();
  const late: { audit?: ExecuteFixture['audit'] } = {};
  const undoRows = memoryUndoStore(rows);
  const unwindingRows = memoryUnwindingStore();
  const uow = memoryUnitOfWork(
    undoRows,
    unwindingRows,
    rows,
    handoffStore,
    notices,
    history,
    approvalStore,
    executeStore,
    {
      snapshot: () => late.audit!.snapshot(),
    },
    {
      snapshot: () => {
        const { length } = moves;
        return () => {
          moves.length = length;
        };
      },
    },
    ...(options.participants ?? []),
  );
  const failing = { left: null as number | null };
  const failable = (inner: AuditWriter): AuditWriter => ({
    ...inner,
    async append(tx, drafts) {
      if (failing.left !== null && --failing.left === 0) {
        failing.left = null;
        throw new PortreeveError('audit_unavailable', 'The disk is full.');
      }
      await inner.append(tx, drafts);
    },
  });
  const execute = executeFixture({ store: executeStore, uow, wrapAudit: failable });
  const { clock, audit } = execute;
  late.audit = audit;
  const writer = failable(audit);
  const proposals = watched(rows, moves);

  const people = {
    requester: testPerson(clock, 'rita', { roles: ['requester'], groups: [] }),
    ana: testPerson(clock, 'ana', { groups: ['case-approvers'] }),
    bo: testPerson(clock, 'bo', { groups: ['case-approvers'] }),
  };
  const stage = { audit: writer, uow, clock };
  const approvals = createApprovals({
    ...stage,
    store: approvalStore,
    signers: testSigners(...Object.values(people)),
    ...(options.onClosed ? { onClosed: options.onClosed } : {}),
  });
  const handoffs = createHandoffs({
    ...stage,
    store: handoffStore,
    procedures: () => options.procedures ?? {},
    whoIs: async (id) => Object.values(people).find(({ principal }) => principal.id === id)?.principal ?? null,
    proposals: rows,
    releaseOf: async (run) => (options.releaseOf ? options.releaseOf(run) : digestOf('the release of a run')),
    finished: async (tx, handoff) => options.finished?.(tx, handoff),
  });
  const environment: GateHarness['environment'] = { freezes: [], incident: false };
  const dead = new Set<string>();
  const connector = scriptedConnector((call) => harness.answer(call));

  const harness: GateHarness = {
    clock,
    uow,
    audit,
    writer,
    policy,
    proposals,
    approvalStore,
    execute,
    approvals,
    handoffs,
    notices,
    environment,
    people,
    calls: connector.calls,
    moves,
    answer: () => ({ state: 'succeeded', status: 201, result: { published: true }, duration_ms: 5 }),
    failAppend(nth) {
      failing.left = nth;
    },
    process(instance, { executorPoint, wrapExecution, apart, ...over } = {}) {
      const executor = execute.executor(connector as Connector, {
        instance,
        ...(executorPoint ? { debugpoint: executorPoint } : {}),
      });
      const execution: ExecutionService = {
        async issueGrant(tx, wish) {
          const { token, claims } = await execute.grants.issueGrant(tx, wish);
          return { token, grant: claims.jti };
        },
        // An instant between a grant and its use is there only where the executor is apart.
        carry:
          (apart ?? over.debugpoint)
            ? carryApart(uow, (input) => {
                over.debugpoint?.('after-grant');
                return executor.execute(input);
              })
            : executor.carry,
        settle: (tx, id, outcome) => execute.grants.settle(tx, id, outcome),
        recover: (grant) => executor.recoverGrant(grant, { dead: async (name) => dead.has(name) }),
      };
      const gate = createGate({
        ...stage,
        policy,
        approvals,
        handoffs,
        notices,
        history,
        store: options.wrapStore?.(proposals) ?? proposals,
        environment: {
          facts: (): EnvironmentFacts => ({
            name: 'test',
            maintenance: [],
            outages: [],
            ...environment,
            freezes: [...environment.freezes],
          }),
          isCurrent: async () => true,
          freshen: async () => undefined,
          refresh: async () => undefined,
        },
        execution: { ...execution, ...wrapExecution?.(execution) },
        ...over,
      });
      const taking = { ...stage, gate, handoffs, store: proposals, undos: undoRows };
      const undos = createUndos(taking);
      const unwindings = createUnwindings({
        ...taking,
        undo: undos,
        unwindings: unwindingRows,
        onEnded: async (tx, run) => options.onUnwound?.(tx, run),
      });
      return { instance, gate, executor, undos, unwindings };
    },
    bury(instance) {
      dead.add(instance);
    },
    wish: (over = {}) => ({
      id: newId('proposal', clock),
      run: newId('run', clock),
      workflow: {
        name: 'incident-summary',
        tier: 'low',
        tools: [over.contract?.name ?? 'publish_case_summary'],
        sources: [],
        approvers: ['case-approvers'],
      },
      approval_timeout_minutes: 60,
      history: {},
      release: digestOf('release'),
      principal: { ...people.requester.principal, act: [{ id: 'agent:incident-summary', kind: 'agent' }] },
      contract: testContract(),
      tools: [],
      args: { case_id: 'case-7', summary: 'All is well.' },
      request: { case_id: 'case-7' },
      rationale: 'The analyst asked for it.',
      evidence: null,
      stoodFor: [],
      injection: 0,
      ...over,
    }),
    async vote(id, person = 'ana', verdict = 'approve') {
      const approval = await approvals.get(id);
      if (!approval) throw new TypeError(`there is no approval ${id}`);
      const { principal } = people[person];
      return approvals.decide(await testVerdict(clock, approval, people[person], verdict), principal);
    },
    async stored(id) {
      const stored = await proposals.get(id);
      if (!stored) throw new TypeError(`there is no proposal ${id}`);
      return stored;
    },
    story: () => audit.drafts.map(({ type, outcome }) => (outcome ? `${type}:${outcome}` : type)),
  };
  return harness;
}

/** Writes down each change of state. */
function watched(store: ProposalStore, moves: string[]): ProposalStore {
  return {
    ...store,
    async insert(tx, stored) {
      const inserted = await store.insert(tx, stored);
      if (inserted) moves.push(`proposed→${stored.state}`);
      return inserted;
    },
    async update(tx, proposal, patch) {
      const before: ProposalState | undefined = (await store.get(proposal.id))?.state;
      await store.update(tx, proposal, patch);
      if (patch.state !== undefined) moves.push(`${before}→${patch.state}`);
    },
  };
}
