import { ANSWER_AT } from '@portreeve/context';
import {
  type ActOutcome,
  type Arguments,
  asId,
  at,
  type Evidence,
  type EvidenceId,
  isPortreeveError,
  type Json,
  type Labelled,
  type ProposalId,
  type Run,
  type ValueId,
} from '@portreeve/contract';
import type { AgentSession, GateResult } from '@portreeve/gate';
import { labelsOf } from '../injection-scores.ts';
import { knownOfWish } from '../known-of-wish.ts';
import { approvalTopic, moveRun } from '../transitions.ts';
import { decisionRefs, undeclared } from './endings.ts';
import type { RunScope } from './scope.ts';

/** Submits an action to the gate, and waits for people and for other processes as long as it must. */
export function actStep(scope: RunScope) {
  const { deps, durable, run, definition, life, quarantine, scores, hidden, seen, unreviewed } = scope;
  const { step, load, record, write, decideUndeclared } = scope;

  async function act(tool: string, args: Arguments, why: Why, agent?: AgentSession): Promise<Acted | Unfit> {
    const position = scope.nextStep();
    const proposal = proposalAt(scope);
    const toolContract = definition.tools.find((each) => each.name === tool);
    const read = quarantine.forAction(args);
    let result = await step<StoredResult>(`act:${tool}`, async (key) => {
      if (!toolContract) {
        const { decision, request } = await decideUndeclared(tool);
        const refused = { tool, missing: 'scope.tools', decision, request } as const;
        await write(record('tool.refused', refused, { outcome: 'refuse', refs: decisionRefs(decision), key }));
        return { ending: undeclared('tool', tool, run.workflow) };
      }
      const refusedArgument = life.refusedArgument(args);
      if (refusedArgument) {
        const { path, source, why } = refusedArgument;
        return {
          ending: {
            event: 'stop',
            text: `The argument ${path} was taken from the source ${source}, which ${why}.`,
            next: 'Let a model answer from it before it is cleared, or declare another life for the source.',
          },
        };
      }
      const origins = await Promise.all(hidden.map((id) => deps.context.load(run.id, id)));
      const found = await deps.context.restore(run.id, args, origins, toolContract.clearance);
      const { restored, withheld } = found;
      if (Object.keys(restored).length + Object.keys(withheld).length > 0)
        await write(
          record(
            'arguments.restored',
            { tool, restored: { ...restored }, withheld: { ...withheld } },
            { refs: { proposal, tool }, key: `${key}:restored` },
          ),
        );
      const wish = {
        id: proposal,
        ...knownOfWish(run, definition, toolContract),
        args: found.args,
        rationale: why.rationale,
        evidence: why.evidence ? life.forRecord(why.evidence) : null,
        ...(agent ? { session: agent.session } : { quarantine: read }),
        ...(why.said ? { said: why.said } : {}),
        ...(why.shown ? { shown: why.shown } : {}),
        seen: [...seen],
        unreviewed: [...unreviewed],
        stoodFor: found.stoodFor,
        injection: scores.of([
          ...labelsOf(found.args),
          ...(why.evidence ? [why.evidence.label] : []),
          ...(why.said ? [why.said.label] : []),
        ]),
      };
      return { ok: await keep(agent ? await orUnfit(deps.gate.submit(wish)) : await deps.gate.submit(wish), key) };
    });
    while (result.status === 'waiting' || result.status === 'running' || result.status === 'settling') {
      const { status } = result;
      const topic = status === 'waiting' ? approvalTopic(result.approval) : `execution:${proposal}`;
      const approval = status === 'waiting' ? result.approval : null;
      await step('wait', async () => ({ ok: await move('wait', approval) }));
      await durable.wait(topic, againAt(result, deps.clock.now()));
      result = await step<StoredResult>(`resume:${tool}`, async (key) => ({
        ok: await keep(await deps.gate.resume(proposal), key),
      }));
      await step('continue', async () => ({ ok: await move('continue', null) }));
    }
    if (result.status !== 'succeeded') return result;
    const { value, execution, narrowed, injection, amended } = result;
    scores.note(`tool:${tool}`, injection);
    const kept = await load<Json>(value);
    return {
      status: 'succeeded',
      execution,
      result: result.heard ? at(kept, ANSWER_AT) : kept,
      narrowed,
      ...(amended ? { amended } : {}),
      ...(result.heard ? { heard: kept as unknown as Labelled<readonly Evidence[]> } : {}),
    };

    /** A gate's result as a step can keep it: the tool's answer goes where labelled values are kept. */
    async function keep(given: GateResult | Unfit, key: string): Promise<StoredResult> {
      if (given.status !== 'succeeded') return given as StoredResult;
      const { execution, narrowed, amended } = given;
      const more = { execution, narrowed, ...(amended ? { amended } : {}) };
      if (!agent || !toolContract) {
        const value = await deps.uow.transaction((tx) => deps.context.save(tx, run.id, given.result));
        return { status: 'succeeded', value, injection: deps.context.score(given.result), ...more };
      }
      const { version } = toolContract;
      const heard = await deps.context.hear({ tool, version, position, answer: given.result });
      const value = await deps.uow.transaction(async (tx) => {
        const id = await deps.context.save(tx, run.id, heard.evidence);
        const refs = { proposal, execution, tool };
        const outcome = heard.record.findings.length > 0 ? 'flagged' : 'read';
        await deps.audit.append(tx, [record('tool.answered', heard.record, { outcome, refs, key: `${key}:answered` })]);
        return id;
      });
      return { status: 'succeeded', value, injection: heard.injection, heard: true, ...more };
    }
  }

  async function move(event: 'wait' | 'continue', approval: Run['approval']): Promise<null> {
    await moveRun(deps, run.id, event, { approval });
    return null;
  }

  return act;
}

