import { type Assembly, type Deidentified, runLife } from '@portreeve/context';
import {
  type ActOutcome,
  type Arguments,
  type AuditWriter,
  actorOf,
  asId,
  type Clock,
  type Decision,
  draft,
  type Evidence,
  isPortreeveError,
  type Json,
  type JsonObject,
  type Labelled,
  type PolicyDecider,
  type PolicyRequest,
  PortreeveError,
  type Reading,
  type RecordDraft,
  type RecordRefs,
  type RecordType,
  type Run,
  type SourceContract,
  type UnitOfWork,
  type ValueId,
  type WorkflowContext,
} from '@portreeve/contract';
import type { Gate, GateResult, Handoffs, Unwindings } from '@portreeve/gate';
import { isOutage } from './engine.ts';
import { factsOf, LOOKING } from './facts.ts';
import { InjectionScores, labelsOf } from './injection-scores.ts';
import type { ContextStage, Durable, Environment, LoadedWorkflow, Revealed, RunStore } from './ports.ts';
import { type Confined, runQuarantine } from './quarantine.ts';
import { type Endpoint, routeQuestion, unanswered } from './route-question.ts';
import { type Ending, RunStopped } from './stop.ts';
import { approvalTopic, moveRun } from './transitions.ts';
import { unwindRun } from './unwind-run.ts';

export interface PipelineDeps {
  readonly store: RunStore;
  readonly context: ContextStage;
  /** The model endpoints, in the order in which they are tried. */
  readonly endpoints: readonly Endpoint[];
  readonly gate: Gate;
  readonly unwindings: Pick<Unwindings, 'begin' | 'advance' | 'get'>;
  readonly handoffs: Handoffs;
  readonly policy: PolicyDecider;
  readonly environment: Environment;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
}

/** What one durable step of a run gives: its result, or how it ends the run. */
type Step<T> = { readonly ok: T } | { readonly ending: Ending };

/**
 * What the workflow's code gets. Each method is one or more durable steps; what a step gives is JSON, so labelled values
 * cross it as the id under which `context` keeps them. `ending` is how a step ended the run, whatever the code made of it.
 */
