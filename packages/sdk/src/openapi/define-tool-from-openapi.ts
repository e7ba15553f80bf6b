import { type Digest, digestOf, type JsonObject, type OpenApiBinding, type ToolContract } from '@portreeve/contract';
import { misconfigured } from '../check.ts';
import { defineTool, type ToolSpec } from '../define-tool.ts';
import { createConverter } from './convert-schema.ts';
import { deref, findOperation, isObject, NotUsable, type Operation } from './document.ts';

export type OpenApiToolSpec = Omit<ToolSpec, 'args' | 'result' | 'binding'> & {
  /** The OpenAPI 3.0 or 3.1 document, as it was reviewed. */
  readonly document: JsonObject;
  /** Its digest (RFC 8785, SHA-256). Another document is refused, and the refusal names both. */
  readonly digest: Digest;
  /** The `operationId`. */
  readonly operation: string;
  /** Where the API is: `system://NAME`, or with a path before those of the document. */
  readonly server: string;
  /** Where the downstream serves the document; it is then compared before each call. */
  readonly spec_url?: string;
  readonly credential?: string;
  /** The header of an API key, where the credential is no bearer token. */
  readonly credential_header?: string;
  /** Narrower than the document says, by name: `{ amount: { maximum: 100 } }`. */
  readonly narrow?: { readonly [argument: string]: JsonObject };
  /** Where the document does not say it, or says too much. */
  readonly result?: JsonObject;
};

/** Headers that are no parameters (OpenAPI 3.1, 4.8.12.1). */
const NOT_PARAMETERS = ['accept', 'content-type', 'authorization'];

/**
 * A tool from an operation of an OpenAPI document: its parameters are the arguments, its JSON body the argument `body`.
 * Title, description, tier, sinks and undo are the author's: a document does not say what is dangerous, and its words
 * are not ours. Throws `misconfigured`.
 */
export function defineToolFromOpenApi(spec: OpenApiToolSpec): ToolContract {
  const {
    document,
    digest,
    operation: id,
    server,
    spec_url,
    credential,
    credential_header,
    narrow,
    result,
    ...rest
  } = spec;
  const what = `tool ${spec.name}`;
  const given = digestOf(document);
  if (given !== digest) {
    throw misconfigured(what, [
      { path: 'digest', message: `the document has changed: ${digest} is pinned, ${given} is given` },
    ]);
  }
  try {
    const operation = findOperation(document, id);
    const { args, parameters, body } = argumentsOf(document, operation, narrow ?? {});
    const binding: OpenApiBinding = {
      connector: 'openapi',
      operation: id,
      spec: digest,
      ...(spec_url === undefined ? {} : { spec_url }),
      method: operation.method,
      url: server.replace(/\/+$/, '') + operation.path,
      parameters,
      ...(body ? { body: BODY } : {}),
      ...(credential === undefined ? {} : { credential }),
      ...(credential_header === undefined ? {} : { credential_header }),
    };
    return defineTool({ ...rest, args, result: result ?? resultOf(document, operation), binding });
  } catch (error) {
    if (!(error instanceof NotUsable)) throw error;
    throw misconfigured(what, [{ path: 'operation', message: error.message }]);
  }
}

/** The argument that is the body of the request. */
const BODY = 'body';

function argumentsOf(
  document: JsonObject,
  { operation, parameters: all }: Operation,
  narrow: { readonly [name: string]: JsonObject },
) {
  const { convert, $defs } = createConverter(document);
  const properties: Record<string, JsonObject> = {};
  const required: string[] = [];
  const parameters: OpenApiBinding['parameters'] = [];
  for (const parameter of all) {
    const name = String(parameter.name);
    const place = parameter.in;
    if (place === 'header' && NOT_PARAMETERS.includes(name.toLowerCase())) continue;
    if (place !== 'path' && place !== 'query' && place !== 'header') {
      if (parameter.required === true) throw new NotUsable(`the parameter ${name} is in ${String(place)}`);
      continue;
    }
    const style = parameter.style ?? (place === 'query' ? 'form' : 'simple');
    const exploded = place !== 'query' || parameter.explode !== false;
    if (style !== (place === 'query' ? 'form' : 'simple') || !exploded || parameter.content !== undefined) {
      throw new NotUsable(`the parameter ${name} is written in a way that is not supported`);
    }
    if (Object.hasOwn(properties, name)) throw new NotUsable(`two parameters are called ${name}`);
    properties[name] = convert(parameter.schema);
    if (parameter.required === true) required.push(name);
    parameters.push({ argument: name, name, in: place });
  }
  const body = bodyOf(document, operation);
  if (body) {
    if (Object.hasOwn(properties, BODY))
      throw new NotUsable(`a parameter is called ${BODY}, as the body of the request is`);
    properties[BODY] = convert(body.schema);
    if (body.required) required.push(BODY);
  }
  for (const [name, more] of Object.entries(narrow)) {
    if (!Object.hasOwn(properties, name)) throw new NotUsable(`${name}, which is to be narrowed, is no argument`);
    // Both hold: a document that says less later cannot widen what the author said.
    properties[name] = { allOf: [properties[name]!, more] };
  }
  const defs = Object.keys($defs).length > 0 ? { $defs } : {};
  const args: JsonObject = { type: 'object', properties, required, additionalProperties: false, ...defs };
  return { args, parameters, body: body !== null };
}

function bodyOf(document: JsonObject, operation: JsonObject): { schema: JsonObject; required: boolean } | null {
  if (operation.requestBody === undefined) return null;
  const body = deref(document, operation.requestBody);
  const json = isObject(body.content) ? body.content['application/json'] : undefined;
  if (!isObject(json)) {
    if (body.required === true) throw new NotUsable('the request has a body that is not JSON');
    return null;
  }
  return { schema: isObject(json.schema) ? json.schema : {}, required: body.required === true };
}

/** What a success gives: the schema of the first 2xx answer, and null where it has no body. */
function resultOf(document: JsonObject, { operation }: Operation): JsonObject {
  const responses = isObject(operation.responses) ? operation.responses : {};
  const [code] = Object.keys(responses)
    .filter((each) => /^2(\d\d|XX)$/.test(each))
    .sort();
  if (code === undefined) throw new NotUsable('the document does not say what a success gives: give `result`');
  const { content } = deref(document, responses[code]);
  if (!isObject(content) || Object.keys(content).length === 0) return { type: 'null' };
  const json = content['application/json'];
  if (!isObject(json)) throw new NotUsable('a success gives something else than JSON');
  const { convert, $defs } = createConverter(document);
  const schema = convert(json.schema);
  return Object.keys($defs).length > 0 ? { ...schema, $defs } : schema;
}
