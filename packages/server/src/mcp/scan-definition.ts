import { cleanText, INJECTION_LIKELY, scoreInjection } from '@portreeve/context';
import { JSON_LIMITS, type Json } from '@portreeve/contract';

/**
 * What a reviewer should look at in a text that a model will read: hidden characters by kind, and signals of an instruction
 * to the model. Names of signals alone, sorted; no guarantee rests on it (requirement D4).
 */
export function scanDefinition(definition: Json): string[] {
  const text = textsOf(definition).join('\n');
  const { spans } = cleanText(text);
  const { score, signals } = scoreInjection(text);
  return [
    ...new Set([
      ...spans.map(({ kind }) => kind),
      ...(score >= INJECTION_LIKELY ? signals.map(({ name }) => `instruction:${name}`) : []),
    ]),
  ].sort();
}

/** Every string, names of members included: a model reads those too. Deeper than JSON may be here there is nothing. */
function textsOf(value: Json, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > JSON_LIMITS.depth) return [];
  if (Array.isArray(value)) return value.flatMap((each) => textsOf(each, depth + 1));
  return Object.entries(value).flatMap(([name, each]) => [name, ...textsOf(each, depth + 1)]);
}
