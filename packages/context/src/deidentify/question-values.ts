import {
  digestOf,
  estimateRequest,
  type Json,
  type JsonObject,
  type Label,
  Labelled,
  labelData,
  type ModelBlock,
  type ModelRequest,
  PortreeveError,
} from '@portreeve/contract';
import type { Assembly } from '../assemble.ts';
import { mapMarked } from '../input-marks.ts';
import type { PersonalSpan } from './kinds.ts';

/** The content with each value that is not ours passed through `map`, in order: marked inputs, and the fields of evidence. */
export function eachValue(
  content: readonly ModelBlock[],
  names: ReadonlySet<string>,
  map: (value: Json, at: { readonly kind: 'input' | 'evidence'; readonly name: string }) => Json,
): ModelBlock[] {
  return content.map((block) =>
    block.type === 'text'
      ? { ...block, text: mapMarked(block.text, names, (name, value) => map(value, { kind: 'input', name })) }
      : { ...block, text: JSON.stringify(map(JSON.parse(block.text) as Json, { kind: 'evidence', name: block.id })) },
  );
}

/** The question with other words in it, its digest and size told anew. */
export function askedAnew(assembly: Assembly, request: ModelRequest, label: Label): Assembly {
  const { input_digest: _, ...asked } = request;
  const inputDigest = digestOf(asked as unknown as Json);
  const tokensEstimated = estimateRequest(asked);
  return {
    ...assembly,
    request: new Labelled<ModelRequest>({ ...asked, input_digest: inputDigest }, label),
    ...{ label, tokensEstimated, inputDigest },
    record: {
      ...assembly.record,
      ...{ input_digest: inputDigest, tokens_estimated: tokensEstimated, label: labelData(label) },
    },
  };
}

/**
 * Keys are not replaced, because a schema may name them; so none may be what is looked for. The outermost are names that a
 * contract declares, and a dotted name is no domain of anybody's.
 */
export async function refuseKeys(
  values: readonly JsonObject[],
  detect: (text: string) => Promise<readonly PersonalSpan[]>,
  detail: string,
): Promise<void> {
  const keys = new Set<string>();
  const walk = (node: Json): void => {
    if (typeof node !== 'object' || node === null) return;
    if (!Array.isArray(node)) for (const key of Object.keys(node)) keys.add(key);
    for (const each of Object.values(node)) walk(each as Json);
  };
  for (const value of values) for (const each of Object.values(value)) walk(each as Json);
  for (const key of keys)
    if ((await detect(key)).some(({ kind }) => kind !== 'domain')) throw new PortreeveError('refused', detail);
}
