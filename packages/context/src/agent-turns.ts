import type { Evidence, Json, JsonObject, Label, Labelled, ModelTool, ModelTurn } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { cleanText } from './clean.ts';
import { asEvidence } from './evidence.ts';

/** What an agent has said and heard so far, and what it may wish for. */
export interface AgentTalk {
  readonly tools: readonly ModelTool[];
  /** No turn is left: it must answer. */
  readonly closed: boolean;
  readonly turns: readonly {
    readonly answer: Labelled<unknown>;
    /** `value`: what a tool answered, as `hearAnswer` gives it, or our own words. */
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

/** The turns as a question has them, each with its labels, and the pieces of evidence that tools answered. */
export function openTurns({ turns }: AgentTalk): {
  readonly turns: readonly ModelTurn[];
  readonly labels: readonly TurnLabels[];
  readonly pieces: readonly Evidence[];
} {
  const pieces: Evidence[] = [];
  const told = (value: unknown): Omit<ModelTurn['results'][number], 'id' | 'failed'> => {
    const [piece] = asEvidence(value) ?? [];
    if (!piece) return { text: shown(value as Json) };
    pieces.push(piece);
    return { text: shown(piece.fields), evidence: { id: piece.id, title: `what ${piece.source} answered` } };
  };
  return {
    turns: turns.map(({ answer, results }) => ({
      answer: open(answer) as readonly JsonObject[],
      results: results.map(({ id, value, failed }) => ({ id, failed, ...told(open(value)) })),
    })),
    pieces,
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
