import type { Json, JsonObject } from '@portreeve/contract';

/** The value at a JSON pointer (RFC 6901); null where there is none. */
export function valueAt(args: JsonObject, pointer: string): Json {
  let node: Json = args;
  for (const raw of pointer.split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return null;
    node = (node as Record<string, Json>)[key]!;
  }
  return node;
}
