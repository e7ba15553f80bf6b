import { type FieldError, sourceContractSchema } from '@portreeve/contract';
import type { z } from 'zod';
import { check, closedObjectOf, misconfigured, type Schema, unfilled } from './check.ts';
import type { DefinedSource } from './typed-context.ts';

export type SourceSpec = Omit<z.input<typeof sourceContractSchema>, 'query'> & { readonly query: Schema };

/**
 * Defines a source: where it is read, which fields may leave it, and the label of what it gives (requirements A3, D8,
 * D11). Throws `misconfigured`, naming the field.
 */
export function defineSource<const N extends string>(spec: SourceSpec & { readonly name: N }): DefinedSource<N> {
  const what = `source ${spec.name}`;
  const contract = check(sourceContractSchema, { ...spec, query: closedObjectOf(spec.query, what, 'query') }, what);
  const errors: FieldError[] = [];
  const names = contract.fields.map((field) => field.name);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      errors.push({ path: `fields[${index}].name`, message: `${name} is named twice` });
  const { binding } = contract;
  const template = binding.kind === 'http' ? binding.url : binding.kind === 'file' ? binding.pattern : '';
  for (const name of unfilled(template, contract.query))
    errors.push({ path: 'binding', message: `{${name}} is no member of the query` });
  if (errors.length > 0) throw misconfigured(what, errors);
  return contract as DefinedSource<N>;
}
