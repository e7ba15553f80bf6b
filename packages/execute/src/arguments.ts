import { BadSchema, compileSchema, type FieldError, type JsonObject, PortreeveError } from '@portreeve/contract';

const validatorsBySchema = new WeakMap<JsonObject, (value: unknown) => FieldError[]>();

/** The compiled form of a schema of a tool contract. Compiled once for each schema object. */
export function validatorOf(schema: JsonObject, what: string): (value: unknown) => FieldError[] {
  const known = validatorsBySchema.get(schema);
  if (known) return known;
  try {
    const validator = compileSchema(schema);
    validatorsBySchema.set(schema, validator);
    return validator;
  } catch (error) {
    if (!(error instanceof BadSchema)) throw error;
    throw new PortreeveError('misconfigured', `The schema of ${what} is not usable.`, { cause: error });
  }
}
