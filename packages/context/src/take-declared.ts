import { type Json, PortreeveError, type SourceContract } from '@portreeve/contract';
import { cleanText } from './clean.ts';
import { FindingLog } from './findings.ts';
import { parseItems } from './parse-items.ts';
import type { SourceItem, SourceItems } from './ports.ts';

const LEFT_OUT_MAX = 200;
const NAME_CHARS_MAX = 128;

/**
 * Turns the text of a source into items that hold declared fields alone (requirement D8). Every reader ends here, so an
 * undeclared field does not leave any of them. Throws `source_failed` where nothing in a non-empty source is usable.
 */
export function takeDeclared(text: string, contract: SourceContract): SourceItems {
  const parsed = parseItems(text, contract.limits.max_items);
  const declared = new Set(contract.fields.map((field) => field.name));
  const leftOut = new Set<string>();
  const findings = new FindingLog();
  for (const position of parsed.malformed) findings.add('malformed_item', position);

  const items: SourceItem[] = [];
  let cutValues = 0;
  for (const { position, value } of parsed.items) {
    for (const name of Object.keys(value)) if (!declared.has(name)) leftOut.add(name);
    const fields: [string, Json][] = [];
    for (const field of contract.fields) {
      if (!Object.hasOwn(value, field.name)) continue;
      const raw = value[field.name] as Json;
      if (raw === null || typeof raw === 'boolean' || typeof raw === 'number') {
        fields.push([field.name, raw]);
        continue;
      }
      const cleaned = cleanText(typeof raw === 'string' ? raw : nestedText(raw));
      findings.inspect(position, cleaned);
      const shown = cut(cleaned.text, field.max_chars);
      if (shown !== cleaned.text) cutValues++;
      fields.push([field.name, shown]);
    }
    if (fields.length === 0) findings.add('no_declared_field', position);
    else items.push({ position, fields: Object.fromEntries(fields) });
  }
  if (parsed.available > 0 && items.length === 0) {
    throw new PortreeveError(
      'source_failed',
      parsed.items.length === 0
        ? `source ${contract.name} gave neither JSON Lines nor a JSON array of objects`
        : `no item of source ${contract.name} has a field that its contract declares`,
    );
  }
  return {
    items,
    available: parsed.available,
    fieldsLeftOut: boundedNames(leftOut),
    cutValues,
    findings: findings.list(),
  };
}

/** JSON text of a nested value, or a stated replacement where it is nested too deep to be written. */
function nestedText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[nested too deep]';
  }
}

/** The first `max` UTF-16 units, never half a character, with a mark that says how much is missing. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\uD800-\uDBFF]/.test(text[max - 1]!) ? max - 1 : max;
  return `${text.slice(0, end)}… [cut: ${text.length - end} more characters]`;
}

/** Field names come from outside too: cleaned, bounded in length and number, and the rest counted. */
function boundedNames(names: ReadonlySet<string>): string[] {
  const clean = [
    ...new Set([...names].map((name) => cleanText(name).text.slice(0, NAME_CHARS_MAX).toWellFormed())),
  ].sort();
  const rest = clean.length - LEFT_OUT_MAX;
  return rest > 0 ? [...clean.slice(0, LEFT_OUT_MAX), `… and ${rest} more`] : clean;
}
