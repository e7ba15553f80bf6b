import type { Json, WorkflowContract } from '@portreeve/contract';
import type { PassedOver } from './send-question.ts';
import type { Ending } from './stop.ts';

/** What becomes of a question that no endpoint took. */
export type WhenAway =
  /** It is asked again at `again`, and is a person's work from `until` on; null: it waits for its turn. */
  | { readonly do: 'wait'; readonly again: Date; readonly until: Date | null; readonly because: PassedOver }
  | { readonly do: 'degrade'; readonly answer: Json; readonly because: PassedOver }
  | { readonly do: 'end'; readonly ending: Ending };

/** How long a question waits before it is asked again, where nobody said how long, and at the most. */
const WAIT_FIRST_MS = 2000;
const WAIT_MAX_MS = 60_000;

/**
 * What the workflow declares for an outage (requirement E6). Limits that are reached are no outage: the question waits for
 * its turn, whatever is declared. `since` is when it began to wait. The moment is spread, so that those who wait do not
 * all come at once.
 */
export function whenAway(
  passed: readonly PassedOver[],
  question: { prompt: string; on_outage: WorkflowContract['on_outage']; input: Json; owner: string },
  { now, since, random }: { now: Date; since: Date; random: () => number },
): WhenAway {
  const { prompt, on_outage = { do: 'hand_off' } } = question;
  const busy = passed.find(({ code }) => code === 'busy');
  if (busy) return { do: 'wait', again: again([busy], now, random), until: null, because: busy };
  const silent = passed.filter(({ code }) => code !== 'budget_exhausted');
  const [first] = silent;
  if (!first) return { do: 'end', ending: noBudget(passed, question) };
  if (on_outage.do === 'degrade' && Object.hasOwn(on_outage.answers, prompt))
    return { do: 'degrade', answer: on_outage.answers[prompt] as Json, because: first };
  if (on_outage.do === 'wait') {
    const until = new Date(since.getTime() + on_outage.minutes * 60_000);
    if (now < until) {
      const at = again(silent, now, random);
      return { do: 'wait', again: at < until ? at : until, until, because: first };
    }
  }
  return { do: 'end', ending: noAnswer(passed, question) };
}

function again(passed: readonly PassedOver[], now: Date, random: () => number): Date {
  const soonest = Math.min(...passed.map(({ retry_after_ms }) => retry_after_ms ?? WAIT_FIRST_MS));
  const wait = Math.min(Math.max(soonest, WAIT_FIRST_MS), WAIT_MAX_MS);
  return new Date(now.getTime() + Math.ceil(wait * (1 + random())));
}

const tried = (passed: readonly PassedOver[]) =>
  passed.map(({ endpoint, code, reason, call }) => ({ endpoint, code, reason, call }));

function noAnswer(passed: readonly PassedOver[], { prompt, input }: { prompt: string; input: Json }): Ending {
  const [first] = passed;
  const each = passed.map(({ endpoint, reason }) => `${endpoint}: ${reason}`).join('; ');
  return {
    event: 'hand_off',
    text: `The model gave no usable answer: ${passed.length === 1 ? first?.reason : each}`,
    next: 'Write the answer by hand, or correct the cause and start a new run.',
    handoff: {
      ...{ kind: 'fallback', about: prompt },
      context: { prompt, code: first?.code ?? '', endpoints: tried(passed), input },
      tried: passed.map(({ endpoint, reason }) => `${endpoint} was asked, or left alone: ${reason}`),
    },
  };
}

function noBudget(
  passed: readonly PassedOver[],
  { prompt, input, owner }: { prompt: string; input: Json; owner: string },
): Ending {
  return {
    event: 'hand_off',
    text: `The question ${prompt} was not asked: ${passed[0]?.reason}.`,
    next: `Finish the work by hand; or have ${owner} raise the budget under \`budgets\` in portreeve.config.ts, or, where it is a month’s, wait for the next one, and start a new run.`,
    handoff: { kind: 'budget_exhausted', about: prompt, context: { prompt, endpoints: tried(passed), input } },
  };
}
