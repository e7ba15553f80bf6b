import { type Claims, type Json, type JsonObject, PortreeveError, select } from '@portreeve/contract';
import { type EvidenceTexts, standsIn } from './evidence-texts.ts';

/** How many claims an answer makes, and how many quote something that does not stand in what they cite. */
export interface ClaimsFound {
  readonly count: number;
  readonly unsupported: number;
}

/**
 * The schema as the model gets it: without the member that says whether a claim is supported, which is ours to say.
 * Throws `misconfigured` where the schema does not declare the claims with their members in place.
 */
export function askedSchema(schema: JsonObject, claims: Claims | undefined): JsonObject {
  if (!claims) return schema;
  const copy = structuredClone(schema) as JsonObject;
  const node = nodeAt(copy, claims.at);
  const properties = node && isObject(node.properties) ? (node.properties as { [name: string]: Json }) : null;
  const lacking = [claims.quote, claims.evidence, claims.supported].find((name) => !properties?.[name]);
  if (!node || !properties || lacking !== undefined) {
    throw new PortreeveError('misconfigured', `a prompt's output schema has no claims at ${claims.at}: ${lacking}`, {
      next: 'Declare the objects in place (no `$ref`), with the quote, the evidence it cites, and a boolean for us.',
    });
  }
  delete properties[claims.supported];
  if (Array.isArray(node.required))
    (node as { required: Json }).required = node.required.filter((name) => name !== claims.supported);
  return copy;
}

/** The answer with each claim marked: whether the passage that it quotes stands in evidence that it cites. */
export function markClaims(answer: Json, claims: Claims, texts: EvidenceTexts): { value: Json; found: ClaimsFound } {
  const value = structuredClone(answer) as Json;
  let count = 0;
  let unsupported = 0;
  for (const { value: claim } of select(value, claims.at)) {
    if (!isObject(claim)) continue;
    const quote = claim[claims.quote];
    const cited = [claim[claims.evidence]].flat();
    const supported =
      typeof quote === 'string' && cited.some((id) => typeof id === 'string' && standsIn(quote, texts.get(id) ?? []));
    (claim as { [name: string]: Json })[claims.supported] = supported;
    count++;
    if (!supported) unsupported++;
  }
  return { value, found: { count, unsupported } };
}

/** What the claims of an answer cite, with where it stands: one id, or a list of them. */
export function claimCites(answer: Json, { at, evidence }: Claims): { pointer: string; value: Json }[] {
  return select(answer, `${at}/${evidence}`).flatMap(({ pointer, value }) =>
    Array.isArray(value)
      ? value.map((each, index) => ({ pointer: `${pointer}/${index}`, value: each }))
      : [{ pointer, value }],
  );
}

function nodeAt(schema: JsonObject, pointer: string): { [name: string]: Json } | null {
  let node: Json | undefined = schema;
  for (const part of pointer.split('/').slice(1)) {
    if (!isObject(node)) return null;
    node = part === '*' ? node.items : isObject(node.properties) ? node.properties[part] : undefined;
  }
  return isObject(node) ? (node as { [name: string]: Json }) : null;
}

const isObject = (node: Json | undefined): node is JsonObject =>
  typeof node === 'object' && node !== null && !Array.isArray(node);
