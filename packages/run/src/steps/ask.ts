import type { Assembly, Deidentified } from '@portreeve/context';
import {
  digestOf,
  isPortreeveError,
  type Json,
  type JsonObject,
  Labelled,
  PortreeveError,
  type RecordDraft,
  type SourceContract,
  type ValueId,
} from '@portreeve/contract';
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
import { decisionRefs, refusal, refuses, sourceEnding } from './endings.ts';
import { questionRecords } from './question-records.ts';
import type { RunScope, Step } from './scope.ts';

/** Asks a model by a declared prompt, on an endpoint that may see it; in quarantine, the answer is kept as a handle. */
export function askStep(scope: RunScope) {
  const { deps, durable, run, loaded, contract, life, quarantine, scores, hidden } = scope;
  const { step, load, record, write, decideRead } = scope;

  const caller: Caller = {
    ...{ run: run.id, workflow: run.workflow, owner: contract.owners.business },
    // Who asked in person is there and waits.
    priority: run.principal.kind === 'person' ? 'person' : 'background',
  };
  const move = async (event: 'wait' | 'continue'): Promise<null> => {
    await moveRun(deps, run.id, event);
    return null;
  };

  async function ask<T>(
    name: string,
    inputs: { readonly [name: string]: Json | Labelled<unknown> },
    how: 'ask' | 'quarantine' = 'ask',
  ): Promise<Labelled<T>> {
    const prompt = loaded.promptsByName.get(name);
    const confined = prompt && how === 'quarantine' ? quarantine.confine(prompt.contract) : null;
    const handles = quarantine.handlesIn(inputs);
    const ending = prompt ? life.endingWith(prompt.contract, inputs) : [];
    const observer: ModelObserver = {
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
      const { way, take } = questionRecords(scope, { prompt: name, key, injection });
      const sent = await sendQuestion(
        { endpoints: deps.endpoints, policy: deps.policy, deidentify: hide },
        {
          ...{ assembly, injection, principal: run.principal, workflow: factsOf(contract) },
          environment: deps.environment.facts(LOOKING),
        },
        { ...way, ask: (endpoint, { assembly: sends }) => endpoint.ask(sends.request, observer, { caller }) },
      );
      if (sent.status === 'away') return away(key, sent.passed, take());
      if (sent.status !== 'answered') {
        await write(...take());
        return {
          ending:
            sent.status === 'nowhere'
              ? unanswered(name, sent.route, run.input)
              : modelFailed(name, sent.answer, run.input),
        };
      }
      const { answer, chosen } = sent;
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
    }

    /** No endpoint took it: it waits, a declared answer stands in, or a person takes it. Once on record, waiting is quiet. */
    async function away(
      key: string,
      passed: readonly PassedOver[],
      drafts: readonly RecordDraft[],
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
        return { ending: then.ending };
      }
      const { answer, because } = then;
      const facts = { prompt: name, reason: because.reason, output_digest: digestOf(answer) };
      const degraded = record('question.degraded', facts, { key: `${key}:degraded` });
      return {
        ok: await deps.uow.transaction(async (tx) => {
          await deps.context.forgetUsed(tx, run.id, ending);
          const value = await deps.context.save(tx, run.id, declared(name, answer));
          await deps.audit.append(tx, [...drafts, degraded]);
          return { value, origins: null };
        }),
      };
    }
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

  return ask;
}

/** A question's answer, as a durable step keeps it. */
type Asked = { readonly value: ValueId; readonly origins: ValueId | null };
/** No endpoint took it yet: it is asked again then. */
type Later = { readonly again: string; readonly since: string };

/** The topic on which questions wait. Nobody nudges it: the time comes. */
const MODEL_TOPIC = 'model';

/** The workflow's own text: no model has given it, and nothing of what was read is in it. */
function declared(prompt: string, answer: Json): Labelled<Json> {
  const origins = [`degraded:${prompt}`];
  return new Labelled(answer, { integrity: 'internal', confidentiality: 'public', categories: [], origins });
}

function modelFailed(prompt: string, answer: Extract<AskResult, { status: 'failed' }>, input: JsonObject): Ending {
  const { code, reason, attempts } = answer;
  return {
    event: 'hand_off',
    text: `The model gave no usable answer: ${reason}`,
    next: 'Write the answer by hand, or correct the cause and start a new run.',
    handoff: { kind: 'model_failed', context: { prompt, code, reason, attempts, input } },
  };
}

/** What the record says of an answer that was given in quarantine. */
function confinedFacts(confined: Confined | null): Pick<RecordDraft<'output.validated'>['data'], 'quarantined'> {
  return confined ? { quarantined: { handle: confined.handle, bits: confined.bits } } : {};
}
