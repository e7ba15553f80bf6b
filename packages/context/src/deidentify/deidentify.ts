import {
  type Category,
  canonicalJson,
  type Json,
  type JsonObject,
  join,
  type Label,
  Labelled,
  labelData,
  type ModelRequest,
  PortreeveError,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import type { Assembly } from '../assemble.ts';
import { detectPersonal } from './detect-personal.ts';
import type { PersonalKind } from './kinds.ts';
import { type PseudonymiseOptions, pseudonymise } from './pseudonymise.ts';
import { askedAnew, eachValue, refuseKeys } from './question-values.ts';
import { StringFinder } from './replace-strings.ts';

/**
 * What de-identification takes from a label: the categories that say that data is about somebody who can be named. Levels
 * and the other categories stay: what is confidential, or about health, payments or credentials, is so without a name.
 */
export const REMOVED_CATEGORIES: readonly Category[] = ['personal', 'customer'];

export interface Deidentified {
  /** The same question with pseudonyms, under the label without {@link REMOVED_CATEGORIES}. */
  readonly assembly: Assembly;
  /** How many places were replaced, by kind. */
  readonly replaced: Readonly<Partial<Record<PersonalKind, number>>>;
  /** Where what the pseudonyms stand for stood: for `restoreArguments`, of this question and later ones. */
  readonly origins: Labelled<PseudonymOrigins>;
}

/** For each pseudonym which of the labels its value had. No personal value stands in it. */
export type PseudonymOrigins = {
  readonly labels: readonly ReturnType<typeof labelData>[];
  readonly at: { readonly [pseudonym: string]: number };
};

/**
 * Puts pseudonyms in the place of personal data and credentials in all that came from outside or from the requester
 * (requirements D9, D10): trusted inputs between their marks, evidence, and what an agent has said and heard so far. The
 * prompt's own words and evidence ids stay, so an answer cites as before. What no recogniser finds stays too
 * (`docs/guides/detection-and-pseudonyms.md` has the figures): whether that is good enough for an endpoint is policy's to
 * say. Throws `refused` where a key of the data is itself personal or an agent's talk has what may not be changed, and what
 * a recogniser or the vault throws: then nothing may be sent.
 */
export async function deidentify(assembly: Assembly, options: PseudonymiseOptions): Promise<Deidentified> {
  const request = open(assembly.request);
  const { inputs, evidence } = assembly.labels;
  const names = new Set(inputs.keys());
  const parts: { readonly value: JsonObject; readonly label: Label }[] = [];
  eachValue(request.content, names, (value, { kind, name }) => {
    const label = (kind === 'input' ? inputs.get(name) : evidence.get(name)) ?? assembly.label;
    parts.push({ value: kind === 'input' ? { [name]: value } : (value as JsonObject), label });
    return value;
  });
  mapTalk(request.turns, assembly.labels.turns, (value, label) => {
    parts.push({ value: { said: value }, label });
    return value;
  });
  const values = parts.map(({ value }) => value);
  await refuseKeys(values, detectPersonal, 'A key of the data is itself personal, and keys are not replaced.');

  const { value: after, replaced } = await pseudonymise(values, options);
  let at = 0;
  const content = eachValue(request.content, names, (_, { kind, name }) => {
    const hidden = after[at++] as JsonObject;
    return kind === 'input' ? hidden[name]! : hidden;
  });
  const turns = mapTalk(request.turns, assembly.labels.turns, () => (after[at++] as JsonObject).said!);
  const label: Label = {
    ...assembly.label,
    categories: assembly.label.categories.filter((category) => !REMOVED_CATEGORIES.includes(category)),
  };
  const pseudonyms = (await options.vault.load(options.scope)).map(({ pseudonym }) => pseudonym);
  const origins = originsOf(
    pseudonyms,
    parts.map((part, index) => ({ ...part, after: after[index] as Json })),
  );
  return {
    assembly: askedAnew(assembly, { ...request, content, ...(turns ? { turns } : {}) }, label),
    replaced,
    origins: new Labelled(origins, label),
  };
}

/**
 * The turns of an agent with each text, each wish and each result passed through `map`, in order. What else a model answered,
 * such as its signed thoughts, goes back as it came: it holds pseudonyms alone where its question did, and is refused where
 * that one held names.
 */
function mapTalk(
  turns: ModelRequest['turns'],
  labels: Assembly['labels']['turns'],
  map: (value: Json, label: Label) => Json,
): ModelRequest['turns'] {
  return turns?.map(({ answer, results }, index) => {
    const label = labels[index]!;
    return {
      answer: answer.map((block) => {
        if (block.type === 'text') return { ...block, text: map(block.text!, label.answer) };
        if (block.type === 'tool_use') return { ...block, input: map(block.input!, label.answer) };
        if (label.answer.categories.some((category) => REMOVED_CATEGORIES.includes(category)))
          throw new PortreeveError(
            'refused',
            'What the model thought of persons before is signed, and is not changed.',
          );
        return block;
      }),
      // Cut to a length, so perhaps no JSON any more: one text.
      results: results.map((each, n) => ({ ...each, text: String(map(each.text, label.results[n]!)) })),
    };
  });
}

/** A label for each pseudonym that this question brought in: the join over the parts where its value stood. */
function originsOf(
  pseudonyms: readonly string[],
  parts: readonly { readonly value: Json; readonly after: Json; readonly label: Label }[],
): PseudonymOrigins {
  const finder = new StringFinder(pseudonyms);
  const countIn = (value: Json): Map<number, number> => {
    const counts = new Map<number, number>();
    for (const { index } of finder.find(canonicalJson(value))) counts.set(index, (counts.get(index) ?? 0) + 1);
    return counts;
  };
  const labelByPseudonym = new Map<number, Label>();
  for (const { value, after, label } of parts) {
    const there = countIn(value);
    for (const [index, count] of countIn(after)) {
      // One that stood there before came with an earlier answer: that is no origin of what it stands for.
      if (count <= (there.get(index) ?? 0)) continue;
      const known = labelByPseudonym.get(index);
      labelByPseudonym.set(index, known === undefined ? label : join(known, label));
    }
  }
  const texts = [...new Set([...labelByPseudonym.values()].map((label) => canonicalJson(labelData(label))))];
  return {
    labels: texts.map((text) => JSON.parse(text) as ReturnType<typeof labelData>),
    at: Object.fromEntries(
      [...labelByPseudonym].map(([index, label]) => [
        pseudonyms[index]!,
        texts.indexOf(canonicalJson(labelData(label))),
      ]),
    ),
  };
}
