import {
  at,
  boundAt,
  compileSchema,
  type FieldError,
  type Json,
  type JsonObject,
  type Label,
  type Labelled,
  lineageOf,
  namedHandle,
  PortreeveError,
  type Provenance,
  type Quarantine,
  type QuarantinedAnswer,
} from '@portreeve/contract';

/** Where a value stands in what a model answered in quarantine, or that a planner answered it. */
export type Place =
  | { readonly kind: 'quarantined'; readonly from: QuarantinedAnswer; readonly pointer: string }
  | { readonly kind: 'planned'; readonly handles: readonly string[] };

/** Where this labelled value was taken from; `null`: from neither. */
export function placeOf(value: Labelled<unknown>, quarantine: Quarantine | undefined): Place | null {
  const { root, pointer } = lineageOf(value);
  const from = quarantine?.answers.find(({ answer }) => answer === root);
  if (from) return { kind: 'quarantined', from, pointer };
  const planned = quarantine?.planned.find(({ answer }) => answer === root);
  return planned ? { kind: 'planned', handles: planned.handles } : null;
}

/** The place of a member, by its part of a JSON pointer. */
export function partOf(place: Place | null, part: string): Place | null {
  return place?.kind === 'quarantined' ? { ...place, pointer: `${place.pointer}/${part}` } : place;
}

/**
 * The value that a planner's text names. INVARIANT: a planner names what it was shown and nothing else, so that no text
 * that it copies from elsewhere can stand for a value. Throws `bad_input` for another handle.
 */
export function namedValue(
  text: string,
  path: string,
  place: Place,
  quarantine: Quarantine | undefined,
): Labelled<unknown> | null {
  if (place.kind !== 'planned') return null;
  const named = namedHandle(text, place.handles);
  if (named === null) return null;
  const from = named === 'unknown' ? undefined : quarantine?.answers.find(({ id }) => id === named.id);
  if (named === 'unknown' || !from) {
    throw new PortreeveError('bad_input', `The argument ${path} names a handle that the model was not shown.`, {
      next: 'A handle stands for a whole value: let the model answer with it and nothing else.',
    });
  }
  return at(from.answer, named.pointer);
}

type Origin = Omit<Provenance, 'path'>;

/**
 * The origin of a value whose type bounds what it can say; `null` where there is no bound. That the value fits is looked at
 * here again: what was changed on its way, or never fitted, is a model's free text.
 */
export function boundedOrigin(value: Json, label: Label, place: Place | null): Origin | null {
  if (place?.kind !== 'quarantined') return null;
  const bound = boundAt(place.from.schema, place.pointer);
  if (bound === null || validatorOf(place, bound.schema)(value).length > 0) return null;
  return {
    kind: 'bounded',
    origins: [`quarantine:${place.from.id}`, ...label.origins],
    bits: bound.bits,
    ...(bound.choice ? { carries: 'choice' as const } : {}),
  };
}

const validators = new WeakMap<JsonObject, Map<string, (value: unknown) => FieldError[]>>();

function validatorOf(
  { from, pointer }: Extract<Place, { kind: 'quarantined' }>,
  schema: JsonObject,
): (value: unknown) => FieldError[] {
  const known = validators.get(from.schema) ?? new Map<string, (value: unknown) => FieldError[]>();
  validators.set(from.schema, known);
  // Items of a list have one schema.
  const key = pointer.replaceAll(/\/\d+(?=\/|$)/g, '/*');
  const validate = known.get(key) ?? compileSchema(schema);
  known.set(key, validate);
  return validate;
}