/** Why it is to be done: by the workflow's code, or by an agent, with what it wrote and what it was shown. */
interface Why {
  readonly rationale: string;
  readonly evidence?: Labelled<readonly Evidence[]>;
  readonly said?: Labelled<string> | null;
  readonly shown?: readonly EvidenceId[];
}

/** What came of an action; to an agent, with the piece of evidence that the tool's answer is. */
type Acted = ActOutcome & { readonly heard?: Labelled<readonly Evidence[]> };

/** The proposal that the next step makes, if it makes one: the same after a crash. */
export const proposalAt = ({ run, nextStep }: Pick<RunScope, 'run' | 'nextStep'>): ProposalId =>
  asId('proposal', `prop_${run.id.slice('run_'.length)}-${nextStep()}`);

/** Milliseconds until a proposal that another process executes is looked at again. */
const RUNNING_RETRY_MS = 2000;

/** When a proposal that has not ended is looked at again, should nobody wake the run before. */
function againAt(result: Extract<StoredResult, { status: 'waiting' | 'running' | 'settling' }>, now: Date): Date {
  if (result.status === 'waiting') return new Date(result.expires_at);
  return result.status === 'settling' ? new Date(result.until) : new Date(now.getTime() + RUNNING_RETRY_MS);
}

/** What an agent wished for is no proposal: that is for the agent to hear, and no error of the workflow. */
export interface Unfit {
  readonly status: 'unfit';
}

/** Caught within the step: an error that crosses the engine loses its kind. */
async function orUnfit(result: Promise<GateResult>): Promise<GateResult | Unfit> {
  try {
    return await result;
  } catch (error) {
    if (!isPortreeveError(error, 'bad_input')) throw error;
    return { status: 'unfit' };
  }
}

type StoredResult =
  | Unfit
  | Exclude<GateResult, { status: 'succeeded' }>
  | {
      readonly status: 'succeeded';
      readonly execution: Extract<GateResult, { status: 'succeeded' }>['execution'];
      readonly value: ValueId;
      readonly narrowed: readonly string[];
      readonly amended?: true;
      readonly injection: number;
      /** The value is the evidence that an agent is shown; of a run that an earlier version began, the bare answer. */
      readonly heard?: true;
    };
