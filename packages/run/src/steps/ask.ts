import type { AgentTalk, Assembly, Deidentified, EndedReading } from '@portreeve/context';
import {
  BOTTOM,
  digestOf,
  type EvidenceId,
  type HandoffId,
  isPortreeveError,
  type Json,
  type JsonObject,
  Labelled,
  PortreeveError,
  type PromptContract,
  type RecordDraft,
  type Review,
  type SourceContract,
  type StepKind,
  type ValueId,
} from '@portreeve/contract';
import { ANSWER } from '@portreeve/gate';
import type { AskResult, Caller, ModelObserver } from '@portreeve/model';
import { isOutage } from '../engine.ts';
import { factsOf, LOOKING } from '../facts.ts';
import type { Revealed } from '../ports.ts';
import type { Confined } from '../quarantine.ts';
import { unanswered } from '../route-question.ts';
import { type PassedOver, sendQuestion } from '../send-question.ts';
import type { Ending } from '../stop.ts';
import { moveRun } from '../transitions.ts';
import { whenAway } from '../when-away.ts';
import { decisionRefs, failed, nobodyAsked, refusal, refuses, sourceEnding, toReview, undeclared } from './endings.ts';
import { type Handover, handOver } from './hand-over.ts';
import { judgeStep } from './judge-step.ts';
import { questionRecords } from './question-records.ts';
import type { RunScope, Step } from './scope.ts';

