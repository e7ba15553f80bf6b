import { z } from 'zod';
import { type Json, type JsonObject, jsonSchema } from './canonical.ts';
import { select } from './json-schema.ts';

export const mappedPointerSchema = z
  .string()
  .max(512)
  .regex(/^(\/([^~/*]|~[01])*)+$/, 'use a JSON pointer such as /access');

const argumentName = z.string().min(1).max(128);

/** How the arguments of one call follow from another: each is a value, or stands somewhere. Nothing is reckoned. */
export const mappingOf = <From extends string>(...from: [From, ...From[]]) =>
  z.record(
    argumentName,
    z.union([
      z.strictObject({ from: z.enum(from), pointer: mappedPointerSchema }),
      z.strictObject({ value: jsonSchema }),
    ]),
  );

/** One part of a mapping, whatever it may come from. `key`: the call's idempotency key. */
export type Mapped = { readonly from: string; readonly pointer: string } | { readonly value: Json };
export type Mapping = { readonly [argument: string]: Mapped };

/** What a mapping found, and the pointers that led nowhere: an optional argument is left out then, any other is missing. */
export interface Applied {
  readonly args: JsonObject;
  readonly missing: readonly string[];
}

/** Takes each part from its source. Whether the outcome fits a schema is for the caller to ask. */
export function applyMapping(mapping: Mapping, sources: { readonly [from: string]: Json }): Applied {
  const missing: string[] = [];
  const entries: [string, Json][] = [];
  for (const [name, part] of Object.entries(mapping)) {
    if ('value' in part) entries.push([name, part.value]);
    else {
      const source = Object.hasOwn(sources, part.from) ? sources[part.from] : undefined;
      const found = source === undefined ? undefined : select(source, part.pointer)[0];
      if (found === undefined) missing.push(name);
      else entries.push([name, found.value]);
    }
  }
  return { args: Object.fromEntries(entries), missing };
}
