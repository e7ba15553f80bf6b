import {
  type AuditWriter,
  type Clock,
  type PolicyDecider,
  type ProposalId,
  type RunId,
  type ToolContract,
  timeOfId,
} from '@portreeve/contract';
import type { Connector, Executor } from '@portreeve/execute';
import type { ExecutionService, Gate, GateResult } from '@portreeve/gate';
import type { Durable, RunStore } from '@portreeve/run';
import type { Subject } from './span-ids.ts';
import { SPANS, type Tracing } from './tracing.ts';

/*
 * Spans around the stages, at the ports that the composition root gives them: no stage knows of a trace, and none can be made
 * to wait for one.
 */

const OPERATION = 'gen_ai.operation.name';
const TOOL = 'gen_ai.tool.name';
const WORKFLOW = 'gen_ai.workflow.name';
const RUN = 'portreeve.run.id';
const PROPOSAL = 'portreeve.proposal.id';
const EXECUTION = 'portreeve.execution.id';
const OUTCOME = 'portreeve.outcome';

type Runner = (id: RunId, durable: Durable) => Promise<void>;

/** A span for each step that is really taken, and one for the run once it has ended, by the times that are stored. */
export function traceRunner(run: Runner, store: Pick<RunStore, 'get'>, tracing: Tracing): Runner {
  return async (id, durable) => {
    const of: Subject = { run: id };
    if (!tracing.keeps(of)) return run(id, durable);
    const traced: Durable = {
      ...durable,
      step: (name, work) =>
        durable.step(name, () =>
          tracing.within({ name: SPANS.step, of, attributes: { 'portreeve.step': name, [RUN]: id } }, work),
        ),
    };
    await run(id, traced);
    const ended = await store.get(id);
    if (!ended?.ended_at) return;
    const { workflow, release, state } = ended;
    const attributes = {
      ...{ [OPERATION]: 'invoke_workflow', [WORKFLOW]: workflow, [RUN]: id, [OUTCOME]: state },
      'portreeve.release': release,
    };
    tracing.over(of, { name: SPANS.run, from: new Date(ended.created_at), attributes });
  };
}

const WAITS: readonly GateResult['status'][] = ['waiting', 'running', 'settling'];

/** A span for each time that the gate carries a proposal on, and one for the proposal once it has ended. */
export function traceGate(gate: Gate, clock: Clock, tracing: Tracing): Gate {
  if (!tracing.on) return gate;
  async function carry(of: Subject & { proposal: ProposalId }, work: () => Promise<GateResult>): Promise<GateResult> {
    if (!tracing.keeps(of)) return work();
    const begun = clock.now().getTime();
    const result = await tracing.within(
      { name: SPANS.gate, of, attributes: { [PROPOSAL]: of.proposal } },
      async (note) => {
        const result = await work();
        note({ [OUTCOME]: result.status });
        return result;
      },
    );
    if (!WAITS.includes(result.status)) await tell(of, result.status, begun);
    return result;
  }

  async function tell(of: Subject & { proposal: ProposalId }, status: string, begun: number): Promise<void> {
    const stored = await gate.get(of.proposal);
    if (!stored) return;
    const { tool, workflow, run } = stored.proposal;
    const from = stored.approval ? Math.min(begun, timeOfId(stored.approval).getTime()) : begun;
    const attributes = { [PROPOSAL]: of.proposal, [TOOL]: tool, [WORKFLOW]: workflow, [OUTCOME]: status, [RUN]: run };
    tracing.over(of, { name: SPANS.proposal, from: new Date(from), attributes });
  }

  return {
    ...gate,
    submit: (wish) => carry({ run: wish.run, proposal: wish.id }, () => gate.submit(wish)),
    async resume(proposal) {
      const stored = await gate.get(proposal);
      if (!stored) return gate.resume(proposal);
      return carry({ run: stored.proposal.run, proposal }, () => gate.resume(proposal));
    },
  };
}

/** A span for each decision about an action, in what asks for it. */
export const traceDecider = (policy: PolicyDecider, tracing: Tracing): PolicyDecider => ({
  version: policy.version,
  decide: (request) =>
    tracing.within({ name: SPANS.decide, attributes: { 'portreeve.policy.version': policy.version } }, (note) => {
      const decision = policy.decide(request);
      const codes = decision.reasons.map(({ code }) => code);
      note({ [OUTCOME]: decision.outcome, 'portreeve.decision.id': decision.id, 'portreeve.decision.codes': codes });
      return decision;
    }),
});

export const traceGrants = (service: ExecutionService, tracing: Tracing): ExecutionService => ({
  ...service,
  issueGrant: (tx, wish) =>
    tracing.within({ name: SPANS.grant, attributes: { [TOOL]: wish.contract.name } }, async (note) => {
      const issued = await service.issueGrant(tx, wish);
      note({ 'portreeve.grant.id': issued.grant });
      return issued;
    }),
});

/** In the span of its proposal, which is known here also where this is another process than the gate's. */
export const traceExecutor = (executor: Executor, tracing: Tracing): Executor => ({
  ...executor,
  execute(input) {
    const { id: proposal, run } = input.proposal;
    const attributes = { [OPERATION]: 'execute_tool', [TOOL]: input.contract.name, [PROPOSAL]: proposal };
    return tracing.within({ name: SPANS.execution, of: { run, proposal }, attributes }, async (note) => {
      const executed = await executor.execute(input);
      note({ [EXECUTION]: executed.execution, [OUTCOME]: executed.outcome.state });
      return executed;
    });
  },
});

type Connectors = { readonly [Kind in ToolContract['binding']['connector']]: Connector };

export function traceConnectors(connectors: Connectors, tracing: Tracing): Connectors {
  const traced = Object.entries(connectors).map(([connector, own]): [string, Connector] => {
    const attributes = { 'portreeve.connector': connector };
    return [
      connector,
      {
        call: (verified, options) =>
          tracing.within({ name: SPANS.connector, kind: 'client', attributes }, async (note) => {
            const outcome = await own.call(verified, options);
            note({ [OUTCOME]: outcome.state });
            return outcome;
          }),
      },
    ];
  });
  return Object.fromEntries(traced) as Connectors;
}

/** A span for each time that records are staged within another span. */
export function traceWriter(audit: AuditWriter, tracing: Tracing): AuditWriter {
  const about = (drafts: Parameters<AuditWriter['record']>[0]) => ({
    name: SPANS.append,
    attributes: { 'portreeve.record.types': [...new Set(drafts.map(({ type }) => type))] },
  });
  return {
    append: (tx, drafts) => tracing.within(about(drafts), () => audit.append(tx, drafts)),
    record: (drafts, place) => tracing.within(about(drafts), () => audit.record(drafts, place)),
  };
}
