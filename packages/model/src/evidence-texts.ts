import type { Json, ModelRequest } from '@portreeve/contract';

/** What was shown, by evidence id: the texts of each piece, folded so that spacing makes no difference. */
export type EvidenceTexts = ReadonlyMap<string, readonly string[]>;

/** A shorter passage stands everywhere by chance. */
const PASSAGE_CHARS_MIN = 4;

/** The texts of the evidence in a question, and of what tools have answered in its conversation. */
export function evidenceTexts({ content, turns = [] }: Pick<ModelRequest, 'content' | 'turns'>): EvidenceTexts {
  const heard = turns.flatMap(({ results }) => results);
  return new Map<string, readonly string[]>([
    ...content.flatMap((block) => (block.type === 'evidence' ? [[block.id, leavesOf(block.text)] as const] : [])),
    ...heard.flatMap(({ evidence, text }) => (evidence ? [[evidence.id, leavesOf(text)] as const] : [])),
  ]);
}

/** Whether a passage stands, word for word, in one of these texts. */
export function standsIn(passage: string, texts: readonly string[]): boolean {
  const wanted = fold(passage);
  return wanted.length >= PASSAGE_CHARS_MIN && texts.some((text) => text.includes(wanted));
}

/** Unicode NFC, and one space for any run of white space: documents break lines where they like. */
const fold = (text: string): string => text.normalize('NFC').replace(/\s+/gu, ' ').trim();

/** Evidence is shown as JSON of its fields: a passage stands in one field, not across two. */
function leavesOf(text: string): string[] {
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch {
    return [fold(text)];
  }
  const walk = (node: Json): string[] => {
    if (typeof node === 'object' && node !== null) return Object.values(node).flatMap((each) => walk(each as Json));
    return node === null ? [] : [fold(String(node))];
  };
  return walk(parsed);
}
