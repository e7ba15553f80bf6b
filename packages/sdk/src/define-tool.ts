import { bindingFaults, type FieldError, toolContractSchema } from '@portreeve/contract';
import type { z } from 'zod';
import { check, closedObjectOf, jsonSchemaOf, membersOf, misconfigured, type Schema } from './check.ts';
import type { ArgumentsOf, DefinedTool } from './typed-context.ts';

export type ToolSpec = Omit<z.input<typeof toolContractSchema>, 'args' | 'result'> & {
  readonly args: Schema;
  readonly result: Schema;
};

/**
 * Defines a tool: one verb on one object, with everything that policy, approver and connector need to know of it
 * (requirement F2). Throws `misconfigured`, naming the field.
 */
export function defineTool<const N extends string, const A extends Schema>(
  spec: ToolSpec & { readonly name: N; readonly args: A },
): DefinedTool<N, ArgumentsOf<A>> {
  const what = `tool ${spec.name}`;
  const contract = check(
    toolContractSchema,
    { ...spec, args: closedObjectOf(spec.args, what, 'args'), result: jsonSchemaOf(spec.result, what, 'result') },
    what,
  );
  const members = new Set(membersOf(contract.args));
  const errors: FieldError[] = contract.sinks.flatMap(({ path }, index) => {
    const first = path.split('/')[1]!.replaceAll('~1', '/').replaceAll('~0', '~');
    return members.has(first)
      ? []
      : [{ path: `sinks[${index}].path`, message: `${path} points at no declared argument` }];
  });
  for (const [profile, steps] of Object.entries(contract.profiles))
    for (const [index, { path }] of steps.entries()) {
      const first = path.split('/')[1]!.replaceAll('~1', '/').replaceAll('~0', '~');
      if (!members.has(first))
        errors.push({ path: `profiles.${profile}[${index}].path`, message: `${path} points at no declared argument` });
    }
  errors.push(...bindingFaults(contract));
  if (contract.dry_run?.by === 'rollback' && contract.binding.connector !== 'postgres')
    errors.push({ path: 'dry_run', message: 'only a PostgreSQL statement can be taken back' });
  if (contract.effect !== 'read' && contract.sinks.length === 0)
    errors.push({
      path: 'sinks',
      message: 'a tool with an effect says which arguments decide who, where, how much, what',
    });
  if (contract.undo !== 'irreversible' && contract.undo.tool === contract.name)
    errors.push({ path: 'undo.tool', message: 'a tool does not undo itself' });
  if (errors.length > 0) throw misconfigured(what, errors);
  return contract as DefinedTool<N, ArgumentsOf<A>>;
}
