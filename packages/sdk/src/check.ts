import {
  BadSchema,
  compileSchema,
  type FieldError,
  fieldErrors,
  type JsonObject,
  PortreeveError,
} from '@portreeve/contract';
import { z } from 'zod';

/** A zod schema, or JSON Schema 2020-12 as it is. */
export type Schema = z.ZodType | JsonObject;

export function misconfigured(what: string, errors: readonly FieldError[]): PortreeveError {
  const lines = errors.map(({ path, message }) => `${path}: ${message}`);
  return new PortreeveError('misconfigured', `${what}: ${lines.join('; ')}`, { errors });
}

/** Checks a definition against its contract schema; throws `misconfigured` naming the definition and each field. */
export function check<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw misconfigured(what, fieldErrors(parsed.error));
  return parsed.data;
}

/**
 * The JSON Schema of what may be sent: of a zod schema its input side, so that a member with a default may be left out.
 * Throws `misconfigured` for what JSON Schema cannot say and for patterns that do not run in linear time. Refinements
 * written as functions have no JSON Schema: they are not part of the contract.
 */
export function jsonSchemaOf(schema: Schema, what: string, field: string): JsonObject {
  let json: JsonObject;
  try {
    json =
      schema instanceof z.ZodType
        ? (z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) as unknown as JsonObject)
        : schema;
    // Zod adds members that JSON cannot carry to what it returns; contracts hold plain JSON alone.
    json = JSON.parse(JSON.stringify(json)) as JsonObject;
    compileSchema(json);
  } catch (error) {
    const message = error instanceof BadSchema || error instanceof Error ? error.message : String(error);
    throw misconfigured(what, [{ path: field, message }]);
  }
  return json;
}

/** As {@link jsonSchemaOf}, for an object that accepts its declared members alone. */
export function closedObjectOf(schema: Schema, what: string, field: string): JsonObject {
  const json = jsonSchemaOf(schema, what, field);
  if (json.type !== 'object' || json.additionalProperties !== false)
    throw misconfigured(what, [
      { path: field, message: 'must be an object without further members: use z.strictObject({ … })' },
    ]);
  return json;
}

/** The members that an object schema declares. */
export function membersOf(schema: JsonObject): string[] {
  const { properties } = schema;
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

/** Placeholders `{name}` of an address or a pattern that no member fills. */
export function unfilled(template: string, schema: JsonObject): string[] {
  const members = new Set(membersOf(schema));
  return [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!).filter((name) => !members.has(name));
}
