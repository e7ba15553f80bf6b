import type { Json, JsonObject, ModelRequest } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import type { Assembly } from '../assemble.ts';
import { detectSecrets } from './detect-personal.ts';
import { findInLeaf, isWholeWord, WHOLE_BELOW } from './find-in-leaf.ts';
import { type Leaf, mapLeaves } from './map-leaves.ts';
import { askedAnew, eachValue, refuseKeys } from './question-values.ts';
import { replaceAt, StringFinder } from './replace-strings.ts';

/** What stands in a question in the place of a credential. */
export const SECRET_REMOVED = '[secret removed]';

/**
 * The question without what looks like a credential, in all that came from outside or from the requester: trusted inputs,
 * evidence, and what an agent's tools answered. What is found in one place is taken out in all; the label stays as it is.
 * A detector misses some (`docs/guides/detection-and-pseudonyms.md` has the figures): a source that leaves a credential out
 * is better. Throws `refused` where a key of the data looks like one.
 */
export async function redactSecrets(assembly: Assembly): Promise<Assembly> {
  const request = open(assembly.request);
  const names = new Set(assembly.labels.inputs.keys());
  const leaves: Leaf[] = [];
  const values: JsonObject[] = [];
  mapValues(request, names, (value, at) => {
    if (at) values.push(at.kind === 'input' ? { [at.name]: value } : (value as JsonObject));
    return mapLeaves(value, (leaf) => {
      leaves.push(leaf);
      return leaf.value;
    });
  });
  await refuseKeys(values, detectSecrets, 'A key of the data looks like a credential, and keys are not replaced.');
  const found = await Promise.all(leaves.map((leaf) => findInLeaf(leaf, detectSecrets)));
  const secrets = new Set(
    leaves.flatMap(({ value }, index) => found[index]!.map(({ start, end }) => String(value).slice(start, end))),
  );
  const finder = new StringFinder([...secrets]);
  let count = 0;
  const asked = mapValues(request, names, (value) =>
    mapLeaves(value, (leaf) => {
      const text = String(leaf.value);
      const places = finder
        .find(text)
        .filter((place) => place.end - place.start >= WHOLE_BELOW || isWholeWord(text, place))
        .filter(({ start, end }) => typeof leaf.value === 'string' || end - start === text.length);
      count += places.length;
      return places.length === 0 ? leaf.value : replaceAt(text, places, () => SECRET_REMOVED);
    }),
  );
  const redacted = count === 0 ? assembly : askedAnew(assembly, asked, assembly.label);
  return { ...redacted, record: { ...redacted.record, secrets_redacted: count } };
}

/** The question with each value in it that is not ours passed through `map`: its content, then the answers of tools. */
function mapValues(
  request: ModelRequest,
  names: ReadonlySet<string>,
  map: (value: Json, at?: { readonly kind: 'input' | 'evidence'; readonly name: string }) => Json,
): ModelRequest {
  const content = eachValue(request.content, names, map);
  if (!request.turns) return { ...request, content };
  const turns = request.turns.map(({ answer, results }) => ({
    answer,
    // Cut to a length, so perhaps no JSON any more: one text.
    results: results.map((each) => ({ ...each, text: String(map(each.text)) })),
  }));
  return { ...request, content, turns };
}
