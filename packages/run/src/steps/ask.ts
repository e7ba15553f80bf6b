import type { Assembly, Deidentified } from '@portreeve/context';
import {
  isPortreeveError,
  type Json,
  type JsonObject,
  type Labelled,
  PortreeveError,
  type RecordDraft,
  type SourceContract,
  type ValueId,
} from '@portreeve/contract';
import { isOutage } from '../engine.ts';
import { factsOf, LOOKING } from '../facts.ts';
import type { Revealed } from '../ports.ts';
import type { Confined } from '../quarantine.ts';
import { routeQuestion, unanswered } from '../route-question.ts';
import { decisionRefs, refusal, refuses, sourceEnding } from './endings.ts';
import type { RunScope, Step } from './scope.ts';

/** Asks a model by a declared prompt, on an endpoint that may see it; in quarantine, the answer is kept as a handle. */
export function askStep(scope: RunScope) {
  const { deps, run, loaded, contract, life, quarantine, scores, hidden } = scope;
  const { step, load, record, write, decideRead } = scope;

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

  return ask;
}

/** What the record says of an answer that was given in quarantine. */
function confinedFacts(confined: Confined | null): Pick<RecordDraft<'output.validated'>['data'], 'quarantined'> {
  return confined ? { quarantined: { handle: confined.handle, bits: confined.bits } } : {};
}
