import {
  type Evidence,
  type EvidenceId,
  type Json,
  type Labelled,
  labelData,
  type RecordData,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { cleanText } from './clean.ts';
import type { InjectionClassifier } from './detect/outside-classifier.ts';
import { asEvidence, evidenceDigest, labelEvidence, makeEvidence } from './evidence.ts';
import { FindingLog } from './findings.ts';
import { classifyItems, injectionOf, scoreValue, textOf } from './score-items.ts';

/** Where in a heard answer stands what the tool answered. */
export const ANSWER_AT = '/0/fields/answer';

export interface Answered {
  readonly tool: string;
  /** Of the tool's contract. */
  readonly version: string;
  /** The step of the run that used the tool: the same again after a crash. */
  readonly position: number;
  readonly answer: Labelled<Json>;
}

export interface HeardAnswer {
  /** One piece, under the label of the answer. */
  readonly evidence: Labelled<readonly Evidence[]>;
  /** How much it looks as if it gave orders, per mille; 0 where nothing was noticed. */
  readonly injection: number;
  readonly record: RecordData<'tool.answered'>;
}

/**
 * What a tool answered, as the piece of evidence that an agent is shown (requirement D3): cleaned and looked at as an item
 * of a source is. Its id follows from the tool, the step and the content, so the tool has no say in it.
 */
export async function hearAnswer(
  { tool, version, position, answer }: Answered,
  classifier: InjectionClassifier | null = null,
): Promise<HeardAnswer> {
  const given = open(answer);
  const findings = new FindingLog();
  findings.inspect(position, cleanText(textOf(given)));
  // A tool chooses the names of its fields, too.
  findings.inspect(position, cleanText(namesIn(given).join('\n')));
  const piece = makeEvidence(tool, position, { answer: cleaned(given) });
  const own = findings.list();
  const found = classifier ? await classifyItems([piece], own, classifier) : own;
  return {
    evidence: labelEvidence([piece], answer.label),
    injection: Math.max(injectionOf(found), scoreValue(answer)),
    record: {
      ...{ tool, version, label: labelData(answer.label) },
      findings: found.map(({ positions, ...finding }) => ({ ...finding, positions: [...positions] })),
      evidence: { id: piece.id, position, digest: evidenceDigest(piece) },
    },
  };
}

/** The pieces of evidence that a value consists of, by JSON pointer to their fields. A value that only looks so has none. */
export function piecesOf(value: Labelled<unknown>): { readonly at: string; readonly id: EvidenceId }[] {
  const opened = open(value);
  const list = Array.isArray(opened);
  return (asEvidence(opened) ?? []).map(({ id }, index) => ({ at: list ? `/${index}/fields` : '/fields', id }));
}

function cleaned(value: Json): Json {
  if (typeof value === 'string') return cleanText(value).text;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => cleaned(each as Json));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [cleanText(name).text, cleaned(each as Json)]));
}

function namesIn(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap((each) => namesIn(each as Json));
  return Array.isArray(value) ? below : [...Object.keys(value), ...below];
}