/** Asks a model by a declared prompt, on an endpoint that may see it; in quarantine, the answer is kept as a handle. */
export function askStep(scope: RunScope) {
  const { deps, durable, run, loaded, contract, life, quarantine, scores, hidden, unreviewed } = scope;
  const { step, load, record, write, decideRead } = scope;
  const handed = handOver(scope);

  const caller: Caller = {
    ...{ run: run.id, workflow: run.workflow, owner: contract.owners.business },
    // Who asked in person is there and waits; nobody waits for a shadow.
    priority: run.principal.kind === 'person' && !run.shadow_of ? 'person' : 'background',
  };
  const move = async (event: 'wait' | 'continue'): Promise<null> => {
    await moveRun(deps, run.id, event);
    return null;
  };

  async function ask<T>(
    name: string,
    inputs: Inputs,
    how: 'ask' | 'quarantine' = 'ask',
    kind?: StepKind,
  ): Promise<Labelled<T>> {
    const said = await question<T>(name, inputs, { how, kind, talk: null });
    // Only a question with tools can be answered by wishes.
    if (!('answer' in said)) throw new TypeError(`the prompt ${name} was answered by wishes`);
    return said.answer;
  }

  /** One question: of an agent, one of its turns. */
  async function question<T>(
    name: string,
    inputs: Inputs,
    { how, kind, talk }: { how: 'ask' | 'quarantine'; kind?: StepKind | undefined; talk: AgentTalk | null },
  ): Promise<Said<T>> {
    const prompt = loaded.promptsByName.get(name);
    if (prompt && (kind ?? (talk ? 'agent' : prompt.contract.step)) !== prompt.contract.step)
      throw new PortreeveError('misconfigured', `the prompt ${name} is a step of kind ${prompt.contract.step}`);
    const confined = prompt && how === 'quarantine' ? quarantine.confine(prompt.contract) : null;
    const handles = quarantine.handlesIn(inputs);
    const ending = prompt ? life.endingWith(prompt.contract, inputs) : [];
    const handoff = handed.idOf(scope.nextStep());
    /** The policy by which the question was sent where it is. */
    let refs: { policy_version?: string } = {};
    let model: string | null = null;
    const observer: ModelObserver = {
      answered: (facts, validated) => {
        model = facts.model_answered;
        return write(
          record('model.answered', facts, { outcome: facts.output_category, refs }),
          ...(validated
            ? [record('output.validated', { ...validated, ...confinedFacts(confined) }, { outcome: 'valid', refs })]
            : []),
        );
      },
      attemptFailed: (facts) => write(record('model.attempt_failed', facts, { outcome: facts.kind, refs })),
      failed: (facts) => write(record('model.failed', facts, { outcome: facts.code, refs })),
      rejected: (facts) => write(record('output.rejected', facts, { outcome: 'invalid', refs })),
    };
    let since: Date | null = null;
    let asked: Asked;
    for (;;) {
      const outcome = await step<Asked | Later>(`${how}:${name}`, (key) => askOnce(key));
      if (!('again' in outcome)) {
        asked = outcome;
        break;
      }
      since ??= new Date(outcome.since);
      await step('wait', async () => ({ ok: await move('wait') }));
      await durable.wait(MODEL_TOPIC, new Date(outcome.again));
      await step('continue', async () => ({ ok: await move('continue') }));
    }

    async function askOnce(key: string): Promise<Step<Asked | Later>> {
      if (!prompt || !contract.scope.prompts.includes(name)) {
        const ending = undeclared('prompt', name, run.workflow);
        const refused = { prompt: name, missing: 'scope.prompts', reason: ending.text } as const;
        await write(record('prompt.refused', refused, { outcome: 'refuse', refs: { codes: ['out_of_scope'] }, key }));
        return { ending };
      }
      const alive = life.forPrompt(prompt.contract, inputs);
      const revealed: Revealed[] = [];
      for (const { source, query } of alive.reread) {
        const again = await revealOrEnd(source, query, key);
        if ('ending' in again) return again;
        revealed.push(again.ok);
      }
      const whole = deps.context.assemble(prompt, alive.inputs, contract, {
        revealed,
        withheld: alive.withheld,
        handles,
        ...(talk ? { talk } : {}),
      });
      const { boundaries } = contract;
      const assembly = boundaries?.secrets === 'redact' ? await deps.context.redactSecrets(whole) : whole;
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
      await deps.environment.freshen();
      const { way, take } = questionRecords(scope, { prompt: name, key, injection });
      const sent = await sendQuestion(
        { endpoints: deps.endpoints, policy: scope.policy, deidentify: hide },
        {
          ...{ assembly, injection, boundaries, principal: run.principal, workflow: factsOf(contract) },
          environment: deps.environment.facts(LOOKING),
        },
        {
          ...way,
          ask: (endpoint, { assembly: sends, judged }) => {
            refs = { policy_version: judged.decision.policy_version };
            return endpoint.ask(sends.request, observer, { caller });
          },
        },
      );
      const byHand = (met: Ending) => endOrHandOver(handoff, prompt.contract, met, alive.inputs);
      if (sent.status === 'away') return away(key, sent.passed, take(), byHand);
      if (sent.status !== 'answered') {
        await write(...take());
        return byHand(
          sent.status === 'nowhere'
            ? unanswered(name, sent.route, run.input)
            : failed(name, sent.endpoint, sent.answer, run.input),
        );
      }
      const { answer, chosen } = sent;
      const withheld = (said: Labelled<unknown>) =>
        revealed.reduce((left, each) => deps.context.withhold(left, each), said);
      const origins = chosen.hidden?.origins ?? null;
      if (answer.status === 'wishes')
        return { ok: await keepWishes(answer, { shown: assembly.read, origins }, withheld, ending) };
      const kept = withheld(answer.value);
      const { verdict, facts } = judgeStep(prompt.contract, loaded, answer);
      const { review } = verdict;
      await write(record('step.judged', facts, { outcome: review, key: `${key}:judged` }));
      if (review === 'now' && run.shadow_of) return { ending: nobodyAsked(prompt.contract.id) };
      if (review === 'now')
        await handed.open(
          handoff,
          toReview(prompt.contract, facts, { model, ...refs }, [{ name: ANSWER, value: kept }, ...shown(alive.inputs)]),
        );
      return {
        ok: await deps.uow.transaction(async (tx) => {
          await deps.context.forgetUsed(tx, run.id, ending);
          return {
            value: review === 'now' ? null : await deps.context.save(tx, run.id, kept),
            origins: origins && (await deps.context.save(tx, run.id, origins)),
            review,
            wishes: null,
          };
        }),
      };
    }

    /** No endpoint took it: it waits, a declared answer stands in, or a person takes it. Once on record, waiting is quiet. */
    async function away(
      key: string,
      passed: readonly PassedOver[],
      drafts: readonly RecordDraft[],
      byHand: (ending: Ending) => Promise<Step<Asked>>,
    ): Promise<Step<Asked | Later>> {
      const now = deps.clock.now();
      const { on_outage, owners } = contract;
      const then = whenAway(
        passed,
        { prompt: name, on_outage, input: run.input, owner: owners.business },
        { now, since: since ?? now, random: Math.random },
      );
      if (then.do === 'wait') {
        const { because, until, again } = then;
        const facts = { prompt: name, code: because.code, reason: because.reason, until: until?.toISOString() ?? null };
        if (since === null) await write(...drafts, record('question.waits', facts, { key: `${key}:waits` }));
        return { ok: { again: again.toISOString(), since: (since ?? now).toISOString() } };
      }
      if (then.do === 'end') {
        await write(...drafts);
        return byHand(then.ending);
      }
      const { answer, because } = then;
      const facts = { prompt: name, reason: because.reason, output_digest: digestOf(answer) };
      const degraded = record('question.degraded', facts, { key: `${key}:degraded` });
      return {
        ok: await deps.uow.transaction(async (tx) => {
          await deps.context.forgetUsed(tx, run.id, ending);
          const value = await deps.context.save(tx, run.id, declared(name, answer));
          await deps.audit.append(tx, [...drafts, degraded]);
          return { value, origins: null, review: 'none', wishes: null };
        }),
      };
    }
    if (asked.origins) hidden.push(asked.origins);
    if (asked.wishes) {
      life.end(ending);
      return wishesOf(asked.wishes);
    }
    const value = asked.value ?? (await handed.answer(handoff, name, ending));
    if (asked.review === 'at_action') unreviewed.add(name);
    life.end(ending);
    const answer = await load<T>(value);
    if (prompt) quarantine.answered(answer, { confined, prompt: prompt.contract, inputs });
    return { answer };
  }

  async function keepWishes(
    { turn, wishes }: Extract<AskResult, { status: 'wishes' }>,
    { shown, origins }: { readonly shown: readonly EvidenceId[]; readonly origins: Deidentified['origins'] | null },
    withheld: (said: Labelled<unknown>) => Labelled<unknown>,
    ending: readonly EndedReading[],
  ): Promise<Asked> {
    return deps.uow.transaction(async (tx) => {
      await deps.context.forgetUsed(tx, run.id, ending);
      const kept: KeptWishes['wishes'][number][] = [];
      for (const { id, name, args, said } of wishes)
        kept.push({
          // Both go on record with the proposal, so they have nothing of what may not be kept.
          ...{ id, name, args: await deps.context.save(tx, run.id, withheld(args)) },
          ...(said ? { said: await deps.context.save(tx, run.id, withheld(said)) } : {}),
        });
      const saved = { turn: await deps.context.save(tx, run.id, turn), wishes: kept, shown };
      return {
        ...{ value: null, review: 'none', wishes: saved },
        origins: origins && (await deps.context.save(tx, run.id, origins)),
      };
    });
  }

  async function wishesOf({ turn, wishes, shown }: KeptWishes): Promise<Extract<Said<never>, { wishes: unknown }>> {
    const loaded: AgentWish[] = [];
    for (const { id, name, args, said } of wishes)
      loaded.push({
        ...{ id, name, args: await load<JsonObject>(args), shown: shown ?? [] },
        said: said ? await load<string>(said) : null,
      });
    return { turn: await load(turn), wishes: loaded };
  }

  /** What a model could not answer ends the run, or waits for the person who answers it by the workflow's procedure. */
  async function endOrHandOver(
    id: HandoffId,
    prompt: PromptContract,
    ending: Ending,
    inputs: Inputs,
  ): Promise<Step<Asked>> {
    if (!ending.handoff || !handed.isDoneByHand(prompt.id)) return { ending };
    const { kind, context, tried = [] } = ending.handoff;
    const next = 'Do it by the procedure, and give the run the result.';
    await handed.open(id, { prompt, kind, why: ending.text, context, tried, material: shown(inputs), next });
    return { ok: { value: null, origins: null, review: 'none', wishes: null } };
  }

  /** Fields that may not be kept are read anew for each question that has them: policy is asked again, too. */
  async function revealOrEnd(source: SourceContract, query: JsonObject, key: string): Promise<Step<Revealed>> {
    const { decision, request } = await decideRead(source.name, source);
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

  return { ask, question };
}

type Inputs = { readonly [name: string]: Json | Labelled<unknown> };

/** What the step that asks gives: the answer, or null where a person gives it. */
interface Asked {
  readonly value: ValueId | null;
  readonly origins: ValueId | null;
  readonly review: Review;
  readonly wishes: KeptWishes | null;
}

/** No endpoint took it yet: it is asked again then. */
type Later = { readonly again: string; readonly since: string };

/** The topic on which questions wait. Nobody nudges it: the time comes. */
const MODEL_TOPIC = 'model';

/** The workflow's own text: no model has given it, and nothing of what was read is in it. */
function declared(prompt: string, answer: Json): Labelled<Json> {
  const origins = [`degraded:${prompt}`];
  return new Labelled(answer, { integrity: 'internal', confidentiality: 'public', categories: [], origins });
}

/** As a step keeps it. A run that an earlier version began has steps without what was said and shown. */
interface KeptWishes {
  readonly turn: ValueId;
  readonly wishes: readonly {
    readonly id: string;
    readonly name: string;
    readonly args: ValueId;
    readonly said?: ValueId;
  }[];
  readonly shown?: readonly EvidenceId[];
}

/** A tool that an agent wishes for. */
export interface AgentWish {
  readonly id: string;
  readonly name: string;
  readonly args: Labelled<JsonObject>;
  /** What it wrote before the wish, and the evidence that it was shown. */
  readonly said: Labelled<string> | null;
  readonly shown: readonly EvidenceId[];
}

/** What came of one question: the answer, or an agent's turn. */
export type Said<T> =
  | { readonly answer: Labelled<T> }
  | { readonly turn: Labelled<unknown>; readonly wishes: readonly AgentWish[] };

/** What a person sees of a question: what the model was given, each with its own label. */
function shown(inputs: Inputs): Handover['material'] {
  return Object.entries(inputs).map(([name, value]) => ({
    name,
    value: value instanceof Labelled ? value : new Labelled(value, BOTTOM),
  }));
}

/** What the record says of an answer that was given in quarantine. */
function confinedFacts(confined: Confined | null): Pick<RecordDraft<'output.validated'>['data'], 'quarantined'> {
  return confined ? { quarantined: { handle: confined.handle, bits: confined.bits } } : {};
}
