import { canonicalJson, type Json, type JsonObject, type PostgresBinding, type SqlType } from '@portreeve/contract';
import { NotSendable } from '../ending.ts';

const TEXT_CHARS_MAX = 256 * 1024;

/** What an argument must look like to be a value of the type. Numbers with a fraction travel as text: money is no float. */
const FORMS: { readonly [Type in SqlType]: (value: Json) => string | null } = {
  text: (value) => (typeof value === 'string' && usable(value) ? value : null),
  int: (value) => (Number.isInteger(value) && Math.abs(value as number) <= 2_147_483_647 ? String(value) : null),
  bigint: (value) => {
    if (Number.isSafeInteger(value)) return String(value);
    return matches(value, /^-?(0|[1-9]\d{0,18})$/);
  },
  numeric: (value) => {
    if (Number.isSafeInteger(value)) return String(value);
    return matches(value, /^-?(0|[1-9]\d{0,30})(\.\d{1,16})?$/);
  },
  boolean: (value) => (typeof value === 'boolean' ? String(value) : null),
  date: (value) => matches(value, /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/),
  timestamptz: (value) => matches(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/),
  uuid: (value) => matches(value, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i),
  json: (value) => {
    const text = canonicalJson(value);
    return usable(text) && !text.includes('\\u0000') ? text : null;
  },
};

function matches(value: Json, form: RegExp): string | null {
  return typeof value === 'string' && form.test(value) ? value : null;
}

/** PostgreSQL has no character U+0000. */
function usable(text: string): boolean {
  return text.length <= TEXT_CHARS_MAX && !text.includes('\u0000');
}

/**
 * The values of `$1`, `$2`, … from the arguments, as text. An argument that is not there, or null, is NULL. Throws
 * {@link NotSendable} for a value of another type, and for an argument that no parameter takes.
 */
export function parametersOf(binding: Pick<PostgresBinding, 'parameters'>, args: JsonObject): (string | null)[] {
  const taken = new Set(binding.parameters.map(({ argument }) => argument));
  const more = Object.keys(args).find((name) => !taken.has(name));
  if (more !== undefined) throw new NotSendable(`the statement has no place for the argument ${more}`);
  return binding.parameters.map(({ argument, type }) => {
    const value = Object.hasOwn(args, argument) ? args[argument]! : null;
    if (value === null) return null;
    const text = FORMS[type](value);
    if (text === null) throw new NotSendable(`the argument ${argument} is not a value of type ${type}`);
    return text;
  });
}
