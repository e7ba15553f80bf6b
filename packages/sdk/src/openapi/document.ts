import type { Json, JsonObject } from '@portreeve/contract';

/** Why an operation of a document cannot become a tool. */
export class NotUsable extends Error {
  override readonly name = 'NotUsable';
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly operation: JsonObject;
  /** Those of the path and of the operation, references resolved; the operation's own replace those of the path. */
  readonly parameters: readonly JsonObject[];
}

/** The operation of that id. Throws {@link NotUsable} where there is none, or more than one. */
export function findOperation(document: JsonObject, id: string): Operation {
  if (!/^3\.[01]\.\d+$/.test(String(document.openapi))) throw new NotUsable('this is no OpenAPI 3.0 or 3.1 document');
  const found: Operation[] = [];
  for (const [path, item] of Object.entries(isObject(document.paths) ? document.paths : {})) {
    if (!isObject(item)) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (!isObject(operation) || operation.operationId !== id) continue;
      const parameters = new Map<string, JsonObject>();
      for (const each of [...listOf(item.parameters), ...listOf(operation.parameters)]) {
        const parameter = deref(document, each);
        parameters.set(`${parameter.in} ${parameter.name}`, parameter);
      }
      found.push({
        method: method.toUpperCase() as Operation['method'],
        path,
        operation,
        parameters: [...parameters.values()],
      });
    }
  }
  const [one] = found;
  if (!one || found.length > 1) throw new NotUsable(`the document has ${found.length} operations called ${id}`);
  return one;
}

/** The thing itself, or what it refers to. */
export function deref(document: JsonObject, value: Json | undefined): JsonObject {
  if (!isObject(value)) throw new NotUsable('a part of the document is no object');
  return typeof value.$ref === 'string' ? resolveRef(document, value.$ref) : value;
}

/** What a reference inside the document leads to, over further references. Throws {@link NotUsable}. */
export function resolveRef(document: JsonObject, ref: string): JsonObject {
  let next = ref;
  for (let hops = 0; hops < 16; hops++) {
    if (!next.startsWith('#/')) throw new NotUsable(`${next} leads out of the document`);
    let node: Json | undefined = document;
    for (const raw of next.slice(2).split('/')) {
      const key = unescaped(raw, next).replaceAll('~1', '/').replaceAll('~0', '~');
      node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
    }
    if (!isObject(node)) throw new NotUsable(`${next} leads nowhere`);
    if (typeof node.$ref !== 'string') return node;
    next = node.$ref;
  }
  throw new NotUsable(`${ref} leads in a circle`);
}

/** A part of a reference without its percent escapes (RFC 6901, section 6). */
function unescaped(part: string, ref: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new NotUsable(`${ref} has an escape that says nothing`);
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