export function workflowContext(
  deps: PipelineDeps,
  durable: Durable,
  run: Run,
  loaded: LoadedWorkflow,
): { readonly context: WorkflowContext; ending(): Ending | null } {
  const { definition } = loaded;
  const { contract } = definition;
  const actor = actorOf(run.principal);
  const refs: RecordRefs = { run: run.id, workflow: run.workflow, release: run.release };
  const life = runLife(deps.clock);
  const quarantine = runQuarantine();
  let count = 0;
  const scores = new InjectionScores();
  /** What the pseudonyms of this run's questions stand for, as far as a restored value needs it. */
  const hidden: ValueId[] = [];
  let stopped: RunStopped | null = null;

  async function step<T>(name: string, fn: (key: string) => Promise<Step<T>>): Promise<T> {
    if (stopped) throw stopped;
    const key = `${run.id}:${++count}:${name}`;
    const result = (await durable.step(name, async () => (await fn(key)) as unknown as Json)) as unknown as Step<T>;
    if ('ok' in result) return result.ok;
    stopped = new RunStopped(result.ending);
    throw stopped;
  }

  const load = async <T>(id: ValueId) => (await durable.read(() => deps.context.load(run.id, id))) as Labelled<T>;

  const record = <T extends RecordType>(type: T, data: RecordDraft<T>['data'], more: Partial<RecordDraft<T>> = {}) =>
    draft<T>({ type, actor, data, ...more, refs: { ...refs, ...more.refs } });
  const write = (...drafts: RecordDraft[]) => deps.uow.transaction((tx) => deps.audit.append(tx, drafts));

  const decideRead = (name: string, source: SourceContract | undefined) => {
    const request: PolicyRequest = {
      kind: 'read',
      principal: run.principal,
      workflow: factsOf(contract),
      source: source
        ? {
            name,
            integrity: source.integrity,
            confidentiality: source.confidentiality,
            categories: source.categories,
          }
        : { name, integrity: 'untrusted', confidentiality: 'restricted', categories: [] },
      environment: deps.environment.facts(LOOKING),
    };
    return { request, decision: deps.policy.decide(request) };
  };

  async function read(name: string, query: JsonObject): Promise<Reading> {
    type Read = { value: ValueId; available: number; count: number; injection: number; read_at: string };
    const found = await step<Read>(`read:${name}`, async (key) => {
      const source = definition.sources.find((each) => each.name === name);
      const { decision, request } = decideRead(name, source);
      if (!source || refuses(decision)) {
        await write(
          record(
            'source.refused',
            { source: name, decision, request },
            { outcome: 'refuse', refs: decisionRefs(decision), key },
          ),
        );
        return { ending: refusal(decision, `The source ${name} is not declared by this workflow.`) };
      }
      try {
        const read_at = deps.clock.now().toISOString();
        const reading = await deps.context.read(source, query, await deps.store.attachments(run.id));
        const value = await deps.uow.transaction(async (tx) => {
          const id = await deps.context.save(tx, run.id, reading.evidence, { source, read_at });
          await deps.audit.append(tx, [
            record('source.read', { ...reading.record, decision, request }, { outcome: 'read', key }),
          ]);
          return id;
        });
        const { available, count, injection } = reading;
        return { ok: { value, available, count, injection, read_at } };
      } catch (error) {
        // A database that is away is no fault of the source.
        if (!isPortreeveError(error) || isOutage(error)) throw error;
        await write(record('source.failed', { source: name, reason: error.detail }, { outcome: error.code, key }));
        return { ending: sourceEnding(name, error) };
      }
    });
    scores.note(name, found.injection);
    const evidence = await load<readonly Evidence[]>(found.value);
    const source = definition.sources.find((each) => each.name === name);
    if (source) life.entered({ source, query, read_at: found.read_at, value: found.value, evidence });
    return { evidence, available: found.available, count: found.count };
  }

  async function ask<T>(
    name: string,
    inputs: { readonly [name: string]: Json | Labelled<unknown> },
    how: 'ask' | 'quarantine' = 'ask',
  ): Promise<Labelled<T>> {
    const prompt = loaded.promptsByName.get(name);
    const confined = prompt && how === 'quarantine' ? quarantine.confine(prompt.contract) : null;
    const handles = quarantine.handlesIn(inputs);
    const ending = prompt ? life.endingWith(prompt.contract, inputs) : [];
    type Asked = { value: ValueId; origins: ValueId | null };
    const asked = await step<Asked>(`${how}:${name}`, async (key) => {
      if (!prompt || !contract.scope.prompts.includes(name)) {
        return {
          ending: {
            event: 'stop',
            text: `The prompt ${name} is not declared by this workflow.`,
            next: 'Declare it in the workflow’s scope and release it anew.',
          },
        };
      }
      const alive = life.forPrompt(prompt.contract, inputs);
      const revealed: Revealed[] = [];
      for (const { source, query } of alive.reread) {
        const again = await revealOrEnd(source, query, key);
        if ('ending' in again) return again;
        revealed.push(again.ok);
      }
      const assembly = deps.context.assemble(prompt, alive.inputs, contract, {
        revealed,
        withheld: alive.withheld,
        handles,
      });
      // A pseudonym is kept with what it stands for, until the run ends: longer than what may not be kept at all.
      const hide = async (each: Assembly): Promise<Deidentified> => {
        if (revealed.length > 0)
          throw new PortreeveError(
            'refused',
            'It holds fields that may not be kept, so no pseudonym is made for them.',
          );
        return deps.context.deidentify(run.id, each);
      };
      const injection = scores.of([assembly.label]);
      const route = await routeQuestion(
        { endpoints: deps.endpoints, policy: deps.policy, deidentify: hide },
        {
          ...{ assembly, injection, principal: run.principal, workflow: factsOf(contract) },
          environment: deps.environment.facts(LOOKING),
        },
      );
      const { chosen, failure } = route;
      const drafts: RecordDraft[] = route.refused.map(({ endpoint, deidentified, decision, request }, index) =>
        record(
          'endpoint.refused',
          { prompt: name, endpoint, deidentified, decision, request },
          { outcome: decision.outcome, refs: decisionRefs(decision), key: `${key}:refused:${index}` },
        ),
      );
      if (failure !== null)
        drafts.push(record('deidentification.failed', { prompt: name, reason: failure }, { key: `${key}:unhidden` }));
      if (!chosen) {
        await write(...drafts);
        return { ending: unanswered(name, route, run.input) };
      }
      const { decision, request, endpoint } = chosen.judged;
      const deidentified = chosen.hidden && { ...chosen.hidden.replaced };
      await write(
        ...drafts,
        record(
          'prompt.assembled',
          { ...chosen.assembly.record, endpoint, deidentified, injection, decision, request },
          { outcome: decision.outcome, refs: decisionRefs(decision), key },
        ),
      );
      const answer = await chosen.endpoint.ask(chosen.assembly.request, {
        answered: (facts) => write(record('model.answered', facts, { outcome: facts.output_category })),
        failed: (facts) => write(record('model.failed', facts, { outcome: facts.code })),
        rejected: (facts) => write(record('output.rejected', facts, { outcome: 'invalid' })),
        validated: (facts) =>
          write(record('output.validated', { ...facts, ...confinedFacts(confined) }, { outcome: 'valid' })),
      });
      if (answer.status === 'failed') {
        return {
          ending: {
            event: 'hand_off',
            text: `The model gave no usable answer: ${answer.reason}`,
            next: 'Write the answer by hand, or correct the cause and start a new run.',
            handoff: {
              kind: 'model_failed',
              context: {
                prompt: name,
                code: answer.code,
                reason: answer.reason,
                attempts: answer.attempts,
                input: run.input,
              },
            },
          },
        };
      }
      const kept = revealed.reduce(
        (left, each) => deps.context.withhold(left, each),
        answer.value as Labelled<unknown>,
      );
      const origins = chosen.hidden?.origins ?? null;
      return {
        ok: await deps.uow.transaction(async (tx) => {
          await deps.context.forgetUsed(tx, run.id, ending);
          return {
            value: await deps.context.save(tx, run.id, kept),
            origins: origins && (await deps.context.save(tx, run.id, origins)),
          };
        }),
      };
    });
    life.end(ending);
    if (asked.origins) hidden.push(asked.origins);
    const answer = await load<T>(asked.value);
    if (prompt) quarantine.answered(answer, { confined, prompt: prompt.contract, inputs });
    return answer;
  }

  /** Fields that may not be kept are read anew for each question that has them: policy is asked again, too. */
  async function revealOrEnd(source: SourceContract, query: JsonObject, key: string): Promise<Step<Revealed>> {
    const { decision, request } = decideRead(source.name, source);
    if (refuses(decision)) {
      const refused = { source: source.name, decision, request };
      await write(
        record('source.refused', refused, {
          outcome: 'refuse',
          refs: decisionRefs(decision),
          key: `${key}:${source.name}`,
        }),
      );
      return { ending: refusal(decision, `The source ${source.name} may not be read any more.`) };
    }
    try {
      return { ok: await deps.context.reveal(source, query) };
    } catch (error) {
      if (!isPortreeveError(error) || isOutage(error)) throw error;
      const failed = { source: source.name, reason: error.detail };
      await write(record('source.failed', failed, { outcome: error.code, key: `${key}:${source.name}` }));
      return { ending: sourceEnding(source.name, error) };
    }
  }

  async function act(
    tool: string,
    args: Arguments,
    why: { readonly rationale: string; readonly evidence?: Labelled<readonly Evidence[]> },
  ): Promise<ActOutcome> {
    const proposal = asId('proposal', `prop_${run.id.slice('run_'.length)}-${count + 1}`);
    const toolContract = definition.tools.find((each) => each.name === tool);
    const read = quarantine.forAction(args);
    let result = await step<StoredResult>(`act:${tool}`, async (key) => {
      if (!toolContract) {
        return {
          ending: {
            event: 'stop',
            text: `The tool ${tool} is not declared by this workflow.`,
            next: 'Declare it in the workflow’s scope and release it anew.',
          },
        };
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
        run: run.id,
        workflow: factsOf(contract),
        approval_timeout_minutes: contract.approval_timeout_minutes,
        history: contract.history,
        release: run.release,
        principal: run.principal,
        contract: toolContract,
        args: found.args,
        request: run.input,
        rationale: why.rationale,
        evidence: why.evidence ? life.forRecord(why.evidence) : null,
        quarantine: read,
        stoodFor: found.stoodFor,
        tools: definition.tools,
        injection: scores.of([...labelsOf(found.args), ...(why.evidence ? [why.evidence.label] : [])]),
      };
      return { ok: await keep(await deps.gate.submit(wish)) };
    });
    while (result.status === 'waiting' || result.status === 'running' || result.status === 'settling') {
      const { status } = result;
      const until = againAt(result, deps.clock.now());
      const topic = status === 'waiting' ? approvalTopic(result.approval) : `execution:${proposal}`;
      const approval = status === 'waiting' ? result.approval : null;
      await step('wait', async () => ({ ok: await move('wait', approval) }));
      await durable.wait(topic, until);
      result = await step<StoredResult>(`resume:${tool}`, async () => ({
        ok: await keep(await deps.gate.resume(proposal)),
      }));
      await step('continue', async () => ({ ok: await move('continue', null) }));
    }
    if (result.status !== 'succeeded') return result;
    const { value, execution, narrowed, injection } = result;
    scores.note(`tool:${tool}`, injection);
    return { status: 'succeeded', execution, result: await load<Json>(value), narrowed };
  }

  async function move(event: 'wait' | 'continue', approval: Run['approval']): Promise<null> {
    await moveRun(deps, run.id, event, { approval });
    return null;
  }

  /** A gate's result as a step can keep it: the tool's answer goes where labelled values are kept. */
  async function keep(result: GateResult): Promise<StoredResult> {
    if (result.status !== 'succeeded') return result as StoredResult;
    const value = await deps.uow.transaction((tx) => deps.context.save(tx, run.id, result.result));
    const injection = deps.context.score(result.result);
    return { status: 'succeeded', execution: result.execution, value, narrowed: result.narrowed, injection };
  }

  return {
    context: {
      run: run.id,
      requester: run.principal,
      input: run.input,
      read,
      ask: (name, inputs) => ask(name, inputs),
      quarantine: (name, inputs) => ask(name, inputs, 'quarantine'),
      act,
      unwind: unwindRun({ ...deps, durable, run, step, move: (event) => move(event, null) }),
    },
    ending: () => stopped?.ending ?? null,
  };
}

