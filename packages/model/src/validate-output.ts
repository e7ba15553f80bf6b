import {
  asId,
  assertJson,
  BadSchema,
  compileSchema,
  type EvidenceId,
  type FieldError,
  type Json,
  type JsonObject,
  PortreeveError,
  select,
} from '@portreeve/contract';

/** Characters of output that are looked at; a longer answer is refused unread. */
export const OUTPUT_CHARS_MAX = 1024 * 1024;

export type Validation =
  | { readonly ok: true; readonly value: Json; readonly cited: readonly EvidenceId[] }
  | { readonly ok: false; readonly errors: readonly string[]; readonly repairable: boolean };

const invalid = (errors: readonly string[], repairable = true): Validation => ({ ok: false, errors, repairable });

/**
 * Prepares the check of a prompt's answers: strict JSON, the full schema, and citations of nothing but what was shown.
 * Throws `misconfigured` where the schema itself is not usable. The errors that it gives hold words of the schema and
 * nothing of the answer, because they are sent back to the model as text.
 */
export function outputValidator(
  schema: JsonObject,
  cites: readonly string[],
  shown: ReadonlySet<string>,
): (text: string) => Validation {
  const check = compile(schema);
  const names = propertyNames(schema);
  return (text) => {
    if (text.length > OUTPUT_CHARS_MAX) {
      return invalid([`the answer is longer than ${OUTPUT_CHARS_MAX} characters`], false);
    }
    let value: Json;
    try {
      const parsed: unknown = JSON.parse(text);
      assertJson(parsed);
      value = parsed;
    } catch (error) {
      if (error instanceof SyntaxError)
        return invalid(['the answer is not JSON: send one JSON value, without a code fence or other text around it']);
      return invalid(['the answer is not plain JSON within the limits of depth, size and number range']);
    }
    const errors = check(value);
    if (errors.length > 0) return invalid(errors.map((error) => describe(error, names)));

    const cited = new Set<EvidenceId>();
    const strangers: string[] = [];
    for (const pattern of cites) {
      for (const { pointer, value: id } of select(value, pattern)) {
        if (typeof id === 'string' && shown.has(id)) cited.add(asId('evidence', id));
        else strangers.push(`${safePointer(pointer, names)} is not the id of evidence that was shown`);
      }
    }
    if (strangers.length > 0) return invalid(strangers.slice(0, 20));
    return { ok: true, value, cited: [...cited] };
  };
}

function compile(schema: JsonObject): (value: unknown) => FieldError[] {
  try {
    return compileSchema(schema);
  } catch (error) {
    if (!(error instanceof BadSchema)) throw error;
    throw new PortreeveError('misconfigured', `a prompt's output schema is not usable: ${error.message}`, {
      cause: error,
    });
  }
}

function describe(error: FieldError, names: ReadonlySet<string>): string {
  // Ajv's message for these two names the property, which is the model's own text.
  const message = /^must NOT have (additional|unevaluated) properties/.exec(error.message)?.[0] ?? error.message;
  return `${safePointer(error.path, names)} ${message}`.slice(0, 500);
}

/** A pointer in which each step that the schema does not name is hidden. */
function safePointer(pointer: string, names: ReadonlySet<string>): string {
  if (pointer === '/' || pointer === '') return 'the answer';
  return pointer
    .split('/')
    .map((part) => (part === '' || names.has(part) || /^\d{1,6}$/.test(part) ? part : '…'))
    .join('/');
}

function propertyNames(schema: Json, names = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return names;
  for (const [key, node] of Object.entries(schema)) {
    if (key === 'properties' && typeof node === 'object' && node !== null)
      for (const name of Object.keys(node)) names.add(name.replaceAll('~', '~0').replaceAll('/', '~1'));
    propertyNames(node as Json, names);
  }
  return names;
}
