import { type AgentTalk, type Assembly, type Deidentified, refuseHiding } from '@portreeve/context';
import {
  BOTTOM,
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
import type { AskResult } from '@portreeve/model';
import { isOutage } from '../engine.ts';
import { factsOf, LOOKING } from '../facts.ts';
import type { Revealed } from '../ports.ts';
import type { Confined } from '../quarantine.ts';
import { routeQuestion, unanswered } from '../route-question.ts';
import type { Ending } from '../stop.ts';
import { decisionRefs, failed, refusal, refuses, sourceEnding, toReview } from './endings.ts';
import { type Handover, handOver } from './hand-over.ts';
import { judgeStep } from './judge-step.ts';
import type { RunScope, Step } from './scope.ts';

/** Asks a model by a declared prompt, on an endpoint that may see it; in quarantine, the answer is kept as a handle. */
export function askStep(scope: RunScope) {
  const { deps, run, loaded, contract, life, quarantine, scores, hidden, unreviewed } = scope;
  const { step, load, record, write, decideRead } = scope;
  const handed = handOver(scope);

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
        ...(talk ? { talk } : {}),
      });
      // A pseudonym is kept with what it stands for, until the run ends: longer than what may not be kept at all.
      const hide = async (each: Assembly): Promise<Deidentified> => {
        refuseHiding(talk);
        if (revealed.length > 0)
          throw new PortreeveError(
            'refused',
            'It holds fields that may not be kept, so no pseudonym is made for them.',
          );
        return deps.context.deidentify(run.id, each);
      };
      const injection = scores.of([assembly.label]);
      await deps.environment.freshen();
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
        return endOrHandOver(handoff, prompt.contract, unanswered(name, route, run.input), alive.inputs);
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
        answered: (facts, validated) =>
          write(
            record('model.answered', facts, { outcome: facts.output_category }),
            ...(validated
              ? [record('output.validated', { ...validated, ...confinedFacts(confined) }, { outcome: 'valid' })]
              : []),
          ),
        attemptFailed: (facts) => write(record('model.attempt_failed', facts, { outcome: facts.kind })),
        failed: (facts) => write(record('model.failed', facts, { outcome: facts.code })),
        rejected: (facts) => write(record('output.rejected', facts, { outcome: 'invalid' })),
      });
      if (answer.status === 'failed')
        return endOrHandOver(handoff, prompt.contract, failed(name, endpoint, answer, run.input), alive.inputs);
      if (answer.status === 'wishes') return { ok: await keepWishes(answer, ending) };
      const kept = revealed.reduce(
        (left, each) => deps.context.withhold(left, each),
        answer.value as Labelled<unknown>,
      );
      const origins = chosen.hidden?.origins ?? null;
      const { verdict, facts } = judgeStep(prompt.contract, loaded, answer);
      const { review } = verdict;
      await write(record('step.judged', facts, { outcome: review, key: `${key}:judged` }));
      if (review === 'now')
        await handed.open(
          handoff,
          toReview(prompt.contract, facts, [{ name: ANSWER, value: kept }, ...shown(alive.inputs)]),
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
    });
    if (asked.wishes) {
      life.end(ending);
      return wishesOf(asked.wishes);
    }
    const value = asked.value ?? (await handed.answer(handoff, name, ending));
    if (asked.review === 'at_action') unreviewed.add(name);
    life.end(ending);
    if (asked.origins) hidden.push(asked.origins);
    const answer = await load<T>(value);
    if (prompt) quarantine.answered(answer, { confined, prompt: prompt.contract, inputs });
    return { answer };
  }

  async function keepWishes(
    { turn, wishes }: Extract<AskResult, { status: 'wishes' }>,
    ending: readonly ValueId[],
  ): Promise<Asked> {
    return deps.uow.transaction(async (tx) => {
      await deps.context.forgetUsed(tx, run.id, ending);
      const kept: KeptWishes['wishes'][number][] = [];
      for (const { id, name, args } of wishes) kept.push({ id, name, args: await deps.context.save(tx, run.id, args) });
      const saved = { turn: await deps.context.save(tx, run.id, turn), wishes: kept };
      return { value: null, origins: null, review: 'none', wishes: saved };
    });
  }

  async function wishesOf({ turn, wishes }: KeptWishes): Promise<Extract<Said<never>, { wishes: unknown }>> {
    const loaded: AgentWish[] = [];
    for (const { id, name, args } of wishes) loaded.push({ id, name, args: await load<JsonObject>(args) });
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

interface KeptWishes {
  readonly turn: ValueId;
  readonly wishes: readonly { readonly id: string; readonly name: string; readonly args: ValueId }[];
}

/** A tool that an agent wishes for. */
export interface AgentWish {
  readonly id: string;
  readonly name: string;
  readonly args: Labelled<JsonObject>;
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
