import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';
import { canonicalJson, type Json, type JsonObject } from './canonical.ts';
import type { FieldError } from './errors.ts';

export const SCHEMA_LIMITS = { chars: 128 * 1024, errors: 20 } as const;

export class BadSchema extends TypeError {
  override readonly name = 'BadSchema';
}

/**
 * Compiles a JSON Schema 2020-12 from outside. Patterns run on RE2 (linear time), remote references are refused, and the
 * schema may have at most {@link SCHEMA_LIMITS}.chars. Throws {@link BadSchema}. The returned function gives the errors of a value:
 * none means valid. It changes nothing in the value.
 */
export function compileSchema(schema: JsonObject): (value: unknown) => FieldError[] {
  const text = canonicalJson(schema);
  if (text.length > SCHEMA_LIMITS.chars)
    throw new BadSchema(`the schema is longer than ${SCHEMA_LIMITS.chars} characters`);
  refuseAsync(JSON.parse(text) as Json);
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    strictTypes: false,
    strictTuples: false,
    allErrors: false,
    validateSchema: true,
    addUsedSchema: false,
    logger: false,
    code: {
      regExp: Object.assign((pattern: string) => RE2JS.compile(pattern) as unknown as RegExp, {
        code: 'RE2JS.compile',
      }),
    },
  });
  addFormats.default(ajv);
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(JSON.parse(text) as JsonObject);
  } catch (error) {
    throw new BadSchema(error instanceof Error ? error.message : String(error));
  }
  return (value) => {
    // Anything but `true` is no: a validator that answers with a promise has judged nothing yet.
    if ((validate(value) as unknown) === true) return [];
    return (validate.errors ?? []).slice(0, SCHEMA_LIMITS.errors).map((error) => ({
      path: error.instancePath === '' ? '/' : error.instancePath,
      message: describe(error.keyword, error.message ?? 'is not valid', error.params as Record<string, unknown>),
    }));
  };
}

/** `$async` makes a validator answer with a promise, which is true for every value. */
function refuseAsync(node: Json): void {
  if (typeof node !== 'object' || node === null) return;
  if (Object.hasOwn(node, '$async')) throw new BadSchema('`$async` is not part of JSON Schema');
  for (const item of Object.values(node)) refuseAsync(item as Json);
}

function describe(keyword: string, message: string, params: Record<string, unknown>): string {
  if (keyword === 'additionalProperties') return `${message}: ${JSON.stringify(params.additionalProperty)}`;
  if (keyword === 'enum') return `${message}: ${JSON.stringify(params.allowedValues)}`;
  return message;
}

/** Every value that a pointer with `*` wildcards selects, with its concrete pointer. */
export function select(value: Json, pattern: string): { pointer: string; value: Json }[] {
  // RFC 6901: the empty pointer is the whole value, every other one begins with a slash.
  if (pattern !== '' && !pattern.startsWith('/')) return [];
  let found: { pointer: string; value: Json }[] = [{ pointer: '', value }];
  for (const raw of pattern.split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    found = found.flatMap(({ pointer, value: node }) => {
      if (typeof node !== 'object' || node === null) return [];
      if (key === '*')
        return Object.entries(node).map(([name, item]) => ({
          pointer: `${pointer}/${escapePointer(name)}`,
          value: item as Json,
        }));
      return Object.hasOwn(node, key) ? [{ pointer: `${pointer}/${raw}`, value: Reflect.get(node, key) as Json }] : [];
    });
  }
  return found;
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
