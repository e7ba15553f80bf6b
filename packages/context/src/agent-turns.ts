import {
  type Json,
  type JsonObject,
  type Label,
  type Labelled,
  type ModelTool,
  type ModelTurn,
  PortreeveError,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { cleanText } from './clean.ts';

/** What an agent has said and heard so far, and what it may wish for. */
export interface AgentTalk {
  readonly tools: readonly ModelTool[];
  /** No turn is left: it must answer. */
  readonly closed: boolean;
  readonly turns: readonly {
    readonly answer: Labelled<unknown>;
    readonly results: readonly { readonly id: string; readonly value: Labelled<unknown>; readonly failed: boolean }[];
  }[];
}

/** Characters of one result that an agent is shown. */
const RESULT_CHARS_MAX = 50_000;

/** The turns as a question has them, and the labels of all that is in them. Results are cleaned as evidence is. */
export function openTurns({ turns }: AgentTalk): {
  readonly turns: readonly ModelTurn[];
  readonly labels: readonly Label[];
} {
  return {
    turns: turns.map(({ answer, results }) => ({
      answer: open(answer) as readonly JsonObject[],
      results: results.map(({ id, value, failed }) => ({ id, failed, text: shown(open(value) as Json) })),
    })),
    labels: turns.flatMap(({ answer, results }) => [answer.label, ...results.map(({ value }) => value.label)]),
  };
}

function shown(value: Json): string {
  const { text } = cleanText(JSON.stringify(value));
  if (text.length <= RESULT_CHARS_MAX) return text;
  return `${text.slice(0, RESULT_CHARS_MAX).toWellFormed()} (cut: ${text.length - RESULT_CHARS_MAX} characters were left out)`;
}

/** Pseudonyms are made for one question: a conversation goes where it may be seen as it is, or nowhere. */
export function refuseHiding(talk: AgentTalk | null): void {
  if (talk) throw new PortreeveError('refused', 'What an agent says and hears is not de-identified.');
}
