import type { Change, Json } from '@portreeve/contract';

const UPPER = new Set(['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems', 'maxProperties', 'maxContains']);
const LOWER = new Set(['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties', 'minContains']);
const WORDS = new Set(['title', 'description', '$comment', 'examples', 'default', 'deprecated']);

/**
 * Whether a change inside a JSON Schema (2020-12) lets more values through. What it does not understand counts as letting
 * more through.
 */
export function schemaLoosens(change: Change): boolean {
  const parts = change.path.split('/').slice(1);
  const last = parts.at(-1) ?? '';
  const parent = parts.at(-2) ?? '';
  const before: Json | undefined = change.kind === 'added' ? undefined : change.before;
  const after: Json | undefined = change.kind === 'removed' ? undefined : change.after;
  // A property of that name, and not the keyword: what is named here is an argument.
  if (parent === 'properties') return change.kind !== 'removed';
  if (WORDS.has(last)) return false;
  if (parent === 'enum') return change.kind !== 'removed';
  if (parent === 'required') return change.kind !== 'added';
  if (last === 'required') return change.kind !== 'added';
  if (last === 'additionalProperties' || last === 'unevaluatedProperties') return after !== false;
  const bounded = UPPER.has(last) ? 1 : LOWER.has(last) ? -1 : 0;
  if (bounded !== 0) {
    if (change.kind !== 'changed') return change.kind === 'removed';
    return typeof before !== 'number' || typeof after !== 'number' || (after - before) * bounded > 0;
  }
  // A bound that was not there before.
  if (['enum', 'const', 'pattern', 'format', 'multipleOf', 'type'].includes(last)) return change.kind !== 'added';
  return true;
}
