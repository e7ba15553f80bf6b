import type { Json, JsonObject, Label, Labelled, ModelTool, ModelTurn } from '@portreeve/contract';
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

/** The labels of one turn: of what the model answered, and of what became of each of its wishes. */
export interface TurnLabels {
  readonly answer: Label;
  readonly results: readonly Label[];
}

/** The turns as a question has them, each with its labels. Results are cleaned as evidence is. */
export function openTurns({ turns }: AgentTalk): {
  readonly turns: readonly ModelTurn[];
  readonly labels: readonly TurnLabels[];
} {
  return {
    turns: turns.map(({ answer, results }) => ({
      answer: open(answer) as readonly JsonObject[],
      results: results.map(({ id, value, failed }) => ({ id, failed, text: shown(open(value) as Json) })),
    })),
    labels: turns.map(({ answer, results }) => ({
      answer: answer.label,
      results: results.map(({ value }) => value.label),
    })),
  };
}

function shown(value: Json): string {
  const { text } = cleanText(JSON.stringify(value));
  if (text.length <= RESULT_CHARS_MAX) return text;
  return `${text.slice(0, RESULT_CHARS_MAX).toWellFormed()} (cut: ${text.length - RESULT_CHARS_MAX} characters were left out)`;
}
