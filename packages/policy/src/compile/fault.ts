/** A rule that fails while it is evaluated, as in Cedar: overflow, a missing attribute or entity, a wrong type. */
export class EvaluationFault extends Error {
  override readonly name = 'EvaluationFault';
}

/** A request that does not fit the schema, as `validateRequest` refuses it. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault';
}

/** Something in a policy or a schema that the compiler does not know: the official engine then judges alone. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}
