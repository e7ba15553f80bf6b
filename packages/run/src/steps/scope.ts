import { runLife } from '@portreeve/context';
import {
  type AuditWriter,
  actorOf,
  BOTTOM,
  type Clock,
  draft,
  type Json,
  type Label,
  type Labelled,
  labelData,
  type PolicyDecider,
  type PolicyRequest,
  type RecordDraft,
  type RecordRefs,
  type RecordType,
  type Run,
  readBoundary,
  type SourceContract,
  type UnitOfWork,
  type ValueId,
} from '@portreeve/contract';
import type { Gate, Handoffs, Unwindings } from '@portreeve/gate';
import { barredEnding } from '../barred.ts';
import { factsOf, LOOKING } from '../facts.ts';
import { InjectionScores } from '../injection-scores.ts';
import type { ContextStage, Durable, Environment, LoadedWorkflow, RunReleases, RunStore } from '../ports.ts';
import { runQuarantine } from '../quarantine.ts';
import type { Endpoint } from '../route-question.ts';
import { type Ending, RunStopped } from '../stop.ts';

export interface PipelineDeps {
  readonly store: RunStore;
  readonly context: ContextStage;
  /** The model endpoints, in the order in which they are tried. */
  readonly endpoints: readonly Endpoint[];
  readonly gate: Pick<Gate, 'submit' | 'resume' | 'get'>;
  readonly unwindings: Pick<Unwindings, 'begin' | 'advance' | 'get'>;
  readonly handoffs: Pick<Handoffs, 'open' | 'get' | 'result'>;
  readonly policy: PolicyDecider;
  /** Left out: every release may go on. */
  readonly releases?: RunReleases;
  readonly environment: Environment;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
}

/** What one durable step of a run gives: its result, or how it ends the run. */
export type Step<T> = { readonly ok: T } | { readonly ending: Ending };

/** What the steps of one run share: what it has read so far, how it ends, and how a step is made durable and recorded. */
export type RunScope = ReturnType<typeof runScope>;

export function runScope(deps: PipelineDeps, durable: Durable, run: Run, loaded: LoadedWorkflow) {
  const { definition, policy = deps.policy } = loaded;
  const { contract } = definition;
  const actor = actorOf(run.principal);
  const refs: RecordRefs = { run: run.id, workflow: run.workflow, release: run.release };
  const isBarred = () => deps.releases?.isBarred(run.release) ?? false;
  let count = 0;
  let stopped: RunStopped | null = null;

  async function step<T>(name: string, fn: (key: string) => Promise<Step<T>>): Promise<T> {
    if (stopped) throw stopped;
    const key = `${run.id}:${++count}:${name}`;
    const result = (await durable.step(
      name,
      async () => (isBarred() ? { ending: barredEnding(run) } : await fn(key)) as unknown as Json,
    )) as unknown as Step<T>;
    if ('ok' in result) return result.ok;
    stopped = new RunStopped(result.ending);
    throw stopped;
  }

  const load = async <T>(id: ValueId) => (await durable.read(() => deps.context.load(run.id, id))) as Labelled<T>;

  const record = <T extends RecordType>(type: T, data: RecordDraft<T>['data'], more: Partial<RecordDraft<T>> = {}) =>
    draft<T>({ type, actor, data, ...more, refs: { ...refs, ...more.refs } });
  const write = (...drafts: RecordDraft[]) => deps.audit.record(drafts, 'behind');

  const decideRead = async (name: string, source: SourceContract | undefined) => {
    await deps.environment.freshen();
    const environment = deps.environment.facts(LOOKING);
    const boundary = source ? readBoundary(contract.boundaries, source, environment.name) : 'none';
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
      ...(boundary === 'none' ? {} : { boundary }),
      environment,
    };
    return { request, decision: policy.decide(request) };
  };

  /** What policy says of a tool of which nothing but the name is known: whatever that is, the tool is not used. */
  const decideUndeclared = async (tool: string) => {
    await deps.environment.freshen();
    const request: PolicyRequest = {
      kind: 'act',
      principal: run.principal,
      workflow: factsOf(contract),
      tool: {
        name: tool,
        version: '',
        ...LOOKING,
        reversible: true,
        clearance: { confidentiality: 'restricted', categories: [] },
      },
      ...{ args: {}, influence: labelData(BOTTOM), provenance: [], injection: 0, untrusted_sinks: [], approval: null },
      environment: deps.environment.facts(LOOKING),
    };
    return { request, decision: policy.decide(request) };
  };

  return {
    deps,
    durable,
    run,
    loaded,
    definition,
    policy,
    contract,
    life: runLife(deps.clock),
    quarantine: runQuarantine(),
    scores: new InjectionScores(),
    /** Labels of values by which the code may have chosen its way. */
    seen: [] as Label[],
    /** Prompts whose answers a person has to look at before anything of them is used. */
    unreviewed: new Set<string>(),
    /** What the pseudonyms of this run's questions stand for, as far as a restored value needs it. */
    hidden: [] as ValueId[],
    step,
    /** The number of the step that comes next: the same after a crash, so that an id may be derived from it. */
    nextStep: () => count + 1,
    load,
    record,
    write,
    decideRead,
    decideUndeclared,
    ending: () => stopped?.ending ?? null,
  };
}
