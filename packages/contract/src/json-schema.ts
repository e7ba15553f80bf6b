import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';
import { canonicalJson, type Json, type JsonObject, NotCanonical } from './canonical.ts';
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
  const text = textOf(schema);
  if (text.length > SCHEMA_LIMITS.chars)
    throw new BadSchema(`the schema is longer than ${SCHEMA_LIMITS.chars} characters`);
  const known = kept.get(text);
  if (known) {
    // The newest last: the oldest is the first to go.
    kept.delete(text);
    kept.set(text, known);
    return known;
  }
  const validator = compileText(text);
  kept.set(text, validator);
  keptChars += text.length;
  for (const oldest of kept.keys()) {
    if (keptChars <= KEPT_CHARS_MAX) break;
    kept.delete(oldest);
    keptChars -= oldest.length;
  }
  return validator;
}

/** As its canonical text; what has none, such as half a character, is no schema. */
function textOf(schema: JsonObject): string {
  try {
    return canonicalJson(schema);
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new BadSchema(`the schema is no JSON that can be written down: ${error.message}`);
  }
}

/** Validators by the text of their schema: a contract that is read from the store is another object each time. */
const kept = new Map<string, (value: unknown) => FieldError[]>();
let keptChars = 0;
const KEPT_CHARS_MAX = 1024 * 1024;

/** Has the schema of schemas, which takes longer to compile than any schema, once. */
const metaSchema = new Ajv2020({ logger: false });

function compileText(text: string): (value: unknown) => FieldError[] {
  refuseAsync(JSON.parse(text) as Json);
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    strictTypes: false,
    strictTuples: false,
    allErrors: false,
    validateSchema: false,
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
    const schema = JSON.parse(text) as JsonObject;
    if (metaSchema.validateSchema(schema) !== true) throw new Error(`schema is invalid: ${metaSchema.errorsText()}`);
    validate = ajv.compile(schema);
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