/** Milliseconds until a proposal that another process executes is looked at again. */
const RUNNING_RETRY_MS = 2000;

/** When a proposal that has not ended is looked at again, should nobody wake the run before. */
function againAt(result: Extract<StoredResult, { status: 'waiting' | 'running' | 'settling' }>, now: Date): Date {
  if (result.status === 'waiting') return new Date(result.expires_at);
  return result.status === 'settling' ? new Date(result.until) : new Date(now.getTime() + RUNNING_RETRY_MS);
}

type StoredResult =
  | Exclude<GateResult, { status: 'succeeded' }>
  | {
      readonly status: 'succeeded';
      readonly execution: Extract<GateResult, { status: 'succeeded' }>['execution'];
      readonly value: ValueId;
      readonly narrowed: readonly string[];
      readonly injection: number;
    };

/** What the record says of an answer that was given in quarantine. */
function confinedFacts(confined: Confined | null): Pick<RecordDraft<'output.validated'>['data'], 'quarantined'> {
  return confined ? { quarantined: { handle: confined.handle, bits: confined.bits } } : {};
}

function refuses(decision: Decision): boolean {
  return decision.outcome !== 'permit' && decision.outcome !== 'notify';
}

function refusal(decision: Decision, otherwise: string): Ending {
  const text = decision.reasons.map((reason) => reason.text).join(' ');
  return { event: 'stop', text: text || otherwise, next: decision.next };
}

/** A wrong case or query is the requester's to correct; anything else is work for a person. */
function sourceEnding(source: string, error: PortreeveError): Ending {
  const text = `The source ${source} could not be read: ${error.detail}`;
  if (error.code === 'unknown_case' || error.code === 'bad_input') return { event: 'fail', text, next: error.next };
  return {
    event: 'hand_off',
    text,
    next: error.next,
    handoff: { kind: 'source_failed', context: { source, code: error.code, reason: error.detail } },
  };
}

function decisionRefs(decision: Decision): RecordRefs {
  return { decision: decision.id, policy_version: decision.policy_version };
}
