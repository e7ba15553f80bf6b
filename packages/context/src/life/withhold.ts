import { type EvidenceId, type Json, type JsonObject, jsonSchema, Labelled } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { NOT_KEPT } from './rules.ts';

/** Shorter values stand in an answer by chance. */
const CHARS_MIN = 4;

/**
 * A model's answer as it may be kept: wherever it repeats a value that may not be kept, in whatever case and with whatever
 * white space, the mark stands. What it says in other words stays: that is what the question was for.
 */
export function withholdNotKept(
  answer: Labelled<unknown>,
  revealed: Labelled<ReadonlyMap<EvidenceId, JsonObject>>,
): Labelled<unknown> {
  const patterns = [...valuesOf(open(revealed))]
    .sort((a, b) => b.length - a.length)
    .map(
      (value) =>
        new RegExp(
          value
            .split(/\s+/)
            .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
            .join('\\s+'),
          'giu',
        ),
    );
  if (patterns.length === 0) return answer;
  const text = (value: string): string =>
    patterns.reduce((left, pattern) => left.replace(pattern, NOT_KEPT), value.normalize('NFC'));
  const walk = (value: Json): Json => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return text(String(value)) === String(value) ? value : NOT_KEPT;
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [text(name), walk(item as Json)]));
  };
  return new Labelled(walk(jsonSchema.parse(open(answer)) as Json), answer.label);
}

function valuesOf(revealed: ReadonlyMap<EvidenceId, JsonObject>): Set<string> {
  const values = new Set<string>();
  for (const fields of revealed.values())
    for (const value of Object.values(fields)) {
      const text = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
      if (text.length >= CHARS_MIN) values.add(text.normalize('NFC'));
    }
  return values;
}
