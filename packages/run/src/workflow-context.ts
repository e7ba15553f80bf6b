import { runLife } from '@portreeve/context';
import {
  type ActOutcome,
  type Arguments,
  type AuditWriter,
  actorOf,
  asId,
  type Clearance,
  type Clock,
  type Decision,
  draft,
  type Evidence,
  isPortreeveError,
  type Json,
  type JsonObject,
  type Labelled,
  labelData,
  type PolicyDecider,
  type PolicyRequest,
  type PortreeveError,
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
import type { Gate, GateResult, Handoffs } from '@portreeve/gate';
import type { Ask } from '@portreeve/model';
import { isOutage } from './engine.ts';
import { factsOf, LOOKING } from './facts.ts';
import type { ContextStage, Durable, Environment, LoadedWorkflow, Revealed, RunStore } from './ports.ts';
import { type Confined, runQuarantine } from './quarantine.ts';
import { type Ending, RunStopped } from './stop.ts';
import { approvalTopic, moveRun } from './transitions.ts';

export interface PipelineDeps {
  readonly store: RunStore;
  readonly context: ContextStage;
  readonly ask: Ask;
  /** The endpoint that questions go to, as policy sees it. */
  readonly endpoint: { readonly name: string; readonly clearance: Clearance };
  readonly gate: Gate;
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
    type Read = { value: ValueId; available: number; count: number; read_at: string };
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
        return { ok: { value, available: reading.available, count: reading.count, read_at } };
      } catch (error) {
        // A database that is away is no fault of the source.
        if (!isPortreeveError(error) || isOutage(error)) throw error;
        await write(record('source.failed', { source: name, reason: error.detail }, { outcome: error.code, key }));
        return { ending: sourceEnding(name, error) };
      }
    });
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
    const value = await step<ValueId>(`${how}:${name}`, async (key) => {
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
      const request: PolicyRequest = {
        kind: 'ask',
        principal: run.principal,
        workflow: factsOf(contract),
        endpoint: deps.endpoint,
        influence: labelData(assembly.label),
        environment: deps.environment.facts(LOOKING),
      };
      const decision = deps.policy.decide(request);
      await write(
        record(
          'prompt.assembled',
          { ...assembly.record, decision, request },
          { outcome: decision.outcome, refs: decisionRefs(decision), key },
        ),
      );
      if (refuses(decision))
        return { ending: refusal(decision, `Policy refuses to send this to ${deps.endpoint.name}.`) };
      const answer = await deps.ask(assembly.request, {
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
      const saved = await deps.uow.transaction(async (tx) => {
        await deps.context.forgetUsed(tx, run.id, ending);
        return deps.context.save(tx, run.id, kept);
      });
      return { ok: saved };
    });
    life.end(ending);
    const answer = await load<T>(value);
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
    let result = await step<StoredResult>(`act:${tool}`, async () => {
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
      const wish = {
        id: proposal,
        run: run.id,
        workflow: factsOf(contract),
        approval_timeout_minutes: contract.approval_timeout_minutes,
        history: contract.history,
        release: run.release,
        principal: run.principal,
        contract: toolContract,
        args,
        request: run.input,
        rationale: why.rationale,
        evidence: why.evidence ? life.forRecord(why.evidence) : null,
        quarantine: read,
      };
      return { ok: await keep(await deps.gate.submit(wish)) };
    });
    while (result.status === 'waiting' || result.status === 'running') {
      const { status } = result;
      const until =
        status === 'waiting' ? new Date(result.expires_at) : new Date(deps.clock.now().getTime() + RUNNING_RETRY_MS);
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
    const { value, execution, narrowed } = result;
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
    return { status: 'succeeded', execution: result.execution, value, narrowed: result.narrowed };
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
    },
    ending: () => stopped?.ending ?? null,
  };
}

/** Milliseconds until a proposal that another process executes is looked at again. */
const RUNNING_RETRY_MS = 2000;

type StoredResult =
  | Exclude<GateResult, { status: 'succeeded' }>
  | {
      readonly status: 'succeeded';
      readonly execution: Extract<GateResult, { status: 'succeeded' }>['execution'];
      readonly value: ValueId;
      readonly narrowed: readonly string[];
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
