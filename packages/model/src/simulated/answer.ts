import type { Json, JsonObject } from '@portreeve/contract';
import { generate, PLAIN } from './generate.ts';
import { readFields } from './read-request.ts';

/** What the simulated model would answer by this schema, without a server: for tests in memory. Ordinary code; the same input gives the same answer. */
export function simulatedAnswer(
  output: JsonObject,
  shown: {
    readonly evidence: readonly { readonly id: string; readonly fields: JsonObject }[];
    /** What the request says, by name. */
    readonly given: JsonObject;
  },
): Json {
  const items = shown.evidence.map(({ id, fields }, position) => {
    const text = JSON.stringify(fields);
    return { id, text, fields: readFields(text), position };
  });
  return generate(output, { items, heard: [], given: readFields(JSON.stringify(shown.given)), asked: '' }, PLAIN);
}
