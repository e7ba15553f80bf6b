import {
  asId,
  assertJson,
  BadSchema,
  compileSchema,
  type EvidenceId,
  type FieldError,
  isOffPattern,
  type Json,
  type JsonObject,
  type ModelRequest,
  PortreeveError,
  select,
} from '@portreeve/contract';
import { askedSchema, type ClaimsFound, claimCites, markClaims } from './check-claims.ts';
import { meaningErrors } from './check-meaning.ts';
import { type EvidenceTexts, evidenceTexts } from './evidence-texts.ts';

/** Characters of output that are looked at; a longer answer is refused unread. */
export const OUTPUT_CHARS_MAX = 1024 * 1024;

export type Validation =
  | {
      readonly ok: true;
      readonly value: Json;
      readonly cited: readonly EvidenceId[];
      /** Of a prompt whose answers make claims. */
      readonly claims: ClaimsFound | null;
      /** What the answer says of its confidence, in per cent, where the prompt asks for it. */
      readonly confidence_percent: number | null;
      /** It says itself that what was shown supports no answer. */
      readonly off_pattern: boolean;
    }
  | { readonly ok: false; readonly errors: readonly string[]; readonly repairable: boolean };

/** What decides on an answer: the question as it was assembled. */
type Asked = Pick<ModelRequest, 'output' | 'cites' | 'claims' | 'checks' | 'confidence' | 'content' | 'turns'>;

const invalid = (errors: readonly string[], repairable = true): Validation => ({ ok: false, errors, repairable });

/**
 * Prepares the check of a prompt's answers: strict JSON, the full schema, citations of nothing but what was shown, what the
 * prompt says that an answer must mean, and whether quoted passages stand where the answer says.
 * Throws `misconfigured` where the schema itself is not usable. The errors that it gives hold words of the schema and of the
 * prompt, and nothing of the answer, because they are sent back to the model as text.
 */
export function outputValidator(asked: Asked): (text: string) => Validation {
  const { output, claims, checks = [], confidence } = asked;
  const check = compile(askedSchema(output, claims));
  const checkWhole = claims ? compile(output) : check;
  const texts = evidenceTexts(asked);
  const names = propertyNames(output);
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

    const { cited, strangers } = citations(value, asked, texts);
    if (strangers.length > 0)
      return invalid(
        strangers.map((pointer) => `${safePointer(pointer, names)} is not the id of evidence that was shown`),
      );
    const wrong = meaningErrors(value, checks, texts);
    if (wrong.length > 0) return invalid(wrong.slice(0, 20));

    const marked = claims ? markClaims(value, claims, texts) : { value, found: null };
    const unfit = checkWhole(marked.value);
    if (unfit.length > 0) return invalid(unfit.map((error) => describe(error, names)));
    const [sure] = confidence === undefined ? [] : select(value, confidence);
    return {
      ok: true,
      value: marked.value,
      cited,
      claims: marked.found,
      confidence_percent: typeof sure?.value === 'number' ? sure.value : null,
      off_pattern: isOffPattern(value),
    };
  };
}

/** The evidence that an answer cites, each id once, and where it names something that was not shown. */
function citations(value: Json, { cites, claims }: Asked, texts: EvidenceTexts) {
  const cited = new Set<EvidenceId>();
  const strangers: string[] = [];
  const places = cites.flatMap((pattern) => select(value, pattern));
  for (const { pointer, value: id } of [...places, ...(claims ? claimCites(value, claims) : [])]) {
    if (typeof id === 'string' && texts.has(id)) cited.add(asId('evidence', id));
    else strangers.push(pointer);
  }
  return { cited: [...cited], strangers: strangers.slice(0, 20) };
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
